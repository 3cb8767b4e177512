"""Trust stores: which file holds which certificates, and that one kind of store never stands in for another."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pki import make

from pratique.attest.notation.stores import MAX_CERTIFICATES, MAX_FILE_SIZE, TrustStores, parse_certificates, thumbprint
from pratique.errors import LimitExceeded, Malformed

ONE, TWO = make("One", ca=True), make("Two", ca=True)
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def pem(party):
    return party.certificate.public_bytes(Encoding.PEM).decode()


def read(text):
    return parse_certificates(text if isinstance(text, bytes) else text.encode(), "acme.pem")


def refused(text, why, error=Malformed):
    with pytest.raises(error) as caught:
        read(text)
    assert (type(caught.value), caught.value.message) == (error, why)


def test_a_certificate_is_held_by_the_first_store_of_the_kind_that_is_named():
    stores = TrustStores(
        certificates={"ca:a": (b"one", b"two"), "ca:b": (b"two", b"three"), "tsa:a": (b"one",), "ca:not-named": (b"four",)}
    )
    named = ("tsa:a", "ca:b", "ca:a", "ca:nowhere")
    assert stores.of_kind("ca", named) == {b"two": "ca:b", b"three": "ca:b", b"one": "ca:a"}
    assert stores.of_kind("tsa", named) == {b"one": "tsa:a"}
    assert stores.of_kind("signingAuthority", named) == {}
    assert stores.of_kind("c", named) == {}


def test_the_thumbprints_are_those_of_the_stores_that_are_named():
    stores = TrustStores(certificates={"ca:a": (ONE.der,), "tsa:a": (TWO.der,)})
    assert stores.thumbprints(("ca:a", "ca:nowhere")) == {hashlib.sha256(ONE.der).hexdigest()} == {thumbprint(ONE.der)}
    assert stores.thumbprints(("ca:a", "tsa:a")) == {thumbprint(ONE.der), thumbprint(TWO.der)}


@pytest.mark.parametrize(
    "text",
    [
        pem(ONE) + pem(TWO),
        f"0 s:CN=One\n{pem(ONE)}\n 1 s:CN=Two\n{pem(TWO)}",  # as openssl s_client writes them
        f"0 Zertifikat der Größe\n{pem(ONE)}{pem(TWO)}",
        f"{BEGIN} {base64.b64encode(ONE.der).decode()} {END}{BEGIN}{base64.b64encode(TWO.der).decode()}{END}",
        (pem(ONE) + pem(TWO)).replace("\n", "\r\n"),
    ],
)
def test_all_certificates_of_a_text_are_read_whatever_stands_before_and_between_them(text):
    assert read(text) == (ONE.der, TWO.der)


def test_a_file_in_der_is_one_certificate_whatever_text_it_holds():
    from cryptography.x509 import ObjectIdentifier, UnrecognizedExtension

    text = pem(TWO).encode()
    holder = make("Holder", ca=True, extensions=[(UnrecognizedExtension(ObjectIdentifier("1.2.3"), text), False)])
    assert read(ONE.der) == (ONE.der,)
    assert text in holder.der and read(holder.der) == (holder.der,)


@pytest.mark.parametrize(
    "bad",
    [
        pem(ONE).replace("M", "!", 1),
        pem(ONE).removesuffix(END + "\n"),
        pem(ONE)[: len(pem(ONE)) // 2],
        f"{BEGIN}\nA\n{END}\n",
        f"{BEGIN}\nProc-Type: 4,ENCRYPTED\n\n{END}\n",
    ],
)
def test_a_damaged_certificate_is_told_and_not_passed_over_for_those_that_stand_around_it(bad):
    for text in (bad, pem(TWO) + bad, bad + pem(TWO)):
        with pytest.raises(Malformed, match=r"PEM that is cut off$|certificate in acme\.pem "):
            read(text)
    refused(f"{BEGIN}\nAAA!\n{END}\n", "a certificate in acme.pem is not base64")
    refused(f"{BEGIN}\nAAAA\n", "a certificate in PEM that is cut off")


@pytest.mark.parametrize(
    "text", [b"", b"0", b"0 certificates", b"text", "0 Größe", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_a_file_without_a_certificate_is_no_empty_store(text):
    refused(text, "no certificate in PEM or DER")


def test_what_stands_in_a_certificate_s_place_is_read_as_one_and_named_by_its_file():
    for text in (b"\x30\x03\0\0\0", ONE.der + b"\0", f"{BEGIN}\nAAAA\n{END}\n"):
        with pytest.raises(Malformed, match=r"^certificate in acme\.pem "):
            read(text)


def test_a_file_is_as_large_and_holds_as_many_as_the_limits_say():
    small = make("x", usage=False)
    assert len(read(pem(small) * MAX_CERTIFICATES)) == MAX_CERTIFICATES
    refused(pem(small) * (MAX_CERTIFICATES + 1), f"{MAX_CERTIFICATES + 1} certificates in one file", LimitExceeded)
    text = pem(ONE)
    assert read(text.ljust(MAX_FILE_SIZE)) == (ONE.der,)
    refused(text.ljust(MAX_FILE_SIZE + 1), f"a certificate file of {MAX_FILE_SIZE + 1} bytes", LimitExceeded)
