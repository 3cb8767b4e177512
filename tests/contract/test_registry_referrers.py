"""Evidence is found and kept whatever a registry says that it can: lists that lie, and the many ways to have no list at all."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pratique.errors import AuthenticationRequired, Malformed, RateLimited, Unavailable
from pratique.evidence.collect import collect_from_repository
from pratique.evidence.collected import EvidenceForm
from pratique.model import Cause, Digest
from pratique.registry.attach import attach
from pratique.registry.copy import copy_artifact
from pratique.registry.cosign import ATTESTATIONS, SIGNATURES, fetch_layers, tag_of
from pratique.registry.layout import open_layout
from pratique.registry.referrers import render_index
from pratique.registry.remote import Remote
from pratique.registry.types import (
    EMPTY_CONFIG,
    EMPTY_CONFIG_DATA,
    OCI_INDEX,
    OCI_MANIFEST,
    SIGSTORE_BUNDLE,
    Descriptor,
    fallback_tag,
)

EMPTY = {"mediaType": EMPTY_CONFIG, "digest": Digest.of(EMPTY_CONFIG_DATA), "size": 2}
IMAGE = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": []}).encode()
SUBJECT = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(IMAGE), size=len(IMAGE))
TAG = fallback_tag(SUBJECT.digest)
PAGE = b"<!DOCTYPE html><title>Welcome</title>"
PEERS = Path.home() / ".cache" / "pratique-peers"


@pytest.fixture
def remote(oci_server):
    oci_server.store_manifest(IMAGE, OCI_MANIFEST, "v1")
    oci_server.blobs[Digest.of(EMPTY_CONFIG_DATA)] = EMPTY_CONFIG_DATA
    made = Remote(oci_server.host, "app", plain_http=True, environ={}, sleep=lambda _: None, find=lambda: None)
    yield made
    made.close()


def sign(repository, blob=b"{}", kind=SIGSTORE_BUNDLE, **options):
    return attach(repository, subject=SUBJECT, blob=blob, artifact_type=kind, annotations={}, created=None, **options)


def digests(repository, kind=None):
    return [item.digest for item in repository.list_referrers(SUBJECT.digest, kind)]


def instead_of_the_list(oci_server, answer):
    oci_server.faults.append(lambda handler: "/referrers/" in handler.path and (answer(handler), True)[1])


def status(code, body=b"", **headers):
    return lambda handler: handler.answer(code, body, **headers)


NO_API = {
    "400": status(400),
    "404": status(404),
    "405": status(405),
    "406": status(406),
    "410": status(410),
    "415": status(415),
    "501": status(501),
    "204": status(204),
    "nothing": status(200),
    "a page": status(200, PAGE, Content_Type="text/html; charset=utf-8"),
    "a page without type": status(200, PAGE),
    "words": status(200, b"OK", Content_Type="text/plain"),
    "some JSON": status(200, b'{"name": "app"}', Content_Type="application/json"),
    "a list that is no object": status(200, b"[]", Content_Type="application/json"),
    "the subject itself": status(200, IMAGE, Content_Type=OCI_MANIFEST),
    "an empty list of a proxy": status(200, render_index([]), Content_Type=OCI_INDEX),
    "an empty list written as null": status(200, b'{"schemaVersion":2,"manifests":null}', Content_Type=OCI_INDEX),
    "an empty list without its member": status(200, json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX}).encode()),
}


@pytest.mark.parametrize("answer", NO_API.values(), ids=NO_API.keys())
def test_however_a_registry_says_that_it_has_no_referrers_api_the_fallback_tag_is_written_and_read(oci_server, remote, answer):
    instead_of_the_list(oci_server, answer)
    assert digests(remote) == []
    ours = sign(remote)
    assert digests(remote) == digests(remote, SIGSTORE_BUNDLE) == [ours.digest]
    assert TAG in oci_server.tags
    assert [piece.form for piece in collect_from_repository(remote, SUBJECT.digest).pieces] == [EvidenceForm.BUNDLE]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_redirect_to_a_page_is_no_referrers_api(scheme):
    def handler(request):
        if "/referrers/" in request.url.path:
            return httpx.Response(303, headers={"Location": f"{scheme}://www.example/packages"})
        if request.url.host == "www.example":
            return httpx.Response(200, stream=httpx.ByteStream(PAGE), headers={"Content-Type": "text/html"})
        if request.url.path.endswith(f"/manifests/{TAG}"):
            entry = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"x"), size=1, artifact_type=SIGSTORE_BUNDLE)
            return httpx.Response(200, stream=httpx.ByteStream(render_index([entry])), headers={"Content-Type": OCI_INDEX})
        return httpx.Response(404)

    found = Remote("r.example", "app", environ={}, handler=httpx.MockTransport(handler), find=lambda: None)
    assert digests(found) == [Digest.of(b"x")]


SILENT = {401: AuthenticationRequired, 403: AuthenticationRequired, 429: RateLimited}


@pytest.mark.parametrize("code", [401, 403, 429, 500, 502, 503, 504, 505, 507, 508, 511, 520, 599, 402, 408, 418, 421, 423, 451])
def test_no_other_failure_of_the_referrers_api_makes_evidence_absent(oci_server, remote, code):
    instead_of_the_list(oci_server, status(code))
    with pytest.raises(SILENT.get(code, Unavailable)) as caught:
        digests(remote)
    assert isinstance(caught.value, Unavailable)
    assert "\n" not in str(caught.value)
    assert not any(TAG in path for _, path, _ in oci_server.requests)
    assert collect_from_repository(remote, SUBJECT.digest).cause is Cause.UNREACHABLE


@pytest.mark.parametrize("code", [401, 403, 429, 500, 503])
def test_a_fallback_tag_that_could_not_be_asked_for_is_unreachable_even_beside_an_empty_list(oci_server, remote, code):
    oci_server.faults.append(lambda handler: TAG in handler.path and (handler.answer(code), True)[1])
    for answer in (None, NO_API["404"], NO_API["an empty list of a proxy"]):
        if answer:
            instead_of_the_list(oci_server, answer)
        with pytest.raises(Unavailable):
            digests(remote)


@pytest.mark.parametrize(
    ("code", "error"),
    [("UNAUTHORIZED", AuthenticationRequired), ("DENIED", AuthenticationRequired), ("TOOMANYREQUESTS", RateLimited)],
)
def test_a_refusal_that_comes_with_status_200_is_a_refusal(oci_server, remote, code, error):
    instead_of_the_list(oci_server, status(200, json.dumps({"errors": [{"code": code}]}).encode()))
    with pytest.raises(error):
        digests(remote)


@pytest.mark.parametrize(
    "body", [b'{"schemaVersion": 2, "manifests": [{"dig', b"\xff\xfe", b'{"manifests": 7}', b'{"manifests": [7, {}]}']
)
def test_a_list_that_is_cut_or_garbage_is_neither_empty_nor_absent(oci_server, remote, body):
    instead_of_the_list(oci_server, status(200, body, Content_Type=OCI_INDEX))
    with pytest.raises(Malformed):
        digests(remote)
    assert collect_from_repository(remote, SUBJECT.digest).cause is Cause.INVALID


def test_a_later_page_that_is_gone_is_not_the_end_of_the_list(oci_server, remote):
    for blob in (b"1", b"2", b"3"):
        sign(remote, blob)
    for answer in (NO_API["404"], NO_API["a page"]):
        oci_server.faults[:] = [lambda handler, answer=answer: "from=" in handler.path and (answer(handler), True)[1]]
        with pytest.raises(Unavailable):
            digests(remote)


@pytest.mark.parametrize("kind", ["image", "index"])
def test_a_registry_that_answers_for_any_tag_with_the_subject_itself_has_no_fallback_tag(oci_server, remote, kind):
    subject, media_type = IMAGE, OCI_MANIFEST
    if kind == "index":  # whose images would pass for referrers
        subject, media_type = render_index([SUBJECT]), OCI_INDEX
    digest = Digest.of(subject)

    def any_tag(handler):
        if "/manifests/sha256-" in handler.path and handler.command == "GET" and not set(oci_server.tags) - {"v1"}:
            handler.answer(200, subject, Content_Type=media_type)
            return True
        return False

    oci_server.referrers_api = False
    oci_server.faults.append(any_tag)
    oci_server.store_manifest(subject, media_type, "v1")
    assert remote.list_referrers(digest) == []
    assert [fetch_layers(remote, digest, form).layers for form in (SIGNATURES, ATTESTATIONS)] == [(), ()]
    assert collect_from_repository(remote, digest).pieces == ()
    ours = attach(
        remote,
        subject=Descriptor(media_type=media_type, digest=digest, size=len(subject)),
        blob=b"{}",
        artifact_type=SIGSTORE_BUNDLE,
        annotations={},
        created=None,
    )
    assert [item.digest for item in remote.list_referrers(digest)] == [ours.digest]


def test_a_copy_takes_no_image_for_its_own_signature(oci_server, remote, tmp_path):
    oci_server.faults.append(
        lambda handler: "/manifests/sha256-" in handler.path and (handler.answer(200, IMAGE, Content_Type=OCI_MANIFEST), True)[1]
    )
    oci_server.referrers_api = False
    place = open_layout(tmp_path / "copy", create=True)
    assert copy_artifact(remote, "v1", place, "v1").said == ()
    index = json.loads((tmp_path / "copy" / "index.json").read_text())
    assert [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in index["manifests"]] == ["v1"]


def test_a_push_answered_without_oci_subject_is_found_all_the_same(oci_server, remote):
    oci_server.says_subject = False
    ours = sign(remote)
    assert digests(remote) == [ours.digest]
    assert TAG not in oci_server.tags  # it was listed without being promised
    oci_server.referrers_api = False
    theirs = sign(remote, b"[]")
    assert digests(remote) == [theirs.digest]


def test_a_registry_that_promises_to_record_referrers_and_does_not_loses_no_evidence(oci_server, remote):
    oci_server.says_subject = True
    instead_of_the_list(oci_server, NO_API["an empty list of a proxy"])
    ours = [sign(remote, blob) for blob in (b"1", b"2")]
    assert digests(remote) == [item.digest for item in ours]


def test_a_list_that_is_a_little_late_is_waited_for_and_no_tag_is_written(oci_server, remote):
    waits = []
    late = Remote(oci_server.host, "app", plain_http=True, environ={}, sleep=waits.append, find=lambda: None)

    def behind(handler):
        if "/referrers/" in handler.path and len(waits) < 2:
            handler.answer(200, render_index([]), Content_Type=OCI_INDEX)
            return True
        return False

    oci_server.faults.append(behind)
    ours = sign(late)
    assert len(waits) == 2
    assert TAG not in oci_server.tags
    assert digests(late) == [ours.digest]


def test_what_is_listed_on_a_later_page_is_not_listed_again_under_a_tag(oci_server, remote):
    for number in range(5):
        sign(remote, b"%d" % number)
    assert TAG not in oci_server.tags


def test_the_api_and_the_fallback_tag_are_merged(oci_server, remote):
    oci_server.referrers_api = False
    before = sign(remote, b"before")
    oci_server.referrers_api = True
    hidden = [lambda handler: "/referrers/" in handler.path and (handler.answer(200, render_index([after])), True)[1]]
    after = sign(remote, b"after")
    oci_server.faults += hidden
    assert digests(remote) == [after.digest, before.digest]


def test_what_others_wrote_under_the_fallback_tag_stays_as_they_wrote_it(oci_server, remote):
    oci_server.referrers_api = False
    strange = {"mediaType": OCI_MANIFEST, "digest": Digest.of(b"x"), "size": 1, "artifactType": "no type", "x-note": ["kept"]}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [strange, {"odd": 1}], "annotations": {"a": "b"}}
    oci_server.store_manifest(json.dumps(index).encode(), OCI_INDEX, TAG)
    ours = sign(remote)
    written = json.loads(oci_server.manifests[oci_server.tags[TAG]][1])
    assert written["manifests"][:2] == index["manifests"]
    assert written["annotations"] == {"a": "b"}
    assert digests(remote) == [Digest.of(b"x"), ours.digest]


def test_a_tag_that_does_not_keep_what_is_written_to_it_is_an_error(oci_server, remote):
    oci_server.referrers_api = False
    oci_server.faults.append(lambda handler: TAG in handler.path and handler.command == "PUT" and (handler.answer(201), True)[1])
    with pytest.raises(Unavailable, match=TAG):
        sign(remote)


ODD = [None, "", "cosign", "my own type", "application/vnd.oci.image.config.v1+json", EMPTY_CONFIG, "x" * 300, "äöü/\u0007"]


@pytest.mark.parametrize("hint", ODD)
def test_the_manifest_decides_what_a_referrer_is_and_not_a_hint_in_the_list(oci_server, remote, hint):
    ours = sign(remote)
    entry = {"mediaType": OCI_MANIFEST, "digest": ours.digest, "size": ours.size}
    entry |= {} if hint is None else {"artifactType": hint}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]}).encode()
    instead_of_the_list(oci_server, status(200, index, Content_Type=OCI_INDEX))
    assert digests(remote) == digests(remote, SIGSTORE_BUNDLE) == [ours.digest]
    assert digests(remote, "other/type") == []
    (piece,) = collect_from_repository(remote, SUBJECT.digest).pieces
    assert (piece.form, piece.data, piece.cause) == (EvidenceForm.BUNDLE, b"{}", Cause.NONE)


@pytest.mark.parametrize("change", [{"size": -5}, {"mediaType": "?"}, {"mediaType": None}, {"annotations": 7}, {"platform": "x"}])
def test_one_odd_entry_spoils_no_list(oci_server, remote, change):
    ours, other = sign(remote), sign(remote, b"[]")
    entries = [{"mediaType": OCI_MANIFEST, "digest": item.digest, "size": item.size} for item in (ours, other)]
    index = {"schemaVersion": 2, "manifests": [{**entries[0], **change}, entries[1], {"digest": "sha256:none"}, 7]}
    instead_of_the_list(oci_server, status(200, json.dumps(index).encode(), Content_Type=OCI_INDEX))
    assert digests(remote) == [ours.digest, other.digest]
    assert {piece.data for piece in collect_from_repository(remote, SUBJECT.digest).pieces} == {b"{}", b"[]"}


@pytest.mark.parametrize("artifact_type", ["cosign", "my own type", "x" * 300, None, "application/vnd.unknown.artifact.v1"])
def test_the_layers_of_a_manifest_decide_whatever_it_calls_itself(oci_server, remote, artifact_type):
    blob = {"mediaType": SIGSTORE_BUNDLE, "digest": Digest.of(b"{}"), "size": 2}
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": [blob]}
    document |= {"subject": {"mediaType": OCI_MANIFEST, "digest": SUBJECT.digest, "size": SUBJECT.size}}
    document |= {"artifactType": artifact_type} if artifact_type else {}
    remote.push_referrers([json.dumps(document).encode()], OCI_MANIFEST)
    (piece,) = collect_from_repository(remote, SUBJECT.digest).pieces
    assert (piece.form, piece.data) == (EvidenceForm.BUNDLE, b"{}")


def test_what_the_list_calls_a_signature_and_is_none_is_passed_over(oci_server, remote):
    note = sign(remote, b"a note", "text/plain")
    entry = Descriptor(media_type=OCI_MANIFEST, digest=note.digest, size=note.size, artifact_type=SIGSTORE_BUNDLE)
    instead_of_the_list(oci_server, status(200, render_index([entry]), Content_Type=OCI_INDEX))
    assert collect_from_repository(remote, SUBJECT.digest).pieces == ()


def test_a_referrer_without_hint_that_cannot_be_had_is_kept_with_its_cause(oci_server, remote):
    bare = {"mediaType": OCI_MANIFEST, "digest": Digest.of(b"gone"), "size": 4}
    index = json.dumps({"schemaVersion": 2, "manifests": [bare]}).encode()
    instead_of_the_list(oci_server, status(200, index, Content_Type=OCI_INDEX))
    assert [piece.cause for piece in collect_from_repository(remote, SUBJECT.digest).pieces] == [Cause.INVALID]
    oci_server.faults.append(lambda handler: Digest.of(b"gone") in handler.path and (handler.answer(500), True)[1])
    assert [piece.cause for piece in collect_from_repository(remote, SUBJECT.digest).pieces] == [Cause.UNREACHABLE]


def test_garbage_under_the_fallback_tag_hides_no_signature_under_cosign_s_tag(oci_server, remote):
    from pratique.registry.cosign import Layer, push_layers

    oci_server.referrers_api = False
    push_layers(
        remote, SUBJECT.digest, SIGNATURES, [Layer(data=b"payload", annotations={"dev.cosignproject.cosign/signature": "x"})]
    )
    oci_server.store_manifest(IMAGE.replace(b": []", b":  []"), OCI_MANIFEST, TAG)
    found = collect_from_repository(remote, SUBJECT.digest)
    assert found.cause is Cause.NONE
    assert {(piece.form, piece.cause) for piece in found.pieces} == {
        (EvidenceForm.COSIGN_SIGNATURE, Cause.NONE),
        (EvidenceForm.BUNDLE, Cause.INVALID),
    }
    assert tag_of(SUBJECT.digest, ".sbom") not in oci_server.tags


def test_a_flood_of_other_artifacts_does_not_push_signatures_out(oci_server, remote, monkeypatch):
    monkeypatch.setattr("pratique.evidence.collect.MAX_PIECES", 3)
    for number in range(5):
        sign(remote, b"%d" % number, "text/plain")
    sign(remote)
    pieces = collect_from_repository(remote, SUBJECT.digest).pieces
    assert [(piece.cause, piece.data) for piece in pieces] == [(Cause.NONE, b"{}"), (Cause.UNREADABLE, b"")]
    assert "2 more artifacts" in pieces[-1].detail


@pytest.fixture(params=["docker-registry", "spec", "ggcr", "none"])
def real_host(request, tmp_path) -> Iterator[str]:
    """Real registries: Debian's, without the API, and go-containerregistry's: API by the letter, its own, none."""
    if request.param == "docker-registry":
        yield request.getfixturevalue("registry_host")
        return
    program = PEERS / "referrers-registry"
    if not program.exists():
        pytest.skip("tools/peers referrers-registry did not install it: there is no Go here")
    with subprocess.Popen([program, "-mode", request.param], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


def test_real_registries_keep_and_find_every_referrer(real_host):
    place = Remote(real_host, f"app/{uuid.uuid4().hex}", plain_http=True, environ={}, find=lambda: None)
    place.push_blob(Digest.of(EMPTY_CONFIG_DATA), 2, [EMPTY_CONFIG_DATA])
    place.push_manifest(IMAGE, OCI_MANIFEST, "v1")
    assert digests(place) == []
    ours = [sign(place, blob) for blob in (b"{}", b"[]", b"1")]
    other = sign(place, b"note", "text/plain")
    assert set(digests(place)) == {item.digest for item in [*ours, other]}
    assert set(digests(place, SIGSTORE_BUNDLE)) == {item.digest for item in ours}
    assert {piece.data for piece in collect_from_repository(place, SUBJECT.digest).pieces} == {b"{}", b"[]", b"1"}
    place.close()


def test_what_oras_attaches_to_a_real_registry_is_found(real_host, tmp_path):
    oras = PEERS / "oras"
    if not oras.exists():
        pytest.skip("tools/peers oras did not install it: there is no Go here")
    name = f"app/{uuid.uuid4().hex}"
    place = Remote(real_host, name, plain_http=True, environ={}, find=lambda: None)
    place.push_blob(Digest.of(EMPTY_CONFIG_DATA), 2, [EMPTY_CONFIG_DATA])
    place.push_manifest(IMAGE, OCI_MANIFEST, "v1")
    (tmp_path / "b.json").write_bytes(b"{}")
    line = [oras, "attach", "--plain-http", "--artifact-type", "odd/type", f"{real_host}/{name}:v1", f"b.json:{SIGSTORE_BUNDLE}"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (piece,) = collect_from_repository(place, SUBJECT.digest).pieces
    assert (piece.form, piece.data) == (EvidenceForm.BUNDLE, b"{}")
    place.close()
