"""Notary Project signatures as flattened JWS (signature-envelope-jws.md; RFC 7515 §7.2.2). Pure.

Read strictly: the four members and no other, unpadded base64url of one spelling only, no header both protected and not.
"""

from typing import Any

from pratique.attest.members import (
    as_base64url,
    as_bytes,
    as_instant,
    as_list,
    as_object,
    as_text,
    base64_text,
    base64url_text,
    instant_text,
    refuse_unknown,
)
from pratique.attest.notation.algorithms import BY_NAME, Algorithm
from pratique.attest.notation.envelope import (
    AGENT,
    AUTHENTIC_SIGNING_TIME,
    EXPIRY,
    JWS,
    MAX_CHAIN,
    MAX_ENVELOPE_SIZE,
    MAX_HEADERS,
    SIGNING_SCHEME,
    SIGNING_TIME,
    TIMESTAMP,
    Attributes,
    Scheme,
    UnverifiedEnvelope,
    agent_of,
    check_sizes,
    read_attributes,
)
from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import Malformed

_MAX_DEPTH = 16


def parse_jws(data: bytes) -> UnverifiedEnvelope:
    """Read an `application/jose+json` envelope; verifies nothing. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(data, what="envelope", max_size=MAX_ENVELOPE_SIZE, max_depth=_MAX_DEPTH), "envelope")
    refuse_unknown(members, ("payload", "protected", "header", "signature"), "envelope")
    payload, header = (as_base64url(members.get(name), name) for name in ("payload", "protected"))
    signed = as_object(load_json(header, what="protected header", max_depth=_MAX_DEPTH), "protected")
    unsigned = as_object(members.get("header"), "header")
    for name in unsigned:
        if name in signed or name in ("alg", "cty", "crit"):
            raise Malformed(f"the header {name[:80]!r} belongs among the protected ones alone")
    algorithm = as_text(signed.get("alg"), "alg")
    if algorithm not in BY_NAME:
        raise Malformed(f"signature algorithm {algorithm[:80]!r} is none of notation's")
    x5c = as_list(unsigned.get("x5c"), "x5c", limit=MAX_CHAIN)
    chain = tuple(as_bytes(item, f"x5c[{number}]") for number, item in enumerate(x5c))
    timestamp = as_bytes(unsigned[TIMESTAMP], TIMESTAMP) if TIMESTAMP in unsigned else b""
    check_sizes(chain, timestamp)
    return UnverifiedEnvelope(
        media_type=JWS,
        algorithm=BY_NAME[algorithm],
        attributes=read_attributes(
            {name: value for name, value in signed.items() if name not in ("alg", "cty", "crit")},
            content_type=as_text(signed.get("cty"), "cty"),
            critical=as_list(signed.get("crit"), "crit", limit=MAX_HEADERS),
            as_time=as_instant,
        ),
        payload=payload,
        message=f"{members['protected']}.{members['payload']}".encode("ascii"),
        signature=as_base64url(members.get("signature"), "signature"),
        chain=chain,
        timestamp=timestamp,
        agent=agent_of(unsigned),
    )


def jws_message(algorithm: Algorithm, attributes: Attributes, payload: bytes) -> bytes:
    """The signing input: the protected header and the payload in base64url, with a dot between (RFC 7515 §5.1)."""
    critical = [SIGNING_SCHEME]
    headers: dict[str, Any] = {
        "alg": algorithm.name,
        "cty": attributes.content_type,
        "crit": critical,
        SIGNING_SCHEME: str(attributes.scheme),
    }
    if attributes.scheme is Scheme.AUTHORITY:
        critical.append(AUTHENTIC_SIGNING_TIME)
        headers[AUTHENTIC_SIGNING_TIME] = instant_text(attributes.signing_time)
    else:
        headers[SIGNING_TIME] = instant_text(attributes.signing_time)
    if attributes.expiry is not None:
        critical.append(EXPIRY)
        headers[EXPIRY] = instant_text(attributes.expiry)
    return base64url_text(dump_json(headers)).encode() + b"." + base64url_text(payload).encode()


def render_jws(envelope: UnverifiedEnvelope) -> bytes:
    """The envelope's bytes, its message as it is: compact JSON with sorted members."""
    protected, _, payload = envelope.message.decode("ascii").partition(".")
    header: dict[str, Any] = {"x5c": [base64_text(item) for item in envelope.chain]}
    if envelope.timestamp:
        header[TIMESTAMP] = base64_text(envelope.timestamp)
    if envelope.agent:
        header[AGENT] = envelope.agent
    signature = base64url_text(envelope.signature)
    return dump_json({"payload": payload, "protected": protected, "header": header, "signature": signature})
