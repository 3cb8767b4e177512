"""Private keys as PKCS#8 in PEM (RFC 5958, RFC 7468 §10–11), encrypted by PBES2 with scrypt and AES-256-CBC (RFC 8018, RFC 7914).

Written here because the cryptography library fixes its own work factor at 2,048 rounds of PBKDF2, which a graphics card guesses
through. `openssl pkcs8` and that library read what is written. Salt and IV are arguments: this module is pure.
"""

import base64
import textwrap

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

SALT_SIZE = 16
IV_SIZE = 16

# 16 MiB and about 0.2 s a guess. The next power of two for N is past the memory that OpenSSL's reader grants scrypt.
_SCRYPT_N = 2**14
_SCRYPT_R = 8
_SCRYPT_P = 5

_PBES2 = bytes.fromhex("06092a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT = bytes.fromhex("06092b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES256_CBC = bytes.fromhex("060960864801650304012a")  # 2.16.840.1.101.3.4.1.42


def encrypt_private_key(der: bytes, passphrase: bytes, *, salt: bytes, iv: bytes) -> bytes:
    """PEM of the EncryptedPrivateKeyInfo. `der`: PKCS#8. `salt`, `iv`: 16 random bytes each, never used twice."""
    secret = Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P).derive(passphrase)
    padder = padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    data = encryptor.update(padder.update(der) + padder.finalize()) + encryptor.finalize()
    derivation = _sequence(
        _SCRYPT, _sequence(_octets(salt), _integer(_SCRYPT_N), _integer(_SCRYPT_R), _integer(_SCRYPT_P), _integer(32))
    )
    scheme = _sequence(_PBES2, _sequence(derivation, _sequence(_AES256_CBC, _octets(iv))))
    return _pem("ENCRYPTED PRIVATE KEY", _sequence(scheme, _octets(data)))


def plain_private_key(der: bytes) -> bytes:
    """PEM of a PrivateKeyInfo that nothing protects but the file's mode."""
    return _pem("PRIVATE KEY", der)


def _pem(label: str, der: bytes) -> bytes:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode("ascii"), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode("ascii")


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*items: bytes) -> bytes:
    return _tagged(0x30, b"".join(items))


def _octets(data: bytes) -> bytes:
    return _tagged(0x04, data)


def _integer(value: int) -> bytes:
    return _tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
