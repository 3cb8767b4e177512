"""From a bundle that anybody may have written to a statement that a known key signed. Pure.

Not its job: whether that key may say such things, and about this artifact (`trust`, `policy`), and whether the bundle's log
entries hold (`record.check_record` and `tlog`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pratique.attest.bundle import UnverifiedBundle
from pratique.attest.dsse import IN_TOTO
from pratique.attest.members import as_bytes
from pratique.attest.publickey import PublicKey
from pratique.attest.statement import Statement, StatementHead, parse_head, parse_statement
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid, Untrusted

MAX_KEYS_TRIED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedStatement:
    """A statement whose payload bytes carry a valid signature of the key `keyid` (hex SHA-256 of its SPKI).

    `head`: what it is about; the bundle's payload holds all of it, for `statement` to read when wanted.
    """

    head: StatementHead
    keyid: str
    bundle: UnverifiedBundle

    def statement(self) -> Statement:
        """With its predicate. Raises Malformed, LimitExceeded."""
        return parse_statement(self.bundle.envelope.payload)


def verify_bundle(bundle: UnverifiedBundle, keys: Mapping[str, PublicKey]) -> VerifiedStatement:
    """Verify the bundle's one signature under one of `keys`, then read what the statement is about.

    `keys`: keyid → key. Raises as `find_hinted_key`, and Malformed when signed bytes are not an in-toto statement.
    """
    signature, message = bundle.envelope.signatures[0].sig, bundle.envelope.pae
    key = find_hinted_key(bundle, keys, lambda candidate: candidate.verify(signature, message))
    if bundle.envelope.payload_type != IN_TOTO:
        raise Malformed(f"signed payload is {bundle.envelope.payload_type[:80]!r}, not an in-toto statement")
    return VerifiedStatement(head=parse_head(bundle.envelope.payload), keyid=key.keyid, bundle=bundle)


def find_hinted_key(bundle: UnverifiedBundle, keys: Mapping[str, PublicKey], check: Callable[[PublicKey], None]) -> PublicKey:
    """The key under which a bundle's signature verifies. `keys`: keyid → key; `check`: raises SignatureInvalid, and
    Malformed for what cannot be verified under a key of its kind.

    A hint is said by whoever wrote the bundle (sigstore_bundle.proto, PublicKeyIdentifier): it says which key to try first, and
    never which may be left out. Raises SignatureInvalid or Malformed, as `check` does, when a key that is believed is named and
    none verifies, Untrusted when none is named, LimitExceeded for more keys than are tried.
    """
    keyid = hint_keyid(bundle.hint)
    named = keys.get(keyid)
    refusal: SignatureInvalid | Malformed | None = None
    if named is not None and named.keyid == keyid:
        try:
            check(named)
        except (SignatureInvalid, Malformed) as error:
            refusal = error
        else:
            return named
    signer = f"key {keyid[:12]}…" if keyid else f"a key called {bundle.hint[:20]!r}" if bundle.hint else "a key without a name"
    if len(keys) > MAX_KEYS_TRIED:
        if refusal is not None:
            raise refusal
        raise LimitExceeded(f"signed by {signer}, and {len(keys)} trusted keys are more than the {MAX_KEYS_TRIED} that are tried")
    for key in keys.values():
        if key is named:
            continue
        try:
            check(key)
        except SignatureInvalid:
            continue
        except Malformed as error:  # not to be verified under this key: of a digest alone, say
            refusal = refusal or error
            continue
        return key
    if refusal is not None:
        raise refusal
    raise Untrusted(f"signed by {signer}, which is not among the trusted keys")


def find_key(signature: bytes, message: bytes, keys: Mapping[str, PublicKey]) -> PublicKey:
    """The key under which a signature verifies that names none. `keys`: keyid → key; all of them are tried.

    Raises Untrusted when there are none, LimitExceeded for more than MAX_KEYS_TRIED, SignatureInvalid.
    """
    if not keys:
        raise Untrusted("signed by a bare key, and no key is trusted")
    if len(keys) > MAX_KEYS_TRIED:
        raise LimitExceeded(f"the signature names no key, and {len(keys)} are more than the {MAX_KEYS_TRIED} that are tried")
    for key in keys.values():
        try:
            key.verify(signature, message)
        except SignatureInvalid:
            continue
        return key
    raise SignatureInvalid(f"signature verifies under none of {len(keys)} trusted keys, and does not say which key made it")


def hint_keyid(hint: str) -> str:
    """The keyid (hex) that a hint (base64 of 32 bytes) names; "" for hints of other forms, which name no key of ours."""
    try:
        digest = as_bytes(hint, "hint")
    except Malformed:
        return ""
    return digest.hex() if len(digest) == 32 else ""
