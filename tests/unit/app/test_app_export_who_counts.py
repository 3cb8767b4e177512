"""An archive proves itself under the whole trust, also where nobody said what the artifact is called."""

import json
import sys
import time
from pathlib import Path

sys.path += [str(Path(__file__).parent.parent / "evidence"), str(Path(__file__).parent.parent / "attest")]

import pytest
from test_evidence_appraise import KEY, believing, key_authority, may, own_bundle

from pratique.app.export_bundle import Believed, Demands, _appraised, export_bundle
from pratique.app.home import Home
from pratique.attest.bundle import parse_bundle
from pratique.errors import Violation
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.registry.attach import attach_bundles
from pratique.registry.layout import open_layout
from pratique.trust import Grant, Lifetime, Revocation, Scope, Threshold, Window

NOW = int(time.time())
ELSEWHERE = "registry.example.com/elsewhere"
BEFORE, LATER = NOW - 3600, NOW + 3600


@pytest.fixture
def harbour(tmp_path):
    """A layout with an image, and its digest; `attach` puts a bundle beside it."""
    layout = open_layout(tmp_path / "harbour", create=True)
    config = b"{}"
    layout.push_blob(Digest.of(config), len(config), [config])
    kind = "application/vnd.oci.image.manifest.v1+json"
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest.of(config), "size": len(config)}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": described, "layers": []}).encode()
    subject = layout.push_manifest(manifest, kind, "v1")

    def attach(*bundles):
        attach_bundles(
            layout, subject, [(kind, own_bundle(kind, subject.digest, signer)) for kind, signer in bundles], created=None
        )

    attach.digest, attach.root = subject.digest, tmp_path / "harbour"
    return attach


@pytest.fixture
def export(tmp_path):
    def run(anchors, name=None):
        return export_bundle(
            Home(tmp_path / "home"),
            f"oci-dir:{tmp_path}/harbour:v1",
            tmp_path / "out.tar",
            trust=None,
            trust_files={},
            believed=Believed(anchors, lambda _: anchors),
            demands=Demands(name=name),
            now=NOW,
        )

    return run


def trusting(lifetime=None, *, grants=None, **more):
    return believing(key_authority(lifetime, grants or may(CYCLONEDX, about=ELSEWHERE)), **more)


def refused(export, tmp_path, anchors, words):
    with pytest.raises(Violation, match=words):
        export(anchors)
    assert not (tmp_path / "out.tar").exists()


@pytest.mark.parametrize(
    ("lifetime", "words"),
    [
        (Lifetime(retired_at=BEFORE), "retired"),
        (Lifetime(compromised_at=BEFORE), "compromised"),
        (Lifetime(window=Window(until=BEFORE)), "ended"),
        (Lifetime(window=Window(since=LATER)), "counts from"),
        (Lifetime(window=Window(until=BEFORE), compromised_at=BEFORE), "compromised"),
    ],
    ids=["retired", "compromised", "ended", "not yet", "ended and compromised"],
)
def test_a_signer_out_of_its_time_proves_no_archive_though_nobody_said_the_artifact_s_name(
    harbour, export, tmp_path, lifetime, words
):
    harbour((CYCLONEDX, KEY))
    assert export(trusting()).verified == 1  # the same, in its time
    (tmp_path / "out.tar").unlink()
    refused(export, tmp_path, trusting(lifetime), words)


@pytest.mark.parametrize("by", ["statement", "subject"])
def test_what_was_taken_back_proves_no_archive_though_nobody_said_the_artifact_s_name(harbour, export, tmp_path, by):
    harbour((CYCLONEDX, KEY))
    payload = parse_bundle(own_bundle(CYCLONEDX, harbour.digest)).envelope.payload
    taken = {
        "statement": Revocation(statement=Digest.of(payload)),
        "subject": Revocation(predicate_type=CYCLONEDX, subject=harbour.digest),
    }
    refused(export, tmp_path, trusting(revocations=(taken[by],)), "taken back")


def test_a_permission_that_has_ended_proves_no_archive_though_nobody_said_the_artifact_s_name(harbour, export, tmp_path):
    harbour((CYCLONEDX, KEY))
    past = Grant(predicates=frozenset({CYCLONEDX}), scopes=(Scope.parse(ELSEWHERE),), window=Window(until=BEFORE))
    refused(export, tmp_path, trusting(grants=(past,)), "permission of release ended")


def test_an_authority_that_may_not_say_such_a_thing_of_anything_proves_no_archive(harbour, export, tmp_path):
    harbour((IMAGE_SIGNATURE, KEY))
    refused(export, tmp_path, trusting(), "may not say signature")


def test_one_voice_proves_no_archive_where_the_trust_asks_two_about_everything(harbour, export, tmp_path):
    from pratique.trust import Authority, Key

    harbour((CYCLONEDX, KEY))
    other = Authority(name="other", signers=(Key(keyid="0" * 64),), grants=may(CYCLONEDX, about=ELSEWHERE))
    anchors = believing(key_authority(grants=may(CYCLONEDX, about=ELSEWHERE)), other)
    rule = Threshold(predicates=frozenset({CYCLONEDX}), scopes=(Scope.parse("*"),), count=2)
    from dataclasses import replace

    strict = replace(anchors, trust=replace(anchors.trust, thresholds=(rule,)))
    assert export(anchors).verified == 1
    (tmp_path / "out.tar").unlink()
    refused(export, tmp_path, strict, "1 of 2")


def test_a_stranger_beside_a_good_signer_proves_nothing_and_spoils_nothing(harbour, export):
    import world

    from pratique.keys.file import FileSigner

    harbour((CYCLONEDX, KEY), (IMAGE_SIGNATURE, FileSigner(world.ed25519.Ed25519PrivateKey.generate())))
    exported = export(trusting())
    assert (exported.said, exported.verified) == (2, 1)


def test_a_registry_says_the_name_to_which_scopes_are_held(harbour):
    harbour((CYCLONEDX, KEY))
    places = ("registry:registry.example.com/acme/app:v1", f"registry:{ELSEWHERE}/app:v1", "oci-dir:acme/app:v1")
    found = [_appraised(open_layout(harbour.root), [harbour.digest], place, None, trusting())[0][0].cause for place in places]
    assert found == [Cause.UNTRUSTED, Cause.NONE, Cause.NONE]


def test_with_a_name_the_scopes_are_held_to(harbour, export, tmp_path):
    harbour((CYCLONEDX, KEY))
    with pytest.raises(Violation, match="may not say"):
        export(trusting(), name="registry.example.com/acme/app")
    assert export(trusting(), name=f"{ELSEWHERE}/app").verified == 1
