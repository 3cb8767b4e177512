"""Keys in an SSH agent (draft-ietf-sshm-ssh-agent: REQUEST_IDENTITIES, SIGN_REQUEST; RFC 4253 §6.6, RFC 5656 §3.1.2, RFC 8332,
RFC 8709 for the forms of keys and signatures).

The agent signs the message itself, not the SSHSIG form around it, so that the signature verifies under the ordinary public key.
It hashes the message too, so messages are limited to what it takes: 248 KiB. Of the hashes that SSH has for RSA, SHA-256 is asked
for, as Sigstore's names for RSA keys have it. Keys of security tokens (`sk-…`) sign more than the message and are not served.
"""

import base64
import hashlib
import os
import re
import socket
import struct
import threading
import time

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.publickey import PublicKey
from pratique.errors import AuthenticationRequired, InputError, Malformed, NotFound, Unavailable
from pratique.keys.access import Access, KeyReference
from pratique.keys.signer import closed, verified_signature

MAX_ANSWER = 256 * 1024  # as in OpenSSH's agent
MAX_KEYS = 1024

_FAILURE, _REQUEST, _IDENTITIES, _SIGN, _SIGNED = 5, 11, 12, 13, 14
_RSA_SHA2_256 = 2
_CURVES = {
    b"ecdsa-sha2-nistp256": (b"nistp256", ec.SECP256R1()),
    b"ecdsa-sha2-nistp384": (b"nistp384", ec.SECP384R1()),
    b"ecdsa-sha2-nistp521": (b"nistp521", ec.SECP521R1()),
}
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class AgentSigner:
    """A `Signer` whose private key is in an SSH agent."""

    def __init__(self, agent: "_Agent", blob: bytes, public: PublicKey) -> None:
        self._agent: _Agent | None = agent
        self._blob = blob
        self._public = public

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says. Raises InputError for a message that the agent's own limit of 256 KiB does not take."""
        agent = self._agent
        if agent is None:
            raise closed("ssh-agent")
        if len(message) > MAX_ANSWER - 8192:
            limit = MAX_ANSWER - 8192
            raise InputError(f"an SSH agent signs at most {limit} bytes", where=agent.where, hint="use another kind of key")
        flags = _RSA_SHA2_256 if self._public.algorithm.startswith("rsa") else 0
        answer = agent.ask(_SIGN, _string(self._blob) + _string(message) + struct.pack(">I", flags), agent.person_s)
        if answer[:1] == bytes([_FAILURE]):
            raise AuthenticationRequired(
                "the agent does not sign", where=agent.where, hint="was the key removed, or not confirmed?"
            )
        if answer[:1] != bytes([_SIGNED]):
            raise agent.garbage()
        signature = self._decoded(agent, answer[1:])
        return verified_signature(signature, message, self._public, agent.where)

    def close(self) -> None:
        """Close the connection."""
        agent, self._agent = self._agent, None
        if agent is not None:
            agent.close()

    def __repr__(self) -> str:
        return f"AgentSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"

    def _decoded(self, agent: "_Agent", answer: bytes) -> bytes:
        """From SSH's form to the one in which signatures are verified."""
        try:
            inner, rest = _take(answer)
            kind, after = _take(inner)
            data, end = _take(after)
            if self._public.algorithm.startswith("ecdsa"):
                (r, after_r), expected = _take(data), b"ecdsa-sha2-nistp" + self._public.algorithm[-3:].encode()
                s, tail = _take(after_r)
                signature = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            else:
                expected, signature, tail = (
                    (b"ssh-ed25519" if self._public.algorithm == "ed25519" else b"rsa-sha2-256"),
                    data,
                    b"",
                )
        except (struct.error, ValueError) as error:
            raise agent.garbage() from error
        if rest or end or tail or kind != expected:
            raise agent.garbage()
        return signature


def open_key(reference: KeyReference, access: Access) -> AgentSigner:
    """Find the one key of this fingerprint or comment. Raises as `open_signer`."""
    reference.only()
    agent = _Agent(reference, access)
    try:
        blob = _find(agent, reference)
        return AgentSigner(agent, blob, _public_key(blob, reference))
    except BaseException:
        agent.close()
        raise


def _find(agent: "_Agent", reference: KeyReference) -> bytes:
    answer = agent.ask(_REQUEST, b"", agent.patience_s)
    try:
        keys = _identities(answer)
    except (struct.error, ValueError) as error:
        raise agent.garbage() from error
    if _FINGERPRINT.fullmatch(reference.name):
        found = [blob for blob, _ in keys if _fingerprint(blob) == reference.name]
    else:
        found = [blob for blob, comment in keys if comment == reference.name.encode()]
    if not found:
        raise NotFound("the agent has no such key", where=reference.text, hint="see its keys with ssh-add -l")
    if len(found) > 1:
        raise InputError("several keys have this comment", where=reference.text, hint="name it by its fingerprint")
    return found[0]


def _identities(answer: bytes) -> list[tuple[bytes, bytes]]:
    """Keys and comments. Raises struct.error, ValueError."""
    kind, count = struct.unpack_from(">BI", answer)
    if kind != _IDENTITIES or count > MAX_KEYS:
        raise ValueError(kind)
    rest = answer[5:]
    keys = []
    for _ in range(count):
        blob, rest = _take(rest)
        comment, rest = _take(rest)
        keys.append((blob, comment))
    return keys


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _public_key(blob: bytes, reference: KeyReference) -> PublicKey:
    """From SSH's form to a SubjectPublicKeyInfo. Raises Malformed."""
    try:
        kind, rest = _take(blob)
        key = _decoded_key(kind, rest)
    except (struct.error, ValueError) as error:
        raise Malformed("the agent's public key cannot be read", where=reference.text) from error
    if key is None:
        text = "".join(char for char in kind.decode("ascii", "replace")[:60] if char.isprintable())
        raise Malformed(f"an SSH key of type {text} is not supported", where=reference.text)
    if kind == b"ssh-rsa" and (reference.algorithm or "").startswith("rsa-pss"):
        raise InputError("an SSH agent signs for rsa, not for rsa-pss", where=reference.text)
    try:
        return PublicKey.from_der(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), reference.algorithm)
    except Malformed as error:
        raise Malformed(error.message, where=reference.text, hint=error.hint) from error


def _decoded_key(kind: bytes, data: bytes) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey | None:
    """The key, None for other kinds. Raises struct.error, ValueError."""
    parts = {b"ssh-ed25519": 1, b"ssh-rsa": 2, **dict.fromkeys(_CURVES, 2)}.get(kind)
    if parts is None:
        return None
    values = []
    for _ in range(parts):
        value, data = _take(data)
        values.append(value)
    if data or (kind in _CURVES and values[0] != _CURVES[kind][0]):
        raise ValueError("not a key of this kind")
    if kind == b"ssh-ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(values[0])
    if kind == b"ssh-rsa":
        exponent, modulus = (int.from_bytes(value, "big") for value in values)
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[kind][1], values[1])


class _Agent:
    """One connection to an agent. `person_s`: a person may be asked to confirm, and gets a while for it."""

    def __init__(self, reference: KeyReference, access: Access) -> None:
        self._path = access.environ.get("SSH_AUTH_SOCK", "")
        if not self._path:
            raise InputError("there is no SSH agent", where=reference.text, hint="set SSH_AUTH_SOCK")
        self.where = reference.text
        self.patience_s = access.patience_s
        self.person_s = 2 * access.patience_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def ask(self, kind: int, body: bytes, patience_s: float) -> bytes:
        """One request, one answer. Raises Unavailable when none comes by the end of patience."""
        deadline = time.monotonic() + patience_s
        with self._lock:
            try:
                connection = self._connect()
                connection.settimeout(patience_s)
                connection.sendall(struct.pack(">IB", 1 + len(body), kind) + body)
                (size,) = struct.unpack(">I", self._receive(connection, 4, deadline))
                answer = self._receive(connection, size, deadline) if 1 <= size <= MAX_ANSWER else None
            except OSError as error:
                self._drop()
                reason = (error.strerror or str(error) or "no answer").lower()
                raise Unavailable(f"the SSH agent cannot be reached: {reason}", where=self.where) from error
            if answer is None:
                self._drop()
                raise self.garbage()
            return answer

    def garbage(self) -> Unavailable:
        """The error for an answer that is none."""
        return Unavailable("the SSH agent answers something else than its protocol says", where=self.where)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _connect(self) -> socket.socket:
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self.patience_s)
            try:
                connection.connect(os.fsencode(self._path))
            except BaseException:
                connection.close()
                raise
            self._socket = connection
        return self._socket

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self, connection: socket.socket, size: int, deadline: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            piece = connection.recv(size - len(data))
            if not piece:
                raise OSError("the connection ended")
            data += piece
            if time.monotonic() > deadline:
                raise OSError("the answer does not end")
        return bytes(data)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _take(data: bytes) -> tuple[bytes, bytes]:
    """The `string` at the beginning, and what follows it. Raises struct.error, ValueError."""
    (size,) = struct.unpack_from(">I", data)
    if len(data) < 4 + size:
        raise ValueError("cut off")
    return data[4 : 4 + size], data[4 + size :]
