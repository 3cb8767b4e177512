"""What a Notary Project signature envelope says, in either encoding (notaryproject/specifications, signature-specification.md).

`jws` and `cose` read bytes into an `UnverifiedEnvelope`; the rules on signed attributes, which both share, are here. A critical
attribute that nobody here understands is kept, so that verification can refuse it by name. Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pratique.attest.members import as_text
from pratique.attest.notation.algorithms import Algorithm
from pratique.errors import LimitExceeded, Malformed

JWS = "application/jose+json"
COSE = "application/cose"
MEDIA_TYPES = (JWS, COSE)
PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"

MAX_ENVELOPE_SIZE = 4 << 20  # a descriptor, ten certificates and a timestamp are some tens of kilobytes
MAX_CHAIN = 10
MAX_CERTIFICATE_SIZE = 64 << 10
MAX_TIMESTAMP_SIZE = 1 << 20
MAX_HEADERS = 64

SIGNING_SCHEME = "io.cncf.notary.signingScheme"
SIGNING_TIME = "io.cncf.notary.signingTime"
AUTHENTIC_SIGNING_TIME = "io.cncf.notary.authenticSigningTime"
EXPIRY = "io.cncf.notary.expiry"
PLUGIN = "io.cncf.notary.verificationPlugin"
PLUGIN_VERSION = "io.cncf.notary.verificationPluginMinVersion"
TIMESTAMP = "io.cncf.notary.timestampSignature"
AGENT = "io.cncf.notary.signingAgent"
_UNDERSTOOD = frozenset((SIGNING_SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME, EXPIRY))


class Scheme(StrEnum):
    """Whose word the signing time is (signing-scheme.md)."""

    X509 = "notary.x509"  # the signer's own, which proves nothing; a timestamp authority may countersign
    AUTHORITY = "notary.x509.signingAuthority"  # that of the service which signed on somebody's behalf


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The signed attributes. Times: Unix seconds.

    `plugin`: the verification plugin that the signer demands, or "". `unknown`: the critical attributes that are not understood
    here, sorted.
    """

    content_type: str
    scheme: Scheme
    signing_time: int
    expiry: int | None = None
    plugin: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedEnvelope:
    """An envelope of the right form, about which nothing was verified.

    `algorithm`: as its header claims. `message`: the bytes that `signature` is over. `chain`: certificates in DER, the signing
    one first, as received. `timestamp`: an RFC 3161 token over `signature`, or b"". `agent`: signed by nobody.
    """

    media_type: str
    algorithm: Algorithm
    attributes: Attributes
    payload: bytes
    message: bytes
    signature: bytes
    chain: tuple[bytes, ...]
    timestamp: bytes = b""
    agent: str = ""


def read_attributes(
    headers: Mapping[str, Any], *, content_type: str, critical: Sequence[Any], as_time: Callable[[Any, str], int]
) -> Attributes:
    """Hold the protected headers to the rules of their signing scheme.

    `headers`: all but those that the encoding registers itself (`alg`, `crit`, content type). `as_time`: reads the encoding's
    form of a time. Raises Malformed.
    """
    if len(headers) > MAX_HEADERS:
        raise LimitExceeded(f"the envelope has {len(headers)} protected headers, more than the limit of {MAX_HEADERS}")
    marked = _check_critical(headers, critical)
    try:
        scheme = Scheme(as_text(headers.get(SIGNING_SCHEME), SIGNING_SCHEME))
    except ValueError as error:
        raise Malformed(f"unknown signing scheme {str(headers[SIGNING_SCHEME])[:80]!r}") from error
    right, wrong = SIGNING_TIME, AUTHENTIC_SIGNING_TIME
    must = {SIGNING_SCHEME}
    if scheme is Scheme.AUTHORITY:
        right, wrong = wrong, right
        must.add(AUTHENTIC_SIGNING_TIME)
    if wrong in headers:
        raise Malformed(f"{wrong} does not belong to the signing scheme {scheme}")
    if right not in headers:
        raise Malformed(f"{right} is missing, which the signing scheme {scheme} demands")
    signing_time = as_time(headers[right], right)
    expiry = None
    if EXPIRY in headers:
        must.add(EXPIRY)
        expiry = as_time(headers[EXPIRY], EXPIRY)
        if expiry <= signing_time:
            raise Malformed("the signature expires before it was made")
    if must - marked:
        raise Malformed(f"{min(must - marked)} is not marked as critical")
    plugin = _plugin(headers, marked)
    understood = _UNDERSTOOD | ({PLUGIN, PLUGIN_VERSION} if plugin else frozenset())
    return Attributes(
        content_type=content_type,
        scheme=scheme,
        signing_time=signing_time,
        expiry=expiry,
        plugin=plugin,
        unknown=tuple(sorted(marked - understood)),
    )


def check_sizes(chain: Sequence[bytes], timestamp: bytes) -> None:
    """What both encodings bound alike. Raises Malformed, LimitExceeded."""
    if not chain:
        raise Malformed("the envelope holds no certificates")
    if len(chain) > MAX_CHAIN:
        raise LimitExceeded(f"the envelope holds {len(chain)} certificates, more than the limit of {MAX_CHAIN}")
    if max(map(len, chain)) > MAX_CERTIFICATE_SIZE:
        raise LimitExceeded(f"the envelope holds a certificate of more than {MAX_CERTIFICATE_SIZE} bytes")
    if len(timestamp) > MAX_TIMESTAMP_SIZE:
        raise LimitExceeded(f"the envelope holds a timestamp of more than {MAX_TIMESTAMP_SIZE} bytes")


def agent_of(headers: Mapping[Any, Any]) -> str:
    """The signing agent, for people. No verification may fail on what it is (Unsigned Attributes), so what is no text is ""."""
    agent = headers.get(AGENT, "")
    return agent if isinstance(agent, str) else ""


def _check_critical(headers: Mapping[str, Any], critical: Sequence[Any]) -> frozenset[str]:
    # RFC 7515 §4.1.11, RFC 9052 §3.1: not empty, no name twice, none that the encoding registers, each of them there.
    marked = frozenset(name for name in critical if isinstance(name, str))
    if not critical or len(marked) != len(critical):
        raise Malformed("the list of critical headers is empty or names one twice")
    absent = sorted(marked - set(headers))
    if absent:
        raise Malformed(f"the header {absent[0][:80]!r} is marked as critical and is not there")
    return marked


def _plugin(headers: Mapping[str, Any], marked: frozenset[str]) -> str:
    if PLUGIN not in headers:
        return ""
    plugin = as_text(headers[PLUGIN], PLUGIN)
    if not plugin.strip():
        raise Malformed(f"{PLUGIN} is empty")
    if PLUGIN not in marked:
        raise Malformed(f"{PLUGIN} is not marked as critical")
    return plugin
