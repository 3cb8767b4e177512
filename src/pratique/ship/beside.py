"""Which file beside an artifact takes what is said about it, so that nobody's signature is in another's way.

The first bundle is `FILE.sigstore.json`, where everybody's clients look. Another signer's, or the same one's of another type, is
a file of its own beside it (`attest.detached.sibling_suffix`), which `verify` finds and others' clients are given by name. Only
the same signer's of the same type would overwrite: that is asked for, and no asking overwrites another's. What a bundle says of
who signed it is not verified here, for it decides nothing but a name; what cannot be read as a bundle stays. A bare signature
names nobody, so it has no siblings.
"""

from pathlib import Path

from pratique.attest.bundle import MAX_BUNDLE_SIZE, UnverifiedBundle, parse_bundle
from pratique.attest.detached import BUNDLE_SUFFIX, sibling_suffix
from pratique.attest.dsse import Envelope
from pratique.errors import InputError
from pratique.files import read_limited
from pratique.keys.logged_signer import KeylessSigner, LoggedSigner


def place_beside(file: Path, signer: LoggedSigner | KeylessSigner, predicate_type: str) -> Path:
    """The file for a bundle about `file`: the first that is this signer's of this type, or that is free. `predicate_type`: ""
    for a bundle over the bytes alone. What is there and is no bundle is nobody's: it is in the way. What is said holds for the
    moment; whoever writes takes the place with `files.write_new_output`, and asks again where another was first.
    """
    first = file.with_name(file.name + BUNDLE_SUFFIX)
    if not first.exists():
        return first
    try:
        held = parse_bundle(read_limited(first, MAX_BUNDLE_SIZE))
        same = _is_by(held, signer) and _type_of(held) == predicate_type
    except InputError:
        return first
    return first if same else file.with_name(file.name + sibling_suffix(_name_of(signer), predicate_type))


def _name_of(signer: LoggedSigner | KeylessSigner) -> str:
    return signer.signer.public_key.keyid if isinstance(signer, LoggedSigner) else signer.name


def _is_by(held: UnverifiedBundle, signer: LoggedSigner | KeylessSigner) -> bool:
    """Whether the bundle says that it is this signer's. One that says nothing is nobody else's either."""
    if isinstance(signer, LoggedSigner):
        return not held.certificates and held.hint in ("", signer.signer.public_key.hint)
    if not held.certificates:
        return False
    from pratique.attest.sigstore.certificate import read_identity
    from pratique.attest.x509 import parse_certificate

    return read_identity(parse_certificate(held.certificates[0])) == signer.session.identity


def _type_of(held: UnverifiedBundle) -> str:
    from pratique.attest.statement import parse_head

    return parse_head(held.content.payload).predicate_type if isinstance(held.content, Envelope) else ""
