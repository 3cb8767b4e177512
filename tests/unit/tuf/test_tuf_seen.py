"""A trust that comes along in an archive is held against what this machine has already seen of the same one."""

import shutil

import pytest
from test_tuf_client import changed, snapshot_of
from tuf.api.metadata import Metadata
from tuf_team import NOW, SOURCE, Team, ed25519_signer

from pratique.errors import InputError, Violation
from pratique.tuf.client import follow, repository_files, verify_files
from pratique.tuf.folder import TrustFolder
from pratique.tuf.places import MemoryPlace
from pratique.tuf.roles import RoleKeys


def verify(team, files, folder, *, root=None, followed=None):
    scratch = team.home.with_name(folder)
    shutil.rmtree(scratch, ignore_errors=True)
    return verify_files(
        files, root=root or team.pinned, directory=scratch, now=NOW, name="app.tar", followed=followed or team.home
    )


def test_an_archive_from_before_a_revocation_is_refused_where_the_revocation_was_seen(team):
    old = snapshot_of(team)
    team.follow()
    assert verify(team, old, "same").versions["timestamp"] == 1  # as new as what was seen
    changed(team)
    new = snapshot_of(team)
    assert verify(team, new, "newer").versions["targets"] == 2  # newer than what was seen
    team.follow()
    assert verify(team, repository_files(team.home), "as new").versions["targets"] == 2
    with pytest.raises(Violation, match="targets is version 1, and version 2 was seen here") as refused:
        verify(team, old, "older")
    assert refused.value.where == "app.tar" and "\n" not in refused.value.message


def test_an_archive_whose_timestamp_alone_is_older_is_refused(team):
    old = snapshot_of(team)
    team.publish(now=NOW + 60)
    team.follow()
    with pytest.raises(Violation, match="version 1, and version 2 was seen here"):
        verify(team, old, "older")


def test_a_refused_archive_and_one_that_is_newer_change_nothing_that_is_remembered(team):
    team.follow()
    kept = {path: path.read_bytes() for path in team.home.rglob("*") if path.is_file()}
    changed(team)
    verify(team, snapshot_of(team), "newer")
    assert {path: path.read_bytes() for path in team.home.rglob("*") if path.is_file()} == kept


def test_a_machine_that_follows_nothing_refuses_nothing(team):
    old = snapshot_of(team)
    changed(team)
    assert verify(team, old, "nothing").versions["targets"] == 1


def another(team, tmp_path):
    """A trust that the same people hold."""
    other = Team(folder=TrustFolder(tmp_path / "other"), alice=team.alice, bob=team.bob, online=team.online, home=team.home)
    other.folder.path.mkdir()
    for name in ("release.pub", "trusted_root.json"):
        shutil.copy(team.folder.path / name, other.folder.path / name)
    holders = RoleKeys(keys=(team.alice.public_key, team.bob.public_key), threshold=2)
    machine = RoleKeys(keys=(team.online.public_key,))
    roles = {"root": holders, "targets": holders, "snapshot": machine, "timestamp": machine}
    other.folder.start(roles, SOURCE.replace("acme", "elsewhere"), now=NOW + 1)
    other.sign()
    for _ in range(3):
        other.publish()
    return other


def test_another_trust_of_the_same_holders_is_another_whichever_root_was_pinned(team, tmp_path):
    old, other = snapshot_of(team), another(team, tmp_path)
    other.follow()
    assert verify(team, old, "another").versions["timestamp"] == 1
    rotated(other)
    second = (other.folder.published / "metadata/2.root.json").read_bytes()
    late = team.home.with_name("late")
    follow(late, "file:/published", root=second, now=NOW, place=MemoryPlace(snapshot_of(other)))
    assert verify(team, old, "another", followed=late).versions["timestamp"] == 1


def rotated(team):
    """A new root: another machine publishes."""
    machine = ed25519_signer()
    team.folder.change_roles({role: RoleKeys(keys=(machine.public_key,)) for role in ("snapshot", "timestamp")}, now=NOW)
    team.sign()
    team.publish(signers=[machine])


def test_the_trust_is_the_same_whichever_of_its_roots_was_pinned_and_however_that_is_spelled(team):
    old, first = snapshot_of(team), team.pinned
    rotated(team)
    team.follow()  # from the first root
    second = (team.folder.published / "metadata/2.root.json").read_bytes()
    respelled = Metadata.from_bytes(first).to_bytes() + b"\n"
    for root in (first, respelled):
        with pytest.raises(Violation, match="root is version 1, and version 2 was seen here"):
            verify(team, old, "older", root=root)
    late = team.home.with_name("late")
    follow(late, "file:/published", root=second, now=NOW, place=MemoryPlace(snapshot_of(team)))
    with pytest.raises(Violation, match="root is version 1, and version 2 was seen here"):
        verify(team, old, "older", followed=late)
    assert verify(team, snapshot_of(team), "as new", root=first, followed=late).versions["root"] == 2


def test_where_the_publisher_s_key_was_changed_since_its_versions_may_begin_anew(team):
    for _ in range(3):
        team.publish()
    team.follow()
    rotated(team)
    files = snapshot_of(team)
    assert verify(team, files, "anew").versions["root"] == 2


@pytest.mark.parametrize("name", ["targets.json", "root_history"])
def test_a_damaged_memory_is_said_and_never_passed_over(team, name):
    team.follow()
    path = team.home / "metadata" / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.write_bytes(b"{}")
    with pytest.raises(InputError, match="the followed trust is damaged"):
        verify(team, snapshot_of(team), "x")
