"""What is signed, byte by byte, and what nobody may sign."""

from dataclasses import replace

import pytest
from notary import AT, TARGET, signed, team

from pratique.attest.notation import COSE, JWS, parse_envelope
from pratique.attest.notation.sign import render_target
from pratique.errors import Malformed

ACME = team()
DIGEST = str(TARGET.digest).encode()
DESCRIPTOR = b'"digest":"%s","mediaType":"application/vnd.oci.image.manifest.v1+json","size":5' % DIGEST


@pytest.mark.parametrize(
    ("annotations", "before"), [({}, b""), ({"b": "7", "a": "é"}, '"annotations":{"a":"é","b":"7"},'.encode())]
)
def test_a_payload_is_the_descriptor_of_the_artifact_and_has_annotations_only_where_there_are_some(annotations, before):
    target = replace(TARGET, annotations=annotations)
    payload = b'{"targetArtifact":{%s%s}}' % (before, DESCRIPTOR)
    assert render_target(target) == payload
    for media_type in (JWS, COSE):
        assert parse_envelope(signed(ACME, media_type=media_type, target=target), media_type).payload == payload


@pytest.mark.parametrize("name", ["io.cncf.notary", "io.cncf.notary.x"])
def test_annotations_under_the_specification_s_own_name_are_nobody_s_to_sign(name):
    for annotations in ({name: "1"}, {"a": "1", name: "1"}):
        with pytest.raises(Malformed, match="^annotations under io.cncf.notary are the specification's own$"):
            signed(ACME, target=replace(TARGET, annotations=annotations))
    assert signed(ACME, target=replace(TARGET, annotations={f"x.{name}": "1"}))


def test_a_signature_expires_after_it_was_made_or_is_not_made():
    assert parse_envelope(signed(ACME, expiry=AT + 1), JWS).attributes.expiry == AT + 1
    for expiry in (AT, AT - 1, 0):
        with pytest.raises(Malformed, match="^a signature that expires before it is made$"):
            signed(ACME, expiry=expiry)
