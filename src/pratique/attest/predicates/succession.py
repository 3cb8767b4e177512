"""`https://pratique.dev/key-succession/v1`: an old key names its successor, and the successor shows that it exists. Pure.

The statement's subject is the new key's SubjectPublicKeyInfo; both keys sign one envelope. The old public key stays in it with
the time of the change, so that whoever verifies older signatures finds it. It tells who followed whom: whether the new key is
trusted remains for those to say who trust the old one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.dsse import IN_TOTO, Envelope, pae, parse_envelope
from pratique.attest.members import as_bytes, as_instant, as_object, as_text, base64_text, instant_text, refuse_unknown
from pratique.attest.publickey import PublicKey
from pratique.attest.statement import StatementSubject, parse_statement, render_statement
from pratique.attest.strictjson import load_json
from pratique.errors import Malformed, SignatureInvalid, Untrusted
from pratique.model.digest import Digest
from pratique.model.predicates import KEY_SUCCESSION

MAX_SIZE = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """`old` is not to sign after `at` (Unix seconds); `new` does."""

    old: PublicKey
    new: PublicKey
    at: int


def succession_payload(succession: Succession) -> bytes:
    """The statement that both keys sign. Raises Malformed when a key would succeed itself."""
    if succession.old.spki == succession.new.spki:
        raise Malformed("a key does not succeed itself")
    return render_statement(
        subjects=[StatementSubject.of("", Digest.of(succession.new.spki))],
        predicate_type=KEY_SUCCESSION,
        predicate={
            "at": instant_text(succession.at),
            "new": _render_key(succession.new),
            "old": _render_key(succession.old),
        },
    )


def verify_succession(document: bytes, old: PublicKey) -> Succession:
    """Read an envelope that `old` and the key it names both signed. Raises Malformed, SignatureInvalid, Untrusted."""
    envelope = parse_envelope(as_object(load_json(document, what="succession", max_size=MAX_SIZE, max_depth=16), "succession"))
    if envelope.payload_type != IN_TOTO:
        raise Malformed("not an in-toto statement")
    _verify_one(envelope, old)
    statement = parse_statement(envelope.payload)
    if statement.predicate_type != KEY_SUCCESSION:
        raise Malformed("a statement about something else than a key's succession")
    refuse_unknown(statement.predicate, ("at", "new", "old"), "succession")
    new, named = (_read_key(statement.predicate.get(name), name) for name in ("new", "old"))
    if named != old:
        raise Untrusted(f"the statement is about key {named.keyid[:12]}…, not about the one that signed it")
    if statement.digests != {Digest.of(new.spki)}:
        raise Malformed("the statement's subject is not the new key")
    _verify_one(envelope, new)
    return Succession(old=old, new=new, at=as_instant(statement.predicate.get("at"), "at"))


def _verify_one(envelope: Envelope, key: PublicKey) -> None:
    """At least one signature is the key's. A keyid decides nothing: each signature is tried."""
    message = pae(envelope.payload_type, envelope.payload)
    for signature in envelope.signatures:
        try:
            key.verify(signature.sig, message)
        except SignatureInvalid:
            continue
        return
    raise SignatureInvalid(f"not signed by key {key.keyid[:12]}…")


def _render_key(key: PublicKey) -> dict[str, str]:
    return {"algorithm": key.algorithm, "spki": base64_text(key.spki)}


def _read_key(value: Any, where: str) -> PublicKey:
    members: Mapping[str, Any] = as_object(value, where)
    refuse_unknown(members, ("algorithm", "spki"), where)
    spki = as_bytes(members.get("spki"), f"{where}.spki")
    return PublicKey.from_der(spki, as_text(members.get("algorithm"), f"{where}.algorithm"))
