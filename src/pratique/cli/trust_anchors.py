"""Who is believed, from the options of a command: keys, an identity, a trust, or the trust that this machine follows."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import Home

if TYPE_CHECKING:
    from pratique.evidence.trust_anchors import OwnLog, TrustAnchors


def anchor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`keys`, `log_keys`, `trust`, `identity`, `issuer`, `trusted_root`, `keyring`."""
    for option in reversed(
        (
            click.option("--key", "keys", type=click.Path(), multiple=True, help="A public key to believe; may be repeated."),
            click.option(
                "--log-key", "log_keys", type=click.Path(), multiple=True, help="A log's key, besides our own: log.vkey, PEM."
            ),
            click.option("--trust", type=click.Path(), help="A trust.yaml to believe; default the trust this machine follows."),
            click.option("--certificate-identity", "identity", help="A signer's identity to believe, with its issuer."),
            click.option("--certificate-oidc-issuer", "issuer", help="Who vouches for that identity: an exact URL."),
            click.option("--trusted-root", type=click.Path(), help="A Sigstore trusted root (JSON), for identities."),
            click.option("--keyring", type=click.Path(), help="OpenPGP keys to believe, for Helm's provenance files."),
        )
    ):
        command = option(command)
    return command


def chosen_anchors(
    home: Home,
    *,
    keys: tuple[str, ...] = (),
    log_keys: tuple[str, ...] = (),
    trust: str | None = None,
    identity: str | None = None,
    issuer: str | None = None,
    trusted_root: str | None = None,
    keyring: str | None = None,
) -> "TrustAnchors":
    """What the options say. Raises InputError when they say nothing, or things that do not go together."""
    from pratique.errors import InputError
    from pratique.evidence.trust_anchors import anchors_of_keys

    logs = known_logs(home, log_keys)
    named = bool(keys or identity or issuer or trusted_root or keyring)
    if named and trust:
        raise InputError("--trust says who is believed: keys and identities beside it would widen it unseen")
    if keyring and (identity or issuer or trusted_root):
        raise InputError("--keyring and --certificate-identity cannot both be believed at once")
    if identity or issuer or trusted_root:
        return _anchors_of_identity(identity, issuer, trusted_root, keys, logs)
    if keys or keyring:
        from pratique.attest.openpgp import MAX_KEYRING_SIZE
        from pratique.files import read_limited
        from pratique.keys.open import load_believed_key

        trust_anchors = anchors_of_keys(((name, [load_believed_key(name)]) for name in keys), logs)
        return replace(trust_anchors, keyring=read_limited(Path(keyring), MAX_KEYRING_SIZE)) if keyring else trust_anchors
    return _anchors_of_trust(home, trust, logs)


def _anchors_of_trust(home: Home, trust: str | None, logs: "tuple[OwnLog, ...]") -> "TrustAnchors":
    from pratique.errors import InputError
    from pratique.evidence.trust_anchors import anchors_of_trust

    now = int(time.time())
    if trust:
        from pratique.tuf.compile import read_source

        return anchors_of_trust(read_source(Path(trust), now=now), logs)
    if not home.trust.exists():
        hint = "give --key K.pub or --trust trust.yaml, or follow a trust once: pratique trust follow SOURCE"
        raise InputError("nobody is believed", hint=hint)
    from pratique.tuf.client import current

    anchors = current(home.trust, now=now)
    if anchors.stale:
        click.echo(f"pratique: the trust is not fresh: {anchors.stale}", err=True)
    return anchors_of_trust(anchors, logs)


def _anchors_of_identity(
    identity: str | None, issuer: str | None, trusted_root: str | None, keys: tuple[str, ...], logs: "tuple[OwnLog, ...]"
) -> "TrustAnchors":
    from pratique.attest.sigstore.trusted_root import MAX_TRUSTED_ROOT_SIZE, parse_trusted_root
    from pratique.errors import InputError
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.files import read_limited
    from pratique.trust import Authorities, Authority, WorkloadIdentity

    if not (identity and issuer and trusted_root):
        hint = "an identity is believed with its issuer and a trusted root: give all three"
        raise InputError("--certificate-identity, --certificate-oidc-issuer and --trusted-root belong together", hint=hint)
    if keys:
        raise InputError("--key and --certificate-identity cannot both be believed at once", hint="write both in a trust.yaml")
    workload = WorkloadIdentity(issuer=issuer, subject=identity)
    root = parse_trusted_root(read_limited(Path(trusted_root), MAX_TRUSTED_ROOT_SIZE))
    return TrustAnchors(keys={}, authorities=Authorities((Authority(name=identity, signers=(workload,)),)), logs=logs, root=root)


def known_logs(home: Home, log_keys: tuple[str, ...] = ()) -> "tuple[OwnLog, ...]":
    """The key of this home's log, if there is one, and those of these files: log.vkey, PEM or a trusted root."""
    from pratique.app.home_log import load_log_keys
    from pratique.evidence.trust_anchors import OwnLog

    own = Path(f"{home.log_key}.pub")
    paths = [*([own] if own.exists() else []), *map(Path, log_keys)]
    return tuple(OwnLog(key=log.key, name=log.name) for path in paths for log in load_log_keys(path))
