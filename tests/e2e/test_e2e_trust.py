"""`pratique trust`, as a team uses it: two holders on two machines, a machine that publishes, and one that follows."""

import json
import shutil
import time

import pytest

from pratique.attest.bundle import parse_bundle
from pratique.cli.main import run
from pratique.keys.file import load_public_key
from pratique.model import Digest


class Desk:
    """One person's machine: a home, a folder with the trust, and what the last command printed."""

    def __init__(self, path, monkeypatch, capsys):
        self.path, self.monkeypatch, self.capsys = path, monkeypatch, capsys
        (path / "trust").mkdir(parents=True)
        self.folder = path / "trust"

    def __call__(self, *arguments, code=0):
        self.monkeypatch.setenv("PRATIQUE_HOME", str(self.path / "home"))
        self.monkeypatch.chdir(self.folder)
        self.capsys.readouterr()
        got = run(list(arguments))
        captured = self.capsys.readouterr()
        assert got == code, captured
        return captured.out + captured.err

    def json(self, *arguments, code=0):
        return json.loads(self(*arguments, "--format", "json", code=code))

    def key(self, name):
        self("key", "generate", "-o", str(self.path / name), "--no-passphrase")
        return str(self.path / f"{name}.pub")


@pytest.fixture
def desk(tmp_path, monkeypatch, capsys):
    return lambda name: Desk(tmp_path / name, monkeypatch, capsys)


def hand_over(giver, taker):
    """What git would do."""
    shutil.rmtree(taker.folder)
    shutil.copytree(giver.folder, taker.folder)


@pytest.fixture
def team(desk):
    """Alice, Bob and the publishing machine, before anything is signed; two of two hold the root and trust.yaml."""
    alice, bob, machine = desk("alice"), desk("bob"), desk("machine")
    alice_pub, bob_pub, machine_pub = alice.key("alice"), bob.key("bob"), machine.key("online")
    holders = ["--root-key", alice_pub, "--root-key", bob_pub, "--threshold", "2"]
    alice("trust", "init", "--name", "acme", *holders, "--online-key", machine_pub)
    release = alice.key("release")
    says = ["--says", "signature", "--says", "sbom", "--about", "registry.example.com/acme"]
    alice("trust", "add", "release", "--key", release, *says)
    return alice, bob, machine


def agree(team):
    """Both sign, on their own machines, and the third publishes."""
    alice, bob, machine = team
    alice("trust", "sign", "--key", str(alice.path / "alice"))
    hand_over(alice, bob)
    bob("trust", "sign", "--key", str(bob.path / "bob"))
    hand_over(bob, machine)
    out = machine("trust", "publish", "--key", str(machine.path / "online"))
    hand_over(machine, alice)
    return out


def test_a_team_sets_up_its_trust_and_another_machine_follows_it(team, desk):
    alice, bob, machine = team
    out = alice("trust", "sign", "--key", str(alice.path / "alice"))
    assert "release gains the right to say SBOM about registry.example.com/acme" in out
    hand_over(alice, bob)
    assert "1 of 2" not in bob("trust", "sign", "--key", str(bob.path / "bob"))
    hand_over(bob, machine)
    place = f"oci-dir:{machine.path / 'layout'}:trust"
    published = machine.json("trust", "publish", "--key", str(machine.path / "online"), "--to", place)
    carol = desk("carol")
    followed = carol.json("trust", "follow", place, "--root-digest", published["root"])
    assert followed["versions"] == {"root": 1, "snapshot": 1, "targets": 1, "timestamp": 1}
    shown = carol("trust", "show")
    assert "may say SBOM, signature about registry.example.com/acme" in shown
    assert "good until" in shown
    machine("trust", "publish", "--key", str(machine.path / "online"), "--to", place)
    assert carol.json("trust", "refresh")["versions"]["timestamp"] == 2


def test_one_of_two_is_not_enough_and_says_who_is_missing(team):
    alice, bob, _ = team
    out = alice("trust", "sign", "--key", str(alice.path / "alice"))
    bob_id = load_public_key(bob.path / "bob.pub").keyid[:12]
    assert f"1 more needed, by any of {bob_id}…" in out
    assert bob_id in alice("trust", "publish", "--key", str(alice.path / "alice"), code=2)
    assert alice.json("trust", "show")["drafts"]["root"]["short"] == 1


def test_the_first_root_must_be_named(team, desk):
    agree(team)
    carol = desk("carol")
    source = f"file:{team[2].folder / 'published'}"
    assert "by --root or by --root-digest" in carol("trust", "follow", source, code=2)
    wrong = str(Digest.of(b"another root"))
    assert "its first root is" in carol("trust", "follow", source, "--root-digest", wrong, code=1)
    carol("trust", "follow", source, "--root", str(team[2].folder / "published" / "metadata" / "1.root.json"))


def test_a_place_that_is_gone_exits_with_3_and_the_trust_is_kept(team, desk):
    agree(team)
    carol = desk("carol")
    source = team[2].folder / "published"
    carol("trust", "follow", f"file:{source}", "--root", str(source / "metadata" / "1.root.json"))
    shutil.rmtree(source)
    assert "no trust repository" in carol("trust", "refresh", code=3)
    carol("trust", "show")


def test_trust_that_expired_is_shown_as_expired_and_exits_with_3(team, desk, monkeypatch):
    agree(team)
    carol = desk("carol")
    source = team[2].folder / "published"
    carol("trust", "follow", f"file:{source}", "--root", str(source / "metadata" / "1.root.json"))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 8 * 86400)
    assert "expired: run pratique trust refresh" in carol("trust", "show", code=3)
    assert "clients believe nothing of it any more" in team[0]("trust", "show", code=3)


def test_trust_that_expired_in_the_first_second_of_1970_is_not_good_forever(team, desk):
    agree(team)
    carol = desk("carol")
    source = team[2].folder / "published"
    carol("trust", "follow", f"file:{source}", "--root", str(source / "metadata" / "1.root.json"))
    (state,) = carol.path.rglob("state.json")
    state.write_text(json.dumps(json.loads(state.read_text()) | {"expires": 0}))
    assert carol.json("trust", "show", code=3)["expires"] == "1970-01-01T00:00:00Z"


def test_a_key_is_rotated_in_place_retired_revoked_and_each_is_told_in_words(team):
    alice, _, _ = team
    agree(team)
    old, new = load_public_key(alice.path / "release.pub").keyid, alice.key("new")
    out = alice("trust", "rotate", str(alice.path / "release.pub"), new, "--at", "2027-01-31")
    assert f"release gains key {load_public_key(alice.path / 'new.pub').keyid[:12]}…" in out
    assert f"release: key {old[:12]}… is now retired 2027-01-31T23:59:59Z" in out
    out = alice("trust", "revoke", old[:12], "--compromised-at", "2026-06-01T12:00:00Z")
    assert "compromised 2026-06-01T12:00:00Z" in out
    assert "known to be compromised since" in alice("trust", "revoke", old[:12], "--compromised-at", "2026-07-01", code=2)
    alice("trust", "revoke", old[:12], "--compromised-at", "2026-05-01")
    out = alice("trust", "retire", new, "--at", "2026-01-01")
    assert "retired 2026-01-01T23:59:59Z" in out
    shown = alice.json("trust", "show")
    assert sorted(shown["states"]["release"].values()) == ["compromised", "retired"]
    assert len(shown["pending"]) == 2
    agree(team)
    assert alice.json("trust", "show")["pending"] == []


def test_what_people_wrote_around_a_change_stays(team):
    alice, _, _ = team
    text = alice.folder.joinpath("trust.yaml").read_text()
    noted = "# agreed on in March\nversion: 1   # of the format"
    alice.folder.joinpath("trust.yaml").write_text(text.replace("version: 1", noted))
    alice(
        "trust",
        "add",
        "security",
        "--issuer",
        "https://accounts.example.com",
        "--subject",
        "sec@acme.example",
        "--says",
        "signature",
        "--about",
        "*",
        "--from",
        "2026-01-01",
    )
    after = alice.folder.joinpath("trust.yaml").read_text()
    assert noted in after
    assert after.startswith("# Who may say what")


def test_workloads_and_certificates_are_added_with_claims_and_windows(team):
    alice, _, _ = team
    alice(
        "trust",
        "add",
        "ci",
        "--issuer",
        "https://token.actions.githubusercontent.com",
        "--subject-pattern",
        "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*",
        "--claim",
        "runner_environment=github-hosted",
        "--says",
        "provenance",
        "--about",
        "registry.example.com/acme",
    )
    alice("trust", "add", "ci", "--store", "ca:acme", "--certificate-name", "CN=ci,O=Acme")
    shown = alice("trust", "show")
    assert "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*" in shown
    assert "runner_environment=github-hosted" in shown
    assert "CN=ci,O=Acme (trust store ca:acme)" in shown


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["add", "release"], "nothing to add"),
        (["add", "release", "--says", "signature"], "both --says and --about"),
        (["add", "ci", "--issuer", "https://*.example", "--subject", "x", "--says", "sbom", "--about", "*"], "no wildcards"),
        (["add", "ci", "--issuer", "https://a.example", "--subject-pattern", ".+"], "not anchored"),
        (["add", "ci", "--issuer", "https://a.example", "--subject", "x"], "must say what it may say"),
        (["add", "ci", "--store", "ca:acme"], "both --store and --certificate-name"),
        (["add", "release", "--key", "/nonexistent.pub"], "no such key"),
        (["retire", "nobody"], "no signer called 'nobody'"),
        (["retire", "a"], "no signer called 'a'"),
        (["revoke"], "say what to take back"),
        (["revoke", "--statement", "sha256:12"], "neither a digest nor a bundle"),
        (["revoke", "--predicate", "sbom"], "predicate type and a subject"),
        (["revoke", "x", "--reason", "y"], "since when"),
        (["role", "root"], "nothing to change"),
        (["role", "root", "--threshold", "3"], "can never be met"),
        (["role", "root", "--remove", "ffffffff"], "no holders called"),
        (["follow", "nowhere", "--root-digest", "sha256:" + "a1" * 32], "not a place for trust"),
        (["init", "--threshold", "1"], "nobody would hold the root"),
        (["sign", "-C", "/nonexistent", "--key", "a.key"], "no trust is kept here"),
    ],
)
def test_a_wrong_request_is_one_line_and_changes_nothing(team, arguments, complaint):
    alice, _, _ = team
    before = {path: path.read_bytes() for path in alice.folder.rglob("*") if path.is_file()}
    out = alice("trust", *arguments, code=2)
    assert complaint in out
    assert len(out.strip().splitlines()) == 1
    assert {path: path.read_bytes() for path in alice.folder.rglob("*") if path.is_file()} == before


def test_the_root_changes_hands_with_the_signatures_of_old_and_new(team, desk):
    alice, bob, machine = team
    agree(team)
    carol = desk("carol")
    carol_pub = carol.key("carol")
    out = alice("trust", "rotate", "--role", "root", str(bob.path / "bob.pub"), carol_pub)
    assert "root gains the holder" in out
    assert "root loses the holder" in out
    alice("trust", "sign", "--key", str(alice.path / "alice"))
    hand_over(alice, carol)
    carol("trust", "sign", "--key", str(carol.path / "carol"))
    hand_over(carol, machine)
    bob_id = load_public_key(bob.path / "bob.pub").keyid[:12]
    assert bob_id in machine("trust", "publish", "--key", str(machine.path / "online"), code=2)
    hand_over(machine, bob)
    bob("trust", "sign", "--key", str(bob.path / "bob"))
    hand_over(bob, machine)
    assert "version 2" in machine("trust", "publish", "--key", str(machine.path / "online"))


def test_the_online_key_is_replaced_by_its_role(team):
    alice, _, machine = team
    agree(team)
    alice("trust", "role", "online", "--add", machine.key("next"), "--remove", str(machine.path / "online.pub"))
    with pytest.raises(AssertionError):
        agree(team)
    machine("trust", "publish", "--key", str(machine.path / "next"))
    assert "version 2" in machine("trust", "publish", "--key", str(machine.path / "next"))


def test_one_attestation_is_revoked_by_its_bundle_whatever_the_bundle_looks_like(team, desk):
    alice, _, _ = team
    image = alice.path / "chart"
    image.mkdir()
    (image / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    from pratique.app.home import find_home, load_or_make_key
    from pratique.app.home_log import open_logged_signer
    from pratique.attest.statement import StatementSubject, render_statement
    from pratique.keys.logged_signer import seal
    from pratique.model.predicates import IMAGE_SIGNATURE

    home = find_home()
    subject = StatementSubject.of("app", Digest.of(b"app"))
    payload = render_statement(subjects=[subject], predicate_type=IMAGE_SIGNATURE, predicate={})
    sealed = seal(open_logged_signer(home, load_or_make_key(home.service_key)), [payload])[0]
    path = alice.path / "bundle.json"
    path.write_bytes(json.dumps(json.loads(sealed.data), indent=3).encode())
    assert Digest.of(parse_bundle(path.read_bytes()).envelope.payload) == Digest.of(payload)
    alice("trust", "revoke", "--statement", str(path), "--reason", "built from the wrong branch")
    shown = alice.json("trust", "show")["document"]["revoked"]
    assert shown == [{"reason": "built from the wrong branch", "statement": Digest.of(payload)}]
    alice("trust", "revoke", "--predicate", "sbom", "--subject", str(Digest.of(b"image")))
    assert "every SBOM about sha256:" in alice("trust", "show")


def test_none_of_the_keys_is_no_number_of_signers(desk):
    alone = desk("alone")
    holder, key = alone.key("me"), alone.key("other")
    for threshold in ("0", "-1", "2"):
        said = alone("trust", "init", "--root-key", holder, "--targets-key", key, "--targets-threshold", threshold, code=2)
        assert f"a threshold of {threshold} for a role with 1 keys" in said


def test_alone_on_one_machine_three_commands_are_enough(desk):
    alone = desk("alone")
    key = alone.key("me")
    alone("trust", "init", "--root-key", key)
    alone("trust", "sign", "--key", str(alone.path / "me"))
    out = alone("trust", "publish")
    assert "good until" in out
    assert "nobody may say anything yet" in alone("trust", "show")


def test_nothing_followed_is_said_with_what_to_do(desk):
    carol = desk("carol")
    assert "pratique trust follow" in carol("trust", "show", code=2)
    assert "pratique trust follow" in carol("trust", "refresh", code=2)


def test_whoever_exchanges_the_folder_does_not_get_a_signature_for_the_real_trust(team, desk):
    """Mallory makes a trust of her own in which Bob holds trust.yaml; what he signs there would count in the real one."""
    _, bob, machine = team
    agree(team)
    published = machine.folder / "published"
    bob("trust", "follow", f"file:{published}", "--root", str(published / "metadata" / "1.root.json"))
    mallory = desk("mallory")
    own = mallory.key("own")
    signers = ["--targets-key", str(bob.path / "bob.pub"), "--targets-key", own]
    mallory("trust", "init", "--name", "acme", "--root-key", own, *signers)
    mallory("trust", "add", "release", "--key", own, "--says", "signature", "--about", "*")
    mallory("trust", "sign", "--key", str(mallory.path / "own"))
    mallory("trust", "publish")
    mallory("trust", "add", "helper", "--key", mallory.key("other"), "--says", "sbom", "--about", "example.com/harmless")
    hand_over(mallory, bob)
    assert "not the trust that this machine follows" in bob("trust", "sign", "--key", str(bob.path / "bob"), code=1)


def test_an_old_folder_is_not_signed_by_who_has_seen_a_newer(team):
    alice, bob, machine = team
    agree(team)
    hand_over(machine, bob)
    alice("trust", "add", "release", "--says", "provenance", "--about", "registry.example.com/acme")
    alice("trust", "sign", "--key", str(alice.path / "alice"))
    hand_over(alice, machine)
    machine("trust", "sign", "--key", str(bob.path / "bob"))
    machine("trust", "publish", "--key", str(machine.path / "online"))
    published = machine.folder / "published"
    bob("trust", "follow", f"file:{published}", "--root", str(published / "metadata" / "1.root.json"))
    bob("trust", "add", "release", "--says", "decision", "--about", "registry.example.com/acme")
    assert "older than version 2, which this machine has seen" in bob("trust", "sign", "--key", str(bob.path / "bob"), code=1)
