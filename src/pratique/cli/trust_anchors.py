"""Who is believed, from the options of a command: keys, an identity, a trust, or the trust that this machine follows."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import Home
from pratique.cli.voice import say

if TYPE_CHECKING:
    from pratique.attest.sigstore.trusted_root import TrustedRoot
    from pratique.evidence.trust_anchors import OwnLog, TrustAnchors
    from pratique.trust import Authorities, Trust


def anchor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`keys`, `log_keys`, `trust`, `identity`, `identity_regexp`, `issuer`, `trusted_root`, `notation_config`, `keyring`."""
    for option in reversed(
        (
            click.option("--key", "keys", type=click.Path(), multiple=True, help="A public key to believe; may be repeated."),
            click.option(
                "--log-key", "log_keys", type=click.Path(), multiple=True, help="A log's key, besides our own: log.vkey, PEM."
            ),
            click.option("--trust", type=click.Path(), help="A trust.yaml to believe; default the trust this machine follows."),
            click.option("--certificate-identity", "identity", help="A signer's identity to believe, with its issuer."),
            click.option(
                "--certificate-identity-regexp", "identity_regexp", help="The same by an expression that matches all of it."
            ),
            click.option("--certificate-oidc-issuer", "issuer", help="Who vouches for that identity: an exact URL."),
            click.option(
                "--trusted-root", type=click.Path(), help="A Sigstore trusted root (JSON), for identities, logs and times."
            ),
            click.option(
                "--notation-config",
                type=click.Path(),
                help="notation's folder, with trustpolicy.json and truststore: its signatures are judged by these.",
            ),
            click.option("--keyring", type=click.Path(), help="OpenPGP keys to believe, for Helm's provenance files."),
        )
    ):
        command = option(command)
    return command


def trust_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`log_keys`, `trust`: for a command whose policy names whom it believes."""
    for option in reversed(
        (
            click.option("--log-key", "log_keys", type=click.Path(), multiple=True, help="A log's public key, besides our own."),
            click.option("--trust", type=click.Path(), help="A trust.yaml to believe; default the trust this machine follows."),
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
    identity_regexp: str | None = None,
    issuer: str | None = None,
    trusted_root: str | None = None,
    notation_config: str | None = None,
    keyring: str | None = None,
    beside_trust: bool = False,
) -> "TrustAnchors":
    """What the options say. `beside_trust`: they are believed within the bounds of the trust that this machine follows, if any.
    Without it that trust adds nobody, and what it ends or takes back is out all the same, as it was last fetched.

    Raises InputError when the options say nothing, or things that do not go together; Unavailable for a trust that expired.
    """
    found = _named_anchors(
        home,
        keys=keys,
        log_keys=log_keys,
        trust=trust,
        identity=identity,
        identity_regexp=identity_regexp,
        issuer=issuer,
        trusted_root=trusted_root,
        notation_config=notation_config,
        keyring=keyring,
        beside_trust=beside_trust,
    )
    if found.trust is not None or not home.trust.exists():
        return found
    # Nobody is asked, and it may have expired: what was ended stays so.
    from pratique.tuf.cache import load_cached

    bans = load_cached(home.trust).trust
    _say_what_is_ended(bans, found.authorities)
    return replace(found, bans=bans)


def _say_what_is_ended(trust: "Trust", named: "Authorities") -> None:
    from pratique.model.signer import KeySigner
    from pratique.trust import Key
    from pratique.trust.lifetime import when

    keys = ((who.name, signer.keyid) for who in named.items for signer in who.signers if isinstance(signer, Key))
    for name, keyid in keys:
        found = trust.authorities.find(KeySigner(keyid=keyid))
        for identity in found[1] if found else ():
            lifetime = identity.lifetime
            if lifetime.compromised_at is not None:
                ended = f"compromised since {when(lifetime.compromised_at)}"
            elif lifetime.retired_at is not None:
                ended = f"retired since {when(lifetime.retired_at)}"
            else:
                continue
            say(f"the trust you follow says that {name} is {ended}")


def _named_anchors(
    home: Home,
    *,
    keys: tuple[str, ...],
    log_keys: tuple[str, ...],
    trust: str | None,
    identity: str | None,
    identity_regexp: str | None,
    issuer: str | None,
    trusted_root: str | None,
    notation_config: str | None,
    keyring: str | None,
    beside_trust: bool,
) -> "TrustAnchors":
    from pratique.errors import InputError
    from pratique.evidence.trust_anchors import anchors_in_place

    logs = known_logs(home, log_keys)
    signer = identity or identity_regexp
    if trust and (keys or signer or issuer or trusted_root or keyring):
        raise InputError("--trust says who is believed: keys and identities beside it would widen it unseen")
    if notation_config:
        if keys or signer or issuer or trusted_root or keyring or trust:
            hint = "verify twice, or write stores and keys in a trust.yaml"
            raise InputError("--notation-config says who is believed, and does not go with others", hint=hint)
        return _within(_anchors_of_notation(Path(notation_config), logs), trust_in_force(home) if beside_trust else None)
    if identity and identity_regexp:
        raise InputError("--certificate-identity and --certificate-identity-regexp cannot both be believed at once")
    if keyring and (signer or issuer or trusted_root):
        raise InputError("--keyring and --certificate-identity cannot both be believed at once")
    if signer or issuer or (trusted_root and not keys):
        if keys:
            hint = "write both in a trust.yaml"
            raise InputError("--key and --certificate-identity cannot both be believed at once", hint=hint)
        named = _anchors_of_identity(identity, identity_regexp, issuer, trusted_root, logs)
        return _within(named, trust_in_force(home) if beside_trust else None)
    if not keys and not keyring:
        return _anchors_of_trust(home, trust, logs)
    from pratique.attest.openpgp import MAX_KEYRING_SIZE
    from pratique.files import read_limited
    from pratique.keys.open import load_believed_key

    base = trust_in_force(home) if beside_trust else None
    by_name = [(name, [load_believed_key(name)]) for name in keys]
    if trusted_root:
        found = _within(replace(anchors_in_place(by_name, logs, None), root=_load_root(trusted_root)), base)
    else:
        found = anchors_in_place(by_name, logs, base)
    return replace(found, keyring=read_limited(Path(keyring), MAX_KEYRING_SIZE)) if keyring else found


def trust_in_force(home: Home, trust: str | None = None) -> "TrustAnchors | None":
    """The trust of this file, else the one that this machine follows; None when it follows none. Raises Unavailable: expired."""
    return _anchors_of_trust(home, trust, ()) if trust or home.trust.exists() else None


def _anchors_of_trust(home: Home, trust: str | None, logs: "tuple[OwnLog, ...]") -> "TrustAnchors":
    from pratique.errors import InputError
    from pratique.evidence.trust_anchors import anchors_of_trust

    now = int(time.time())
    if trust:
        from pratique.tuf.compile import read_source

        refuse_key_as_trust(trust)

        return anchors_of_trust(read_source(Path(trust), now=now), logs)
    if not home.trust.exists():
        hint = "give --key K.pub or --trust trust.yaml, or follow a trust once: pratique trust follow SOURCE"
        raise InputError("nobody is believed", hint=hint)
    from pratique.tuf.client import current

    anchors = current(home.trust, now=now)
    if anchors.stale:
        say(f"the trust is not fresh: {anchors.stale}")
    return anchors_of_trust(anchors, logs)


def _anchors_of_identity(
    identity: str | None,
    identity_regexp: str | None,
    issuer: str | None,
    trusted_root: str | None,
    logs: "tuple[OwnLog, ...]",
) -> "TrustAnchors":
    from pratique.errors import InputError
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.trust import Authorities, Authority, WorkloadIdentity, WorkloadRegexp

    name = identity or identity_regexp
    if not (name and issuer and trusted_root):
        hint = "an identity is believed with its issuer and a trusted root: give all three"
        if trusted_root and not (name or issuer):
            raise InputError(
                "--trusted-root says nothing about who is believed", hint="give --key K.pub beside it, or an identity"
            )
        raise InputError("--certificate-identity, --certificate-oidc-issuer and --trusted-root belong together", hint=hint)
    workload: WorkloadIdentity | WorkloadRegexp
    if identity_regexp:
        workload = WorkloadRegexp(issuer=issuer, regexp=identity_regexp)
    else:
        workload = WorkloadIdentity(issuer=issuer, subject=name)
    authorities = Authorities((Authority(name=name, signers=(workload,)),))
    return TrustAnchors(keys={}, authorities=authorities, logs=logs, root=_load_root(trusted_root))


def _within(named: "TrustAnchors", base: "TrustAnchors | None") -> "TrustAnchors":
    """The same, but for whom the trust ends or takes back. Nobody of the trust counts beside them: the trusted root that was
    named would vouch for those identities too.
    """
    if base is None or base.trust is None:
        return named
    trust = base.trust.without_voices()
    return replace(
        named,
        trust=trust,
        authorities=trust.authorities,
        keys={**base.keys, **named.keys},
        logs=(*base.logs, *named.logs),
        in_place=named.authorities,
    )


def _anchors_of_notation(folder: Path, logs: "tuple[OwnLog, ...]") -> "TrustAnchors":
    """Whoever notation believes, where and as far as its trust policy says so."""
    from pratique.evidence.trust_anchors import NOBODY, TrustAnchors
    from pratique.tuf.notation import read_notation

    policy, stores = read_notation(folder)
    return TrustAnchors(keys={}, authorities=NOBODY, logs=logs, stores=stores, notation=policy)


def _load_root(path: str) -> "TrustedRoot":
    from pratique.attest.sigstore.trusted_root import MAX_TRUSTED_ROOT_SIZE, parse_trusted_root
    from pratique.files import read_limited

    return parse_trusted_root(read_limited(Path(path), MAX_TRUSTED_ROOT_SIZE))


def refuse_key_as_trust(trust: str | None) -> None:
    """`--trust` is a trust.yaml everywhere. Raises InputError for a public key, which says what to type instead."""
    if trust is None:
        return
    from pratique.attest.der import is_der
    from pratique.errors import InputError
    from pratique.files import read_limited
    from pratique.trust.strictyaml import MAX_BYTES

    data = read_limited(Path(trust), MAX_BYTES)
    if b"-----BEGIN" in data[:4096] or is_der(data):
        raise InputError(
            "this is a key, and --trust is a trust.yaml", where=trust, hint=f"to believe a public key: --key {trust}"
        )


def known_logs(home: Home, log_keys: tuple[str, ...] = ()) -> "tuple[OwnLog, ...]":
    """The key of this home's log, if there is one, and those of these files: log.vkey, PEM or a trusted root."""
    from pratique.app.home_log import history_check, load_log_keys
    from pratique.evidence.trust_anchors import OwnLog

    own = Path(f"{home.log_key}.pub")
    paths = [*([own] if own.exists() else []), *map(Path, log_keys)]
    return tuple(
        OwnLog(key=log.key, name=log.name, check_history=history_check(home, log.key.raw))
        for path in paths
        for log in load_log_keys(path)
    )
