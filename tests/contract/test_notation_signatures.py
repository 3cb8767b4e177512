"""Signatures that notation made, attached to images in a folder, a real registry without referrers API, and one with it."""

import json
import uuid
from pathlib import Path

import pytest

from pratique.attest.notation import COSE, JWS, TrustStatement, TrustStores, parse_envelope, thumbprint, verify
from pratique.errors import Malformed, NotFound
from pratique.evidence.collect import MAX_PIECES, collect_from_repository
from pratique.evidence.collected import EvidenceForm
from pratique.model import Cause, Digest
from pratique.registry.layout import open_layout
from pratique.registry.notation import SIGNATURE, THUMBPRINTS, attach_signature
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


def collected(repository, image):
    found = collect_from_repository(repository, image.digest)
    assert found.cause is Cause.NONE
    return found.pieces


def test_what_is_attached_is_found_fetched_and_announced_as_the_specification_says(repository, image):
    for media_type, data in BY_NOTATION.items():
        attach_signature(repository, subject=image, data=data, media_type=media_type, created=1_800_000_000)
    assert {piece.media_type: piece.data for piece in collected(repository, image)} == BY_NOTATION
    for one in repository.list_referrers(image.digest, SIGNATURE):
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
    assert len(repository.list_referrers(image.digest, SIGNATURE)) == 1


def attached(repository, image, layers, artifact_type=SIGNATURE, config_type=EMPTY_CONFIG):
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": put(repository, EMPTY_CONFIG_DATA, config_type),
        "layers": layers,
        "subject": {"mediaType": image.media_type, "digest": image.digest, "size": image.size},
    }
    document |= {"artifactType": artifact_type} if artifact_type else {}
    return repository.push_referrers([json.dumps(document).encode()], OCI_MANIFEST)[0]


def test_the_manifest_form_of_older_registries_is_read_too(repository, image):
    attached(repository, image, [put(repository, BY_NOTATION[JWS], JWS)], "", SIGNATURE)
    (piece,) = collected(repository, image)
    assert (piece.data, piece.media_type, piece.form) == (BY_NOTATION[JWS], JWS, EvidenceForm.NOTATION)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda layer: [], "has one layer, this has 0"),
        (lambda layer: [layer, layer], "has one layer, this has 2"),
        (lambda layer: [{**layer, "size": 100 << 20}], "104857600"),
    ],
)
def test_a_signature_of_another_form_stays_in_the_list_with_its_cause(repository, image, change, words):
    attached(repository, image, change(put(repository, BY_NOTATION[JWS], JWS)))
    (piece,) = collected(repository, image)
    assert piece.cause is Cause.INVALID and words in piece.detail and piece.data == b""


def test_what_is_no_envelope_is_not_attached(repository, image):
    with pytest.raises(Malformed):
        attach_signature(repository, subject=image, data=b"{}", media_type=JWS, created=None)


class Flooded:
    """A repository that lists ten thousand signatures of strangers, and one of somebody known among them."""

    name = "flooded"

    def __init__(self, known):
        stranger = {THUMBPRINTS: json.dumps(["00" * 32])}
        odd = ("[" * 100_000, "null", '{"a":1}', "[1, null, []]", '["' + "a" * 100_000 + '"]')
        self.all = [self.one(number, stranger) for number in range(10_000)]
        self.all += [self.one(20_000 + number, {THUMBPRINTS: text}) for number, text in enumerate(odd)]
        self.all.append(self.one(30_000, {THUMBPRINTS: json.dumps([known.upper()])}))
        self.asked = []

    @staticmethod
    def one(number, annotations):
        return Descriptor(
            media_type=OCI_MANIFEST, digest=Digest.of(b"%d" % number), size=1, annotations=annotations, artifact_type=SIGNATURE
        )

    def list_referrers(self, digest, artifact_type=None):
        return list(self.all)

    def fetch_manifest(self, reference):
        self.asked.append(reference)
        raise NotFound("gone")


def test_a_flood_of_ten_thousand_signatures_does_not_push_a_trusted_one_out():
    chain = parse_envelope(BY_NOTATION[JWS], JWS).chain
    stores = TrustStores(certificates={"ca:known": chain})
    flooded = Flooded(thumbprint(chain[0]))
    found = collect_from_repository(flooded, Digest.of(b"image"), announced=stores.thumbprints(["ca:known"]))
    assert flooded.asked[0] == flooded.all[-1].digest
    (more,) = [piece for piece in found.pieces if piece.cause is Cause.UNREADABLE]
    assert more.detail == f"{len(flooded.all)} signatures are attached, and {MAX_PIECES} of them were read"


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
