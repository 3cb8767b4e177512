"""Notary Project signatures (`notation`), read and written (github.com/notaryproject/specifications). Pure.

    parse_policy, parse_certificates     a trust policy document; certificates of a trust store
    verify                               envelope + artifact + statement + stores → Verification: five checks, who signed, by when
    sign, countersign                    an envelope over an artifact; a timestamp put into it
    parse_envelope                       what an envelope says, unverified

`verify` needs no network. What revocation servers must be asked is in `Verification.wanted`, by URL; whoever may ask them
(`pratique.tuf.revocation`) calls again with the answers. A signature is accepted when `Verification.cause` is NONE; it proves
a signer when `Verification.signed` says so as well, for levels that only log accept what nobody proved.

Not read: detached signatures of plain files, plugins, and trusted identities of other kinds than `x509.subject`.
"""

from pratique.attest.notation.envelope import COSE, JWS, MEDIA_TYPES, Scheme, UnverifiedEnvelope
from pratique.attest.notation.policy import Timestamps, TrustPolicy, TrustStatement, parse_policy
from pratique.attest.notation.sign import countersign, sign
from pratique.attest.notation.stores import TrustStores, parse_certificates, thumbprint
from pratique.attest.notation.verify import Check, TargetArtifact, Verification, parse_envelope, verify

__all__ = [
    "COSE",
    "JWS",
    "MEDIA_TYPES",
    "Check",
    "Scheme",
    "TargetArtifact",
    "Timestamps",
    "TrustPolicy",
    "TrustStatement",
    "TrustStores",
    "UnverifiedEnvelope",
    "Verification",
    "countersign",
    "parse_certificates",
    "parse_envelope",
    "parse_policy",
    "sign",
    "thumbprint",
    "verify",
]
