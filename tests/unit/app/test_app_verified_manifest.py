"""What the agent holds a workload to: the manifest that enough of those who may have signed, and no other."""

import sys
from pathlib import Path
from types import SimpleNamespace

sys.path += [str(Path(__file__).parent.parent / "evidence"), str(Path(__file__).parent.parent / "attest")]

import pytest
from test_evidence_quorum import NAME, ONE, TARGET, believing, said, two

from pratique.app import verified_manifest as under_test
from pratique.app.home import Home
from pratique.errors import Unavailable
from pratique.evidence.collected import Collection
from pratique.model import Cause, FileManifest
from pratique.model.predicates import FILE_MANIFEST
from pratique.runtime.agent import Unverified


@pytest.fixture
def held(tmp_path, monkeypatch):
    def ask(anchors, *pieces):
        monkeypatch.setattr(under_test, "_collect", lambda *_: Collection(pieces=pieces))
        workload = SimpleNamespace(image=TARGET.digest, image_name=NAME)
        return under_test.verified_manifest(Home(tmp_path), workload, anchors, "catalog", None)

    return ask


def test_a_threshold_of_two_is_not_met_for_the_agent_by_one_signature(held):
    anchors = believing(two(FILE_MANIFEST))
    found = held(lambda: anchors, said("release", FILE_MANIFEST, ONE))
    assert isinstance(found, Unverified) and found.cause is Cause.UNTRUSTED and "1 of 2" in found.detail
    both = (said("release", FILE_MANIFEST, ONE), said("security", FILE_MANIFEST, ONE))
    assert isinstance(held(lambda: anchors, *both), FileManifest)


def test_who_is_believed_is_asked_anew_for_each_workload(held):
    believed = [believing(), believing(two(FILE_MANIFEST))]
    piece = said("release", FILE_MANIFEST, ONE)
    assert isinstance(held(lambda: believed.pop(0), piece), FileManifest)
    assert isinstance(held(lambda: believed.pop(0), piece), Unverified)


def test_a_trust_that_expired_while_the_agent_runs_holds_nobody_to_anything_and_says_so(held):
    def expired():
        raise Unavailable("the trust is stale")

    found = held(expired, said("release", FILE_MANIFEST, ONE))
    assert isinstance(found, Unverified) and found.cause is Cause.UNREACHABLE and "stale" in found.detail
