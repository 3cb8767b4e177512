"""A team for each test, before and after its first publication."""

import pytest
from tuf_team import NOW, SOURCE, TRUSTED_ROOT, Team, ecdsa_signer, ed25519_signer

from pratique.tuf.folder import TrustFolder
from pratique.tuf.roles import RoleKeys


@pytest.fixture
def draft_team(tmp_path):
    """Nothing is signed or published yet; two of two hold root and targets."""
    alice, bob, online = ed25519_signer(), ecdsa_signer(), ed25519_signer()
    folder = TrustFolder(tmp_path / "trust")
    folder.path.mkdir()
    (folder.path / "release.pub").write_bytes(ed25519_signer().public_key.pem)
    (folder.path / "trusted_root.json").write_bytes(TRUSTED_ROOT)
    holders = RoleKeys(keys=(alice.public_key, bob.public_key), threshold=2)
    machine = RoleKeys(keys=(online.public_key,))
    folder.start({"root": holders, "targets": holders, "snapshot": machine, "timestamp": machine}, SOURCE, now=NOW)
    return Team(folder=folder, alice=alice, bob=bob, online=online, home=tmp_path / "home" / "trust")


@pytest.fixture
def team(draft_team):
    """Signed by both and published once."""
    draft_team.sign()
    draft_team.publish()
    return draft_team
