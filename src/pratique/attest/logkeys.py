"""Keys of logs of tiles, in every form that people have them: one reader for options, policies and trusts. Pure.

- a verifier key of a C2SP signed note, as a log's own `log.vkey` has it: it says the log's name too;
- a public key in PEM or DER, which is the key of any log, whatever its name;
- a Sigstore trusted root, from which the logs of tiles are taken, with their names where these can be proven.

Only Ed25519 signs checkpoints here (C2SP tlog-checkpoint): logs of other keys in a trusted root are verified by what the root is
given for.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from pratique.attest.der import is_der
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import MAX_TRUSTED_ROOT_SIZE, TrustedLog, parse_trusted_root
from pratique.errors import LimitExceeded, Malformed
from pratique.tlog.checkpoint import log_id, spki_of
from pratique.tlog.notes import ED25519, parse_vkey

MAX_LOG_KEY_SIZE = MAX_TRUSTED_ROOT_SIZE
MAX_LOG_KEYS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """The key of a log, Ed25519. `name`: the log's origin, "" where the file does not say it."""

    key: PublicKey
    name: str = ""


def parse_log_keys(data: bytes) -> tuple[LogKey, ...]:
    """All log keys in a file, at least one. Raises Malformed, LimitExceeded."""
    if len(data) > MAX_LOG_KEY_SIZE:
        raise LimitExceeded(f"file of log keys of {len(data)} bytes")
    text = data.strip()
    if text.startswith(b"{"):
        return _of_trusted_root(data)
    der = is_der(data)
    if der or b"-----BEGIN" in text:
        key = PublicKey.from_der(data) if der else PublicKey.from_pem(data)
        if key.algorithm != "ed25519":
            raise Malformed(f"a log's key is Ed25519, this is {key.algorithm}", hint="give the log's key, not the signer's")
        return (LogKey(key=key),)
    lines = [line.strip() for line in text.split(b"\n") if line.strip()]
    if not lines:
        raise Malformed("no log key: the file is empty")
    if len(lines) > MAX_LOG_KEYS:
        raise LimitExceeded(f"file of {len(lines)} log keys", hint=f"at most {MAX_LOG_KEYS}")
    return tuple(_of_vkey(line) for line in lines)


def _of_vkey(line: bytes) -> LogKey:
    if line.count(b"+") < 2 or not line.isascii():
        hint = "give a log.vkey, a public key in PEM, or a Sigstore trusted root"
        raise Malformed("not the key of a log", hint=hint)
    key = parse_vkey(line.decode("ascii"))
    if key.algorithm != ED25519:
        raise Malformed(f"the key of {key.name} is of type {key.algorithm}, a log's is Ed25519 (type {ED25519})")
    return LogKey(key=PublicKey.from_der(spki_of(key.public_key)), name=key.name)


def _of_trusted_root(data: bytes) -> tuple[LogKey, ...]:
    logs = tuple(log for log in parse_trusted_root(data).logs if log.key.algorithm == "ed25519")
    if not logs:
        raise Malformed("this trusted root names no log of tiles", hint="--trusted-root believes the logs that it names")
    return tuple(LogKey(key=log.key, name=_proven_name(log)) for log in logs)


def _proven_name(log: TrustedLog) -> str:
    """The host in the log's address, if the log's ID was made of it (sigstore/rekor-tiles, CLIENTS.md)."""
    try:
        host = urlsplit(log.url).hostname or ""
    except ValueError:  # no address names nothing
        host = ""
    identifier = log_id(host, log.key.raw)
    return host if any(identifier.startswith(known) for known in log.ids) else ""
