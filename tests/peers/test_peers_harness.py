"""What the other tests here stand on: keys of all kinds, artifacts of all kinds in registries of all manners."""

import json

import peer_keys
import pytest
from peer_artifacts import KINDS
from peer_registry import MODES


@pytest.mark.parametrize("kind", peer_keys.KINDS)
def test_a_key_of_each_kind_can_be_had(keypair, kind):
    assert "PUBLIC KEY" in keypair(kind).public.read_text()
    assert keypair(kind) is keypair(kind)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_artifact_of_each_kind_is_where_crane_finds_it(artifact, peers, kind, mode):
    made = artifact(kind, mode)
    assert peers.crane("digest", made.tagged).ok().out.strip() == made.digest
    document = json.loads(peers.crane("manifest", made.theirs).ok().out)
    assert ("manifests" in document) == (kind == "index")
    assert made.raw.referrers(made.digest) == []
