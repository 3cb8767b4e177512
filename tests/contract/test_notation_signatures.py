"""Signatures that notation made, attached to images in a folder, a real registry without referrers API, and one with it."""

import json
import uuid
from pathlib import Path

import pytest

from pratique.attest.notation import COSE, JWS, TrustStatement, TrustStores, parse_envelope, thumbprint, verify
from pratique.errors import LimitExceeded, Malformed, NotFound
from pratique.model import Digest
from pratique.registry.layout import open_layout
from pratique.registry.notation import MAX_SIGNATURES, SIGNATURE, THUMBPRINTS, attach_signature, fetch_signature, list_signatures
from pratique.registry.remote import Remote
from pratique.registry.types import EMPTY_CONFIG, EMPTY_CONFIG_DATA, OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor

DATA = Path(__file__).resolve().parents[1] / "data" / "notation" / "timestamps"
BY_NOTATION = {JWS: (DATA / "withoutTimestamp.sig").read_bytes(), COSE: (DATA / "coseWithTimestamp.sig").read_bytes()}


@pytest.fixture(params=["layout", "docker-registry", "oci-1.1"])
def repository(request, tmp_path):
    if request.param == "layout":
        made = open_layout(tmp_path / "layout", create=True)
    elif request.param == "docker-registry":
        made = Remote(request.getfixturevalue("registry_host"), f"contract/{uuid.uuid4().hex}", plain_http=True, environ={})
    else:
        made = Remote(request.getfixturevalue("oci_server").host, "contract/app", plain_http=True, environ={})
    yield made
    made.close()


def put(repository, data, media_type):
    digest = Digest.of(data)
    repository.push_blob(digest, len(data), [data])
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


@pytest.fixture
def image(repository):
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": put(repository, b"{}", OCI_CONFIG),
        "layers": [put(repository, b"layer", OCI_LAYER)],
    }
    return repository.push_manifest(json.dumps(document).encode(), OCI_MANIFEST, "v1")


def test_what_is_attached_is_found_fetched_and_announced_as_the_specification_says(repository, image):
    for media_type, data in BY_NOTATION.items():
        attach_signature(repository, subject=image, data=data, media_type=media_type, created=1_800_000_000)
    found = list_signatures(repository, image.digest)
    assert (len(found.signatures), found.left_out) == (2, 0)
    fetched = {
        media_type: data for data, media_type in (fetch_signature(repository, one, image.digest) for one in found.signatures)
    }
    assert fetched == BY_NOTATION
    for one in found.signatures:
        manifest = repository.fetch_manifest(one.digest)
        document = manifest.document
        assert (document["artifactType"], document["config"]["mediaType"]) == (SIGNATURE, SIGNATURE)
        assert document["layers"][0]["mediaType"] in BY_NOTATION
        chain = parse_envelope(BY_NOTATION[document["layers"][0]["mediaType"]], document["layers"][0]["mediaType"]).chain
        assert json.loads(document["annotations"][THUMBPRINTS]) == [thumbprint(der) for der in chain]
        assert manifest.subject.digest == image.digest


def test_attaching_twice_is_attaching_once(repository, image):
    for _ in range(2):
        attach_signature(repository, subject=image, data=BY_NOTATION[JWS], media_type=JWS, created=None)
    assert len(list_signatures(repository, image.digest).signatures) == 1


def test_the_manifest_form_of_older_registries_is_read_too(repository, image):
    layer = put(repository, BY_NOTATION[JWS], JWS)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": put(repository, EMPTY_CONFIG_DATA, SIGNATURE),
        "layers": [layer],
        "subject": {"mediaType": image.media_type, "digest": image.digest, "size": image.size},
    }
    repository.push_referrers([json.dumps(document).encode()], OCI_MANIFEST)
    (one,) = list_signatures(repository, image.digest).signatures
    assert fetch_signature(repository, one, image.digest) == (BY_NOTATION[JWS], JWS)


def test_what_is_no_signature_of_this_image_is_not_fetched(repository, image):
    other = Digest.of(b"another image")
    good = attach_signature(repository, subject=image, data=BY_NOTATION[JWS], media_type=JWS, created=None)
    with pytest.raises(Malformed, match="another artifact"):
        fetch_signature(repository, good, other)

    def attached(layers, artifact_type=SIGNATURE):
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": artifact_type,
            "config": put(repository, EMPTY_CONFIG_DATA, EMPTY_CONFIG),
            "layers": layers,
            "subject": {"mediaType": image.media_type, "digest": image.digest, "size": image.size},
        }
        return repository.push_referrers([json.dumps(document).encode()], OCI_MANIFEST)[0]

    layer = put(repository, BY_NOTATION[JWS], JWS)
    for layers, artifact_type, words in [
        ([], SIGNATURE, "one layer"),
        ([layer, layer], SIGNATURE, "one layer"),
        ([{**layer, "mediaType": OCI_LAYER}], SIGNATURE, "no signature envelope"),
        ([layer], "application/vnd.example.other", "no signature"),
    ]:
        with pytest.raises(Malformed, match=words):
            fetch_signature(repository, attached(layers, artifact_type), image.digest)
    with pytest.raises(LimitExceeded):
        fetch_signature(repository, attached([{**layer, "size": 100 << 20}]), image.digest)
    with pytest.raises(Malformed):
        attach_signature(repository, subject=image, data=b"{}", media_type=JWS, created=None)
    with pytest.raises(NotFound):
        fetch_signature(repository, Descriptor(media_type=OCI_MANIFEST, digest=other, size=1), image.digest)


class Flooded:
    """A repository that lists ten thousand signatures of strangers, and one of somebody known among them."""

    name = "flooded"

    def __init__(self, known):
        stranger = {THUMBPRINTS: json.dumps(["00" * 32])}
        odd = ("[" * 100_000, "null", '{"a":1}', "[1, null, []]", '["' + "a" * 100_000 + '"]')
        self.all = [self.one(number, stranger) for number in range(10_000)]
        self.all += [self.one(20_000 + number, {THUMBPRINTS: text}) for number, text in enumerate(odd)]
        self.all.append(self.one(30_000, {THUMBPRINTS: json.dumps([known.upper()])}))

    @staticmethod
    def one(number, annotations):
        return Descriptor(
            media_type=OCI_MANIFEST, digest=Digest.of(b"%d" % number), size=1, annotations=annotations, artifact_type=SIGNATURE
        )

    def list_referrers(self, digest, artifact_type=None):
        return list(self.all)


def test_a_flood_of_ten_thousand_signatures_does_not_push_a_trusted_one_out():
    chain = parse_envelope(BY_NOTATION[JWS], JWS).chain
    stores = TrustStores(certificates={"ca:known": chain})
    flooded = Flooded(thumbprint(chain[0]))
    found = list_signatures(flooded, Digest.of(b"image"), trusted=stores.thumbprints(["ca:known"]))
    assert found.signatures[0] == flooded.all[-1]
    assert (len(found.signatures), found.left_out) == (MAX_SIGNATURES, len(flooded.all) - MAX_SIGNATURES)


def test_an_announced_thumbprint_is_believed_by_nobody():
    envelope = parse_envelope(BY_NOTATION[JWS], JWS)
    outcome = verify(
        BY_NOTATION[JWS],
        JWS,
        digest=Digest.of(b""),
        size=0,
        artifact_type=OCI_MANIFEST,
        statement=TrustStatement(name="any", stores=("ca:other",), identities=None),
        stores=TrustStores(certificates={"ca:unused": envelope.chain}),
        at=1_800_000_000,
        answers={},
    )
    assert (outcome.cause, outcome.signed) == ("mismatch", None)
