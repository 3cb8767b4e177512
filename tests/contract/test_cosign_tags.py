"""cosign's tags, on a folder, a real registry, and one that can be told to misbehave."""

import json
import threading

import pytest
from test_repository_contract import push_image

from pratique.attest import cosign
from pratique.errors import DigestMismatch, LimitExceeded, Malformed, NotFound, Unavailable
from pratique.evidence.collect import collect_from_repository
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.attach import attach
from pratique.registry.cosign import (
    ATTESTATIONS,
    SIGNATURES,
    Layer,
    fetch_layers,
    push_layers,
    tag_of,
)
from pratique.registry.remote import Remote
from pratique.registry.types import OCI_MANIFEST, SIGSTORE_BUNDLE


def signature(number, image):
    payload = cosign.render_payload(cosign.SimpleSigning(image=image))
    return Layer(data=payload, annotations=cosign.signature_annotations(b"sig %d" % number))


def put(repository, data):
    repository.push_blob(Digest.of(data), len(data), [data])
    return {"digest": Digest.of(data), "size": len(data)}


def raw_tag(repository, tag, layers):
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", **put(repository, b"{}")}
    document = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}
    repository.push_manifest(json.dumps(document).encode(), OCI_MANIFEST, tag)


def no_sleep(_):
    return None


def test_signatures_are_found_again_in_order_and_adding_twice_is_adding_once(repository):
    image = push_image(repository).digest
    first, second = signature(1, image), signature(2, image)
    push_layers(repository, image, SIGNATURES, [first])
    pushed = push_layers(repository, image, SIGNATURES, [second, first])
    assert fetch_layers(repository, image, SIGNATURES).layers == (first, second)
    assert push_layers(repository, image, SIGNATURES, [first, second]) == pushed
    assert tag_of(image, SIGNATURES) == f"sha256-{image.hex}.sig"
    assert fetch_layers(repository, image, ATTESTATIONS).layers == ()


def test_the_configuration_lists_the_layers_for_cosign_adds_to_it(repository):
    image = push_image(repository).digest
    push_layers(repository, image, SIGNATURES, [signature(1, image)])
    push_layers(repository, image, SIGNATURES, [signature(2, image)])
    manifest = repository.fetch_manifest(tag_of(image, SIGNATURES))
    config = json.loads(repository.fetch_blob(manifest.config, limit=10_000))
    assert config["rootfs"] == {"type": "layers", "diff_ids": [str(layer.digest) for layer in manifest.layers]}
    assert len(config["history"]) == len(manifest.layers) == 2


def test_what_others_put_under_the_tag_stays_as_it_was(repository):
    image = push_image(repository).digest
    stranger = {
        "mediaType": "application/vnd.example.other+json",
        **put(repository, b"other"),
        "annotations": {"org.example": "1"},
        "urls": ["https://example.org/other"],
    }
    raw_tag(repository, tag_of(image, SIGNATURES), [stranger])
    push_layers(repository, image, SIGNATURES, [signature(1, image)])
    layers = repository.fetch_manifest(tag_of(image, SIGNATURES)).document["layers"]
    assert layers[0] == stranger
    assert fetch_layers(repository, image, SIGNATURES).layers == (signature(1, image),)


def test_a_writer_in_between_loses_nothing(repository):
    image = push_image(repository).digest
    mine, theirs = signature(1, image), signature(2, image)

    class Interrupted:
        """Another writer, who read before us, overwrites the tag just after we have written it."""

        def __init__(self):
            self.done = False

        def __getattr__(self, name):
            return getattr(repository, name)

        def push_manifest(self, data, media_type, tag=None):
            pushed = repository.push_manifest(data, media_type, tag)
            if not self.done:
                self.done = True
                layer = {
                    "mediaType": cosign.SIMPLE_SIGNING,
                    **put(repository, theirs.data),
                    "annotations": dict(theirs.annotations),
                }
                raw_tag(repository, tag, [layer])
            return pushed

    push_layers(Interrupted(), image, SIGNATURES, [mine], sleep=no_sleep)
    assert {layer.annotations[cosign.SIGNATURE] for layer in fetch_layers(repository, image, SIGNATURES).layers} == {
        mine.annotations[cosign.SIGNATURE],
        theirs.annotations[cosign.SIGNATURE],
    }


def test_a_tag_that_is_overwritten_for_ever_is_given_up_and_said(oci_server):
    remote = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    image = push_image(remote).digest
    layer = {"mediaType": cosign.SIMPLE_SIGNING, **put(remote, b"x"), "annotations": {}}

    class Rude:
        def __getattr__(self, name):
            return getattr(remote, name)

        def push_manifest(self, data, media_type, tag=None):
            pushed = remote.push_manifest(data, media_type, tag)
            raw_tag(remote, tag, [layer])
            return pushed

    with pytest.raises(Unavailable, match="overwriting"):
        push_layers(Rude(), image, SIGNATURES, [signature(1, image)], sleep=no_sleep)
    remote.close()


def test_writers_one_after_the_other_in_threads_all_stay(registry_host):
    remote = Remote(registry_host, "contract/threads", plain_http=True, environ={})
    image = push_image(remote).digest
    lock = threading.Lock()

    def write(number):
        with lock:
            push_layers(remote, image, SIGNATURES, [signature(number, image)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetch_layers(remote, image, SIGNATURES).layers) == 8
    remote.close()


def test_a_registry_that_cannot_be_asked_is_not_one_without_signatures(oci_server):
    remote = Remote(oci_server.host, "contract/app", plain_http=True, environ={}, sleep=no_sleep)
    image = push_image(remote).digest

    for status in (401, 403, 429, 500, 503):

        def refuse(handler, status=status):
            if handler.command == "GET" and handler.path.endswith(".sig"):
                handler.send_response(status)
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return True
            return False

        oci_server.faults[:] = [refuse]
        with pytest.raises(Unavailable):
            fetch_layers(remote, image, SIGNATURES)
        with pytest.raises(Unavailable):
            push_layers(remote, image, SIGNATURES, [signature(1, image)], sleep=no_sleep)
    oci_server.faults.clear()
    assert fetch_layers(remote, image, SIGNATURES).layers == ()
    remote.close()


def test_newer_bundles_beside_an_image_make_no_older_signature(repository):
    image = push_image(repository)
    attach(repository, subject=image, blob=b"bundle", artifact_type=SIGSTORE_BUNDLE, annotations={}, created=1_700_000_000)
    assert fetch_layers(repository, image.digest, SIGNATURES).layers == ()


def test_of_ten_thousand_signatures_the_first_thousand_are_read_and_the_rest_is_told(oci_server):
    remote = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    image = push_image(remote).digest
    blob = put(remote, signature(0, image).data)
    layers = [
        {"mediaType": cosign.SIMPLE_SIGNING, **blob, "annotations": cosign.signature_annotations(b"%d" % number)}
        for number in range(10_000)
    ]
    raw_tag(remote, tag_of(image, SIGNATURES), layers)
    before = len(oci_server.requests)
    found = fetch_layers(remote, image, SIGNATURES)
    assert (len(found.layers), found.unread) == (1_000, 9_000)
    assert found.layers[0].annotations == cosign.signature_annotations(b"0")
    assert len(oci_server.requests) == before + 2
    with pytest.raises(LimitExceeded):
        push_layers(remote, image, SIGNATURES, [signature(1, image)], sleep=no_sleep)
    pieces = collect_from_repository(remote, image).pieces
    assert [piece.detail.partition(": ")[2] for piece in pieces if piece.cause is Cause.UNREADABLE] == [
        "10000 signatures, and 1000 of them were read"
    ]
    assert {piece.claimed_type for piece in pieces if piece.cause is Cause.UNREADABLE} == {IMAGE_SIGNATURE}
    remote.close()


def test_a_thousand_signatures_over_one_payload_fetch_it_once(oci_server):
    remote = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    image = push_image(remote).digest
    push_layers(remote, image, SIGNATURES, [signature(number, image) for number in range(1000)], sleep=no_sleep)
    before = len(oci_server.requests)
    assert len(fetch_layers(remote, image, SIGNATURES).layers) == 1000
    assert len(oci_server.requests) == before + 2
    remote.close()


def test_a_payload_larger_than_any_is_not_fetched(repository):
    image = push_image(repository).digest
    raw_tag(
        repository,
        tag_of(image, SIGNATURES),
        [{"mediaType": cosign.SIMPLE_SIGNING, **put(repository, b" " * 70_000), "annotations": {}}],
    )
    with pytest.raises(LimitExceeded):
        fetch_layers(repository, image, SIGNATURES)


def test_a_registry_that_serves_other_bytes_is_caught(oci_server):
    remote = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    image = push_image(remote).digest
    made = signature(1, image)
    push_layers(remote, image, SIGNATURES, [made])
    oci_server.blobs[str(Digest.of(made.data))] = made.data.replace(b"cosign", b"cosigN")
    with pytest.raises(DigestMismatch):
        fetch_layers(remote, image, SIGNATURES)
    del oci_server.blobs[str(Digest.of(made.data))]
    with pytest.raises(NotFound):
        fetch_layers(remote, image, SIGNATURES)
    remote.close()


def test_an_index_under_the_tag_is_malformed_and_never_overwritten(repository):
    image = push_image(repository).digest
    index = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}).encode()
    repository.push_manifest(index, "application/vnd.oci.image.index.v1+json", tag_of(image, SIGNATURES))
    with pytest.raises(Malformed):
        fetch_layers(repository, image, SIGNATURES)
    with pytest.raises(Malformed):
        push_layers(repository, image, SIGNATURES, [signature(1, image)])
