"""Notary Project signatures as COSE_Sign1, tagged (signature-envelope-cose.md; RFC 9052 §4.2, §4.4). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from cbor2 import CBORTag

from pratique.attest.members import as_text
from pratique.attest.notation.algorithms import BY_LABEL, Algorithm
from pratique.attest.notation.cbor import dump_cbor, load_cbor
from pratique.attest.notation.envelope import (
    AGENT,
    AUTHENTIC_SIGNING_TIME,
    COSE,
    EXPIRY,
    MAX_ENVELOPE_SIZE,
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
from pratique.errors import Malformed

_SIGN1 = 18
_EPOCH_TIME = 1
_ALG, _CRIT, _CONTENT_TYPE, _X5CHAIN = 1, 2, 3, 33
_LAST_SECOND = 253_402_300_799  # of the year 9999


def parse_cose(data: bytes) -> UnverifiedEnvelope:
    """Read an `application/cose` envelope; verifies nothing. Raises Malformed, LimitExceeded."""
    protected, unsigned, payload, signature = _sign1(data)
    signed = _map(load_cbor(protected, what="protected header", max_size=MAX_ENVELOPE_SIZE, tags=(_EPOCH_TIME,)), "protected")
    for name in unsigned:
        if name in signed or name in (_ALG, _CRIT, _CONTENT_TYPE):
            raise Malformed(f"the header {str(name)[:80]!r} belongs among the protected ones alone")
    label = signed.get(_ALG)
    if type(label) is not int or label not in BY_LABEL:
        raise Malformed(f"signature algorithm {str(label)[:80]} is none of notation's")
    chain = _list({**signed, **unsigned}.get(_X5CHAIN), "x5chain")
    timestamp = _bytes(unsigned.get(TIMESTAMP, b""), TIMESTAMP)
    certificates = tuple(_bytes(item, f"x5chain[{number}]") for number, item in enumerate(chain))
    check_sizes(certificates, timestamp)
    return UnverifiedEnvelope(
        media_type=COSE,
        algorithm=BY_LABEL[label],
        attributes=read_attributes(
            {_name(key): value for key, value in signed.items() if key not in (_ALG, _CRIT, _CONTENT_TYPE, _X5CHAIN)},
            content_type=as_text(signed.get(_CONTENT_TYPE), "content type"),
            critical=[_name(item) for item in _list(signed.get(_CRIT), "crit")],
            as_time=_as_time,
        ),
        payload=payload,
        message=_sig_structure(protected, payload),
        signature=signature,
        chain=certificates,
        timestamp=timestamp,
        agent=agent_of(unsigned),
    )


def cose_message(algorithm: Algorithm, attributes: Attributes, payload: bytes) -> bytes:
    """The Sig_structure that is signed (RFC 9052 §4.4), with no external data."""
    critical: list[str] = [SIGNING_SCHEME]
    time = SIGNING_TIME
    if attributes.scheme is Scheme.AUTHORITY:
        time = AUTHENTIC_SIGNING_TIME
        critical.append(AUTHENTIC_SIGNING_TIME)
    headers: dict[int | str, Any] = {
        _ALG: algorithm.label,
        _CRIT: critical,
        _CONTENT_TYPE: attributes.content_type,
        SIGNING_SCHEME: str(attributes.scheme),
        time: CBORTag(_EPOCH_TIME, attributes.signing_time),
    }
    if attributes.expiry is not None:
        critical.append(EXPIRY)
        headers[EXPIRY] = CBORTag(_EPOCH_TIME, attributes.expiry)
    return _sig_structure(dump_cbor(headers), payload)


def render_cose(envelope: UnverifiedEnvelope) -> bytes:
    """The envelope's bytes, its message as it is."""
    protected = load_cbor(envelope.message, what="message", max_size=2 * MAX_ENVELOPE_SIZE)[1]
    header: dict[int | str, Any] = {_X5CHAIN: list(envelope.chain)}
    if envelope.timestamp:
        header[TIMESTAMP] = envelope.timestamp
    if envelope.agent:
        header[AGENT] = envelope.agent
    return dump_cbor(CBORTag(_SIGN1, [protected, header, envelope.payload, envelope.signature]))


def _sign1(data: bytes) -> tuple[bytes, Mapping[Any, Any], bytes, bytes]:
    value = load_cbor(data, what="envelope", max_size=MAX_ENVELOPE_SIZE, tags=(_SIGN1,))
    parts = value.value if isinstance(value, CBORTag) else None
    if not isinstance(parts, list | tuple) or len(parts) != 4:
        raise Malformed("the envelope is not a tagged COSE_Sign1 message")
    protected, unsigned, payload, signature = parts
    return (
        _bytes(protected, "protected"),
        _map(unsigned, "unprotected"),
        _bytes(payload, "payload"),
        _bytes(signature, "signature"),
    )


def _sig_structure(protected: bytes, payload: bytes) -> bytes:
    return dump_cbor(["Signature1", protected, b"", payload])


def _name(label: Any) -> str:
    # The rules name headers by text only: one with a number, beside those registered, is unknown here, whatever it is called.
    if isinstance(label, str):
        return label
    if type(label) is int:
        return f"label {label}"
    raise Malformed(f"a header whose label is a {type(label).__name__}")


def _as_time(value: Any, where: str) -> int:
    if not isinstance(value, CBORTag) or value.tag != _EPOCH_TIME or type(value.value) is not int:
        raise Malformed(f"{where} is not an epoch-based time in whole seconds")
    if not -_LAST_SECOND <= value.value <= _LAST_SECOND:
        raise Malformed(f"{where} is in no year that has four digits")
    return value.value


def _bytes(value: Any, where: str) -> bytes:
    if not isinstance(value, bytes):
        raise Malformed(f"{where} is not a string of bytes")
    return value


def _list(value: Any, where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise Malformed(f"{where} is not a list")
    return value


def _map(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise Malformed(f"{where} is not a map")
    return value
