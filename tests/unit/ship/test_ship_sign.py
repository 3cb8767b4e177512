"""Signing what exists: everything is signed before anything is published, and a second run continues the first."""

import json
import shutil
from pathlib import Path

import pytest

from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.strictjson import dump_json
from pratique.catalog.ledger import open_catalog
from pratique.errors import InputError, Unavailable
from pratique.keys.file import generate_key, load_signer
from pratique.keys.logged_signer import LoggedSigner
from pratique.model import Digest
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.layout import open_layout
from pratique.registry.types import OCI_CONFIG, OCI_MANIFEST, SIGSTORE_BUNDLE, Descriptor, descriptor_to_json
from pratique.ship.sign import Publication, SigningForm, SigningRequest, SigningTarget, sign_and_publish
from pratique.tlog.log import create_log


class Unplugged:
    """A signer whose token is pulled out after some signatures."""

    def __init__(self, signer, left):
        self._signer = signer
        self._left = left
        self.public_key = signer.public_key

    def sign(self, message):
        if self._left == 0:
            raise Unavailable("the token is gone")
        self._left -= 1
        return self._signer.sign(message)

    def close(self):
        self._signer.close()


class Shop:
    """A layout with two images, two files, a key, a log and a catalog."""

    def __init__(self, root: Path, like: "Shop | None" = None):
        self.root = root
        root.mkdir(exist_ok=True)
        if like is None:
            generate_key(root / "K", "ecdsa-p256", None)
        else:
            shutil.copy(like.root / "K", root / "K")
        self.signer = load_signer(root / "K", lambda: None)
        if like is None:
            generate_key(root / "log.key", "ed25519", None)
            log_signer = load_signer(root / "log.key", lambda: None)
            self.log = create_log(root / "log", origin="test/log", public_key=log_signer.public_key.raw, sign=log_signer.sign)
        else:
            self.log = like.log
        self.layout = open_layout(root / "layout", create=True)
        self.catalog = open_catalog(root / "catalog")
        self.images = [self.image(name) for name in (b"one", b"two")]
        self.files = [self.file(name) for name in ("a.bin", "b.bin")]

    def image(self, name: bytes) -> SigningTarget:
        config = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(name), size=len(name))
        self.layout.push_blob(config.digest, len(name), [name])
        document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor_to_json(config), "layers": []}
        pushed = self.layout.push_manifest(dump_json(document), OCI_MANIFEST, name.decode())
        return SigningTarget(digest=pushed.digest, name=name.decode(), repository=self.layout, descriptor=pushed)

    def file(self, name: str) -> SigningTarget:
        (self.root / name).write_text(name)
        return SigningTarget(digest=Digest.of(name.encode()), name=name, path=self.root / name)

    def sign_and_publish(self, targets, how=Publication(), signer=None, at=1_700_000_000):  # noqa: B008
        requests = [
            SigningRequest(
                targets=(target,),
                predicate_type=IMAGE_SIGNATURE,
                message=render_statement(
                    subjects=[StatementSubject.of(target.name, target.digest)], predicate_type=IMAGE_SIGNATURE, predicate={}
                ),
            )
            if how.form is SigningForm.BUNDLE
            else SigningRequest(targets=(target,), predicate_type="", message=target.name.encode())
            for target in targets
        ]
        logged_signer = LoggedSigner(signer=signer or self.signer, log=self.log)
        return sign_and_publish(
            requests,
            how,
            logged_signer=logged_signer,
            catalog=self.catalog,
            clock=lambda: at,
            journals=self.root / "journal",
        )

    def published(self):
        referrers = [item for image in self.images for item in self.layout.list_referrers(image.digest, SIGSTORE_BUNDLE)]
        files = [path for path in self.root.iterdir() if path.suffix in (".json", ".sig")]
        recorded = [row for target in (*self.images, *self.files) for row in self.catalog.documents_of(target.digest)]
        return len(referrers), len(files), len(recorded), self.log.size


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path)
    yield made
    made.catalog.close()


def test_a_key_that_fails_in_the_middle_leaves_nothing_behind(shop):
    with pytest.raises(Unavailable):
        shop.sign_and_publish(shop.images, signer=Unplugged(shop.signer, 1))
    assert shop.published() == (0, 0, 0, 0)
    for form in (SigningForm.MESSAGE, SigningForm.RAW):
        with pytest.raises(Unavailable):
            shop.sign_and_publish(shop.files, Publication(form=form, beside=True), signer=Unplugged(shop.signer, 1))
    assert shop.published() == (0, 0, 0, 0)


def test_a_place_that_fails_is_found_again_by_the_same_command_and_nothing_is_said_twice(shop, monkeypatch):
    kept = type(shop.layout).push_referrers
    calls = []

    def fail(self, documents, media_type):
        calls.append(documents)
        if len(calls) == 2:
            raise Unavailable("the registry is down")
        return kept(self, documents, media_type)

    monkeypatch.setattr(type(shop.layout), "push_referrers", fail)
    with pytest.raises(Unavailable):
        shop.sign_and_publish(shop.images)
    assert shop.published() == (1, 0, 2, 2)
    said = shop.sign_and_publish(shop.images, at=1_800_000_000)
    assert [item.reused for item in said] == [True, True]
    assert shop.published() == (2, 0, 2, 2)


def with_keyid(data):
    """A bundle as earlier releases wrote it."""
    document = json.loads(data)
    document["dsseEnvelope"]["signatures"][0]["keyid"] = document["verificationMaterial"]["publicKey"]["hint"]
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def record_old(shop, target, data):
    with shop.catalog.transaction() as ledger:
        ledger.record_document(
            target.digest,
            data,
            role="bundle",
            media_type="application/vnd.dev.sigstore.bundle.v0.3+json",
            predicate_type=IMAGE_SIGNATURE,
            keyid=shop.signer.public_key.keyid,
            at=1_600_000_000,
        )


def test_what_an_earlier_release_signed_with_a_keyid_is_published_again_without_it(shop, tmp_path):
    """cosign and Kyverno skip a signature with our keyid; it is unsigned, so the signature and its log entry stay."""
    (made,) = shop.sign_and_publish(shop.images[:1])
    fresh = Shop(tmp_path / "earlier", shop)
    record_old(fresh, fresh.images[0], with_keyid(made.sealed.data))
    (said,) = fresh.sign_and_publish(fresh.images[:1])
    assert said.reused
    assert said.sealed.data == made.sealed.data
    assert said.sealed.log_index == made.sealed.log_index
    assert fresh.log.size == 1
    (attached,) = fresh.layout.list_referrers(fresh.images[0].digest, SIGSTORE_BUNDLE)
    assert b"keyid" not in fresh.layout.fetch_blob(fresh.layout.fetch_manifest(attached.digest).layers[0], limit=1 << 20)
    (again,) = fresh.sign_and_publish(fresh.images[:1])
    assert again.sealed.digest == said.sealed.digest


def test_our_own_file_with_a_keyid_is_no_strangers_and_is_written_anew(shop):
    how = Publication(beside=True)
    (made,) = shop.sign_and_publish(shop.files[:1], how)
    place = shop.root / "a.bin.sigstore.json"
    place.write_bytes(with_keyid(made.sealed.data))
    shop.sign_and_publish(shop.files[:1], how)
    assert place.read_bytes() == made.sealed.data
    place.write_bytes(with_keyid(made.sealed.data).replace(b'"mediaType"', b'"another":1,"mediaType"'))
    with pytest.raises(InputError, match="--replace"):
        shop.sign_and_publish(shop.files[:1], how)


def test_another_key_says_it_for_itself(shop):
    shop.sign_and_publish(shop.images)
    generate_key(shop.root / "L", "ed25519", None)
    said = shop.sign_and_publish(shop.images, signer=load_signer(shop.root / "L", lambda: None))
    assert [item.reused for item in said] == [False, False]
    assert shop.published() == (4, 0, 4, 4)


def test_a_damaged_document_in_the_catalog_is_said_anew(shop):
    (first,) = shop.sign_and_publish(shop.images[:1])
    stored = next(
        path for path in (shop.root / "catalog" / "documents").rglob("*") if path.name.endswith(first.sealed.digest.hex[4:])
    )
    stored.chmod(0o600)
    stored.write_bytes(b"damaged")
    (again,) = shop.sign_and_publish(shop.images[:1])
    assert not again.reused


def test_what_the_catalog_says_is_ours_is_published_again_only_if_our_key_signed_it(shop):
    generate_key(shop.root / "L", "ed25519", None)
    (other,) = shop.sign_and_publish(shop.images[:1], signer=load_signer(shop.root / "L", lambda: None))
    with shop.catalog.transaction() as ledger:
        ledger.record_document(
            shop.images[0].digest,
            other.sealed.data + b" ",
            role="bundle",
            media_type="application/vnd.dev.sigstore.bundle.v0.3+json",
            predicate_type=IMAGE_SIGNATURE,
            keyid=shop.signer.public_key.keyid,
            at=1_900_000_000,
        )
    (said,) = shop.sign_and_publish(shop.images[:1])
    assert not said.reused


@pytest.mark.parametrize("form", [SigningForm.MESSAGE, SigningForm.RAW])
def test_a_file_in_the_way_is_seen_before_anything_is_signed(shop, form):
    name = "b.bin.sig" if form is SigningForm.RAW else "b.bin.sigstore.json"
    (shop.root / name).write_text("another's")
    with pytest.raises(InputError, match="--replace"):
        shop.sign_and_publish(shop.files, Publication(form=form, beside=True), signer=Unplugged(shop.signer, 0))
    assert (shop.root / name).read_text() == "another's"
    assert shop.log.size == 0
    shop.sign_and_publish(shop.files, Publication(form=form, beside=True, replace=True))
    assert (shop.root / name).read_text() != "another's"


def test_forms_that_a_target_cannot_have_are_refused_before_anything_is_signed(shop):
    nothing = Unplugged(shop.signer, 0)
    for targets, how in (
        (shop.files, Publication(form=SigningForm.COSIGN)),
        (shop.images, Publication(form=SigningForm.RAW)),
        (shop.images, Publication(beside=True)),
        (shop.images, Publication(form=SigningForm.COSIGN, output=shop.root / "x")),
        (shop.images, Publication(output=shop.root / "x")),
    ):
        with pytest.raises(InputError):
            shop.sign_and_publish(targets, how, signer=nothing)
    assert shop.published() == (0, 0, 0, 0)
