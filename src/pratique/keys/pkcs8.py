"""Private keys as PKCS#8 in PEM (RFC 5958, RFC 7468 §10–11), encrypted by PBES2 with scrypt and AES-256-CBC (RFC 8018, RFC 7914).

Written here because the cryptography library fixes its own work factor at 2,048 rounds of PBKDF2, which a graphics card guesses
through. `openssl pkcs8` and that library read what is written. Salt and IV are arguments: this module is pure.
"""

import base64
import hashlib
import textwrap

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pratique.attest.der import check_der, children, content_of, tagged
from pratique.errors import Malformed

SALT_SIZE = 16
IV_SIZE = 16

# 16 MiB and about 0.2 s a guess. The next power of two for N is past the memory that OpenSSL's reader grants scrypt.
_SCRYPT_N = 2**14
_SCRYPT_R = 8
_SCRYPT_P = 5

_PBES2 = bytes.fromhex("06092a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT = bytes.fromhex("06092b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES256_CBC = bytes.fromhex("060960864801650304012a")  # 2.16.840.1.101.3.4.1.42
_AES_SIZES = {bytes.fromhex(f"06096086480165030401{last}"): size for last, size in (("02", 16), ("16", 24), ("2a", 32))}
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")  # 1.2.840.113549.1.5.12
_HMACS = {bytes.fromhex("06082a864886f70d02" + digits): name for digits, name in (("07", "sha1"), ("09", "sha256"))}
_HMACS |= {bytes.fromhex("06082a864886f70d02" + digits): name for digits, name in (("0a", "sha384"), ("0b", "sha512"))}


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


def decrypt_private_key(der: bytes, passphrase: bytes) -> bytes | None:
    """The PKCS#8 key in an EncryptedPrivateKeyInfo by PBES2, of PBKDF2 or scrypt and AES in CBC; None for other encryptions.

    For what the cryptography library drops when it reads a key. It has opened this one: the passphrase is right, and the cost
    was paid once. Raises Malformed.
    """
    check_der(der, "encrypted key")
    scheme, data = children(der)
    name, *parameters = children(scheme)
    if name != _PBES2 or len(parameters) != 1:
        return None
    derivation, cipher = (children(part) for part in children(parameters[0]))
    size = _AES_SIZES.get(cipher[0])
    derived = _derive(derivation, passphrase, size) if size is not None else None
    if derived is None:
        return None
    decryptor = Cipher(algorithms.AES(derived), modes.CBC(content_of(cipher[1]))).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    try:
        padded = decryptor.update(content_of(data)) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise Malformed("the encrypted key cannot be read") from error


def _derive(derivation: list[bytes], passphrase: bytes, size: int) -> bytes | None:
    parameters = children(derivation[1])
    salt = content_of(parameters[0])
    if derivation[0] == _SCRYPT:
        n, r, p = (int.from_bytes(content_of(part)) for part in parameters[1:4])
        return Scrypt(salt=salt, length=size, n=n, r=r, p=p).derive(passphrase)
    if derivation[0] != _PBKDF2:
        return None
    functions = [part for part in parameters[2:] if part[0] == 0x30]
    name = _HMACS.get(children(functions[0])[0]) if functions else "sha1"
    return hashlib.pbkdf2_hmac(name, passphrase, salt, int.from_bytes(content_of(parameters[1])), size) if name else None


def plain_private_key(der: bytes) -> bytes:
    """PEM of a PrivateKeyInfo that nothing protects but the file's mode."""
    return _pem("PRIVATE KEY", der)


def _pem(label: str, der: bytes) -> bytes:
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode("ascii"), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode("ascii")


def _sequence(*items: bytes) -> bytes:
    return tagged(0x30, *items)


def _octets(data: bytes) -> bytes:
    return tagged(0x04, data)


def _integer(value: int) -> bytes:
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
