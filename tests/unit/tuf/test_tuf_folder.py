"""Making, signing and publishing a trust: who must sign, and that nothing goes out half."""

import base64
import shutil

import pytest
from pki import make
from tuf_team import NOW, TRUSTED_ROOT, ecdsa_signer, ed25519_signer, key_count

from pratique.attest.publickey import PublicKey
from pratique.errors import DigestMismatch, InputError, Malformed, Unavailable, Untrusted
from pratique.tuf.client import refresh
from pratique.tuf.compile import compile_source, read_source
from pratique.tuf.folder import TrustFolder
from pratique.tuf.roles import RoleKeys, from_tuf, roles_of, to_tuf

ROOT, TARGETS = "root", "targets"


def files_of(path):
    return {str(item.relative_to(path)): item.read_bytes() for item in path.rglob("*") if item.is_file()}


def test_what_is_published_is_followed(team):
    anchors = team.follow()
    assert anchors.trust.authorities.names == {"release"}
    assert anchors.files("sigstore") == [("public-good", TRUSTED_ROOT)]
    assert anchors.versions == {"root": 1, "targets": 1, "snapshot": 1, "timestamp": 1}
    assert set(anchors.keys) == set(anchors.trust.authorities.keyids)
    assert NOW < anchors.expires <= NOW + 7 * 86400


def test_two_people_on_two_machines_sign_one_change_one_after_another(team, tmp_path):
    team.release("second")
    team.sign(team.alice)
    elsewhere = shutil.copytree(team.folder.path, tmp_path / "bobs machine")
    standings = TrustFolder(elsewhere).sign(team.bob, now=NOW)
    assert standings[TARGETS].enough
    shutil.rmtree(team.folder.path)
    shutil.move(elsewhere, team.folder.path)
    team.publish()
    assert key_count(team.follow()) == 2


def test_one_of_two_signatures_publishes_nothing(team):
    before = files_of(team.folder.published)
    team.release("second")
    assert team.sign(team.alice)[TARGETS].short == 1
    with pytest.raises(InputError, match=r"needs 1 more signature.*" + team.bob.public_key.keyid[:12]):
        team.publish()
    assert files_of(team.folder.published) == before


def test_one_holder_who_signs_twice_is_one_signature(team):
    team.release("second")
    team.sign(team.alice)
    assert team.sign(team.alice)[TARGETS].short == 1
    with pytest.raises(InputError):
        team.publish()


def test_a_change_after_the_first_signature_drops_it(team):
    team.release("second")
    team.sign(team.alice)
    team.release("third")
    assert team.sign(team.bob)[TARGETS].short == 1


def test_a_change_that_nobody_signed_does_not_go_out_and_is_said(team):
    team.release("second")
    assert team.publish().unsigned
    assert key_count(team.follow()) == 1


def test_a_stranger_has_nothing_to_sign(team):
    team.release("second")
    with pytest.raises(InputError, match="nothing for this key to sign"):
        team.sign(ed25519_signer())


def test_without_a_change_there_is_nothing_to_sign_until_it_is_renewed(team):
    with pytest.raises(InputError, match="nothing for this key to sign"):
        team.sign(team.alice)
    team.sign(team.alice, renew=True)
    team.sign(team.bob)
    assert team.publish().versions == {"root": 2, "targets": 2, "snapshot": 2, "timestamp": 2}


def test_the_wrong_online_key_publishes_nothing(team):
    before = files_of(team.folder.published)
    with pytest.raises(InputError, match="must be signed by"):
        team.publish(signers=[team.alice])
    assert files_of(team.folder.published) == before


class Unplugged:
    """A device that answers once, and is then gone."""

    def __init__(self, signer, answers):
        self.signer, self.answers = signer, answers

    @property
    def public_key(self):
        return self.signer.public_key

    def sign(self, message):
        if not self.answers:
            raise Unavailable("the token was unplugged")
        self.answers -= 1
        return self.signer.sign(message)


@pytest.mark.parametrize("answers", [0, 1])
def test_a_device_that_is_unplugged_in_the_middle_leaves_nothing_half_signed(draft_team, answers):
    before = files_of(draft_team.folder.path)
    with pytest.raises(Unavailable, match="unplugged"):
        draft_team.sign(Unplugged(draft_team.alice, answers))
    assert files_of(draft_team.folder.path) == before
    draft_team.sign()
    with pytest.raises(Unavailable, match="unplugged"):
        draft_team.publish(signers=[Unplugged(draft_team.online, answers)])
    assert not draft_team.folder.published.exists()


def test_a_device_that_returns_nonsense_signs_nothing(draft_team):
    liar = Unplugged(draft_team.alice, 9)
    liar.sign = lambda message: b"\0" * 64
    before = files_of(draft_team.folder.path)
    with pytest.raises(Exception, match="does not verify"):
        draft_team.sign(liar)
    assert files_of(draft_team.folder.path) == before


def test_a_root_change_needs_the_old_holders_and_the_new(team):
    team.follow()
    carol = ed25519_signer()
    team.folder.change_roles({ROOT: RoleKeys(keys=(team.alice.public_key, carol.public_key), threshold=2)}, now=NOW)
    assert team.sign(team.alice, carol)[ROOT].short == 1
    with pytest.raises(InputError, match=f"the next root needs 1 more .*{team.bob.public_key.keyid[:12]}"):
        team.publish()
    assert team.sign(team.bob)[ROOT].enough
    team.publish()
    assert refresh(team.home, now=NOW, place=team.place).versions[ROOT] == 2
    assert set(roles_of(team.folder.root().signed)[ROOT].keys) == {team.alice.public_key, carol.public_key}


def test_a_client_that_pinned_the_first_root_gets_through_many_rotations(team):
    holder = team.alice
    for _ in range(4):
        new = ecdsa_signer()
        team.folder.change_roles({ROOT: RoleKeys(keys=(new.public_key,))}, now=NOW)
        team.sign(*((team.alice, team.bob) if holder is team.alice else (holder,)), new)
        team.publish()
        holder = new
    assert team.follow().versions[ROOT] == 5


def test_new_holders_of_the_document_must_sign_it_anew(team):
    carol = ed25519_signer()
    team.folder.change_roles({TARGETS: RoleKeys(keys=(carol.public_key,))}, now=NOW)
    team.sign()
    with pytest.raises(InputError, match="not signed by those who hold it"):
        team.publish()
    team.sign(carol)
    team.publish()
    assert team.follow().versions == {"root": 2, "targets": 2, "snapshot": 2, "timestamp": 2}


def test_the_online_key_can_be_replaced(team):
    team.follow()
    machine = ed25519_signer()
    online = RoleKeys(keys=(machine.public_key,))
    team.folder.change_roles({"snapshot": online, "timestamp": online}, now=NOW)
    team.sign()
    team.publish(signers=[machine])
    assert refresh(team.home, now=NOW, place=team.place).versions[ROOT] == 2


def test_changing_a_drafted_root_drops_its_signatures(draft_team):
    draft_team.sign(draft_team.alice)
    draft_team.folder.change_roles({"timestamp": RoleKeys(keys=(ed25519_signer().public_key,))}, now=NOW)
    assert draft_team.folder.standings()[ROOT].short == 2


def test_a_folder_that_keeps_a_trust_is_not_started_again(team):
    with pytest.raises(InputError, match="there is a trust here"):
        team.folder.start({}, "", now=NOW)


@pytest.mark.parametrize("threshold", [0, 3])
def test_a_threshold_that_can_never_be_met_is_refused(threshold):
    with pytest.raises(InputError, match="can never be met"):
        RoleKeys(keys=(ed25519_signer().public_key, ed25519_signer().public_key), threshold=threshold)


def test_one_key_twice_in_a_role_is_refused():
    key = ed25519_signer().public_key
    with pytest.raises(InputError, match="same key twice"):
        RoleKeys(keys=(key, key), threshold=2)


@pytest.mark.parametrize("signer", [ed25519_signer(), ecdsa_signer()])
def test_a_key_is_the_same_in_tuf_and_back(signer):
    assert from_tuf(to_tuf(signer.public_key)) == signer.public_key


def test_a_key_that_clients_of_tuf_read_differently_cannot_hold_the_trust():
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(InputError, match="rsa-2048 cannot sign a trust repository"):
        to_tuf(PublicKey.from_der(der))


def test_whoever_alters_what_is_published_cannot_hide_a_change_from_the_next_signer(team):
    stored = next(team.folder.published.glob("targets/*.trust.json"))
    stored.write_bytes(stored.read_bytes().replace(b"acme", b"evil"))
    with pytest.raises(DigestMismatch):
        team.folder.published_trust()


def test_whoever_replaces_the_published_root_with_one_of_his_own_is_noticed(team):
    mallory = ed25519_signer()
    team.folder.change_roles({TARGETS: RoleKeys(keys=(mallory.public_key,))}, now=NOW)
    draft = team.folder.draft_path("root")
    draft.rename(team.folder.published / "metadata" / "2.root.json")
    team.release("second")
    with pytest.raises(Untrusted, match="did not sign"):
        team.sign(mallory)
    with pytest.raises(Untrusted):
        team.publish()


def test_publishing_again_only_renews_what_the_machine_signs(team):
    assert team.publish().versions == {"root": 1, "targets": 1, "snapshot": 2, "timestamp": 2}
    team.publish()
    kept = sorted(path.name for path in (team.folder.published / "metadata").iterdir())
    assert kept == ["1.root.json", "1.snapshot.json", "1.targets.json", "2.snapshot.json", "3.snapshot.json", "timestamp.json"]
    for _ in range(3):
        team.publish()
    assert not (team.folder.published / "metadata" / "2.snapshot.json").exists()


def test_compiling_twice_gives_the_same_bytes(team):
    assert compile_source(team.folder.source).targets == compile_source(team.folder.source).targets


@pytest.mark.parametrize("name", ["/etc/hostname", "../outside.pub", "keys/../../outside.pub", "link.pub"])
def test_files_outside_of_the_folder_are_not_published(team, name):
    (team.folder.path.parent / "outside.pub").write_bytes(ed25519_signer().public_key.pem)
    (team.folder.path / "keys").mkdir()
    (team.folder.path / "link.pub").symlink_to("../outside.pub")
    team.edit("release.pub", name)
    with pytest.raises(InputError, match="names"):
        team.folder.compile()


def test_a_file_that_is_no_key_is_named(team):
    (team.folder.path / "release.pub").write_text("nothing")
    with pytest.raises(Malformed, match="release.pub"):
        team.folder.compile()


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"nonsense", b'{"mediaType": 1}', b"-----BEGIN CERTIFICATE-----\n"])
@pytest.mark.parametrize("section", ["sigstore", "stores", "timestamp-authorities"])
def test_a_carried_file_of_another_kind_is_refused_before_it_is_published(team, section, data):
    name = {"sigstore": "public-good", "stores": '"ca:x"', "timestamp-authorities": "x, operator: y"}[section]
    team.edit("sigstore: [{name: public-good", f"{section}: [{{name: {name}")
    (team.folder.path / "trusted_root.json").write_bytes(data)
    with pytest.raises(Malformed, match=r"trusted root|no certificate|cut off"):
        team.folder.compile()


@pytest.mark.parametrize("section", ["stores", "timestamp-authorities"])
def test_carried_certificates_that_those_who_follow_could_not_read_are_refused_before_they_are_published(team, section):
    name = {"stores": '"ca:x"', "timestamp-authorities": "x, operator: y"}[section]
    team.edit("sigstore: [{name: public-good", f"{section}: [{{name: {name}")
    der = make("Root", ca=True).der
    pem = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n"
    good = pem % base64.encodebytes(der)
    for data, reads in (
        (good, True),
        (der, True),
        (good + good[:100], False),
        (good + pem % b"AAAA\n", False),
        (der + b"\0", False),
    ):
        (team.folder.path / "trusted_root.json").write_bytes(data)
        if reads:
            assert data in team.folder.compile().targets.values()
        else:
            with pytest.raises(Malformed, match="certificate"):
                team.folder.compile()


def test_a_private_key_by_mistake_is_not_published(team):
    (team.folder.path / "release.pub").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(Malformed, match="private key where a public key belongs"):
        team.folder.compile()


def test_a_trust_document_is_read_as_it_stands_where_nobody_publishes(team):
    anchors = read_source(team.folder.source, now=NOW)
    assert anchors.expires is None
    assert anchors.files("sigstore") == [("public-good", TRUSTED_ROOT)]
    anchors.check(NOW + 10**9)


def test_what_is_followed_is_read_without_python_tuf(team):
    import subprocess
    import sys

    team.follow()
    code = (
        f"import sys, pathlib; from pratique.tuf.cache import load_cached; load_cached(pathlib.Path({str(team.home)!r}));"
        "sys.exit('tuf' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
