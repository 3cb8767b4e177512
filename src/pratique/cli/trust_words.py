"""What the commands of `pratique trust` share: options, and how keys, roles and standings are said."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.tuf.folder import TrustFolder
    from pratique.tuf.roles import RoleKeys, RoleState

directory_option = click.option(
    "--directory", "-C", "directory", default=".", type=click.Path(), help="The folder with trust.yaml; default this one."
)
keys_option = click.option("--key", "keys", multiple=True, help="A private key to sign with; to publish, default this machine's.")
at_option = click.option("--at", help="When: 2026-01-31 or 2026-01-31T12:00:00Z; default now.")


def read_key(path: str) -> "PublicKey":
    """A public key's file."""
    from pratique.keys.file import load_public_key

    return load_public_key(Path(path))


def root_changes(folder: "TrustFolder") -> list[str]:
    """What a drafted root changes, in words."""
    from pratique.tuf.roles import roles_of

    published, draft = folder.root(), folder.draft("root")
    if draft is None:
        return []
    old, new = (roles_of(published.signed) if published else {}), roles_of(draft.signed)
    lines = []
    for role, rule in new.items():
        before = set(old[role].keys) if role in old else set()
        lines += [f"{role} gains the holder {key.keyid[:12]}… ({key.algorithm})" for key in rule.keys if key not in before]
        lines += [f"{role} loses the holder {key.keyid[:12]}…" for key in before if key not in rule.keys]
        if role not in old or old[role].threshold != rule.threshold:
            lines.append(f"{role} needs {rule.threshold} of {len(rule.keys)} signatures")
    return sorted(lines)


def role_text(rule: "RoleKeys") -> str:
    """A role for people."""
    return f"{rule.threshold} of {len(rule.keys)}: {shortened(rule.keys)}"


def role_json(rule: "RoleKeys") -> dict[str, Any]:
    """A role for programs."""
    return {"threshold": rule.threshold, "keys": [key.keyid for key in rule.keys]}


def standing_json(item: "RoleState") -> dict[str, Any]:
    """How far something is signed, for programs."""
    signed, missing = (sorted(key.keyid for key in keys) for keys in (item.signed, item.missing))
    return {"signed": signed, "missing": missing, "short": item.short}


def standing_text(item: "RoleState") -> str:
    """How far something is signed, for people."""
    more = f"{item.short} more needed, by any of {shortened(item.missing)}" if item.short else "enough"
    return f"signed by {shortened(item.signed)}; {more}"


def shortened(keys: "Iterable[PublicKey]") -> str:
    """The beginnings of key IDs, which is how people tell keys apart."""
    return ", ".join(sorted(f"{key.keyid[:12]}…" for key in keys)) or "nobody"


def now() -> int:
    """Unix seconds."""
    return int(time.time())
