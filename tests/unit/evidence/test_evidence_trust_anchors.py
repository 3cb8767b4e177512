"""A trust becomes what verification starts from: its logs, its timestamp authorities within their time, its certificates."""

import pki
import pytest
import world
from cryptography.hazmat.primitives.serialization import Encoding

from pratique.attest.publickey import PublicKey
from pratique.evidence.trust_anchors import OwnLog, anchors_of_trust
from pratique.model import Digest
from pratique.trust import Authorities, Authority, Carried, Key, Lifetime, ServiceKey, Trust, Window
from pratique.tuf.value import FollowedTrust

KEYS = [PublicKey.from_der(world.spki(world.ed25519.Ed25519PrivateKey.generate())) for _ in range(3)]
ROOT = pki.make("Acme TSA Root", ca=True)
PEM = ROOT.certificate.public_bytes(Encoding.PEM)
RELEASE = Authority(name="release", signers=(Key.of(KEYS[0].spki),))


def followed(*carried, contents=(), **more):
    trust = Trust(name="acme", authorities=Authorities((RELEASE,)), carried=tuple(carried), **more)
    targets = {item.path: data for item, data in zip(carried, contents, strict=True)}
    return FollowedTrust(trust=trust, keys={key.keyid: key for key in KEYS}, targets=targets, source="x", fetched_at=0)


def tsa(name="tsa", operator="acme", **window):
    return Carried(kind="tsa", name=name, digest=Digest.of(PEM), operator=operator, window=Window(**window))


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ({}, (0, 10**12), ()),
        ({"since": 100}, (100, 10**12), (99,)),
        ({"until": 200}, (0, 200), (201,)),
        ({"since": 100, "until": 200}, (100, 200), (99, 201)),
    ],
)
def test_a_timestamp_authority_counts_within_both_ends_of_its_window(window, inside, outside):
    root = anchors_of_trust(followed(tsa(**window), contents=[PEM]), ()).root
    (found,) = root.timestamp_authorities
    assert (found.operator, len(found.anchors)) == ("acme", 1)
    assert all(at in found.window for at in inside) and not any(at in found.window for at in outside)


def test_what_a_trust_does_not_carry_nobody_believes():
    found = anchors_of_trust(followed(), ())
    assert (found.root, found.stores, found.logs, found.keyring) == (None, None, (), b"")
    assert found.in_place.items == () and found.names == {"release"}


def test_a_log_of_the_trust_comes_first_with_its_name_its_operator_and_its_time():
    ended = Lifetime(retired_at=7)
    service = ServiceKey(name="log.example", operator="acme", spki=KEYS[1].spki, lifetime=ended)
    mine = OwnLog(key=KEYS[1])
    found = anchors_of_trust(followed(logs=(service,)), (mine,)).logs
    assert found == (OwnLog(key=KEYS[1], name="log.example", operator="acme", lifetime=ended), mine)


def test_authorities_and_times_of_a_sigstore_root_and_of_the_trust_itself_are_believed_together():
    document = world.dump(world.World().trusted_root())
    sigstore = Carried(kind="sigstore", name="root", digest=Digest.of(document))
    root = anchors_of_trust(followed(sigstore, tsa(), contents=[document, PEM]), ()).root
    assert len(root.timestamp_authorities) >= 2 and root.timestamp_authorities[-1].operator == "acme"
    assert root.authorities and root.logs and root.certificate_logs


def test_a_sigstore_root_is_believed_without_a_timestamp_authority_beside_it_and_the_other_way_round():
    document = world.dump(world.World().trusted_root())
    sigstore = Carried(kind="sigstore", name="root", digest=Digest.of(document))
    assert anchors_of_trust(followed(sigstore, contents=[document]), ()).root.authorities
    alone = anchors_of_trust(followed(tsa(), contents=[PEM]), ()).root
    assert (alone.authorities, alone.logs, len(alone.timestamp_authorities)) == ((), (), 1)


def test_certificates_of_stores_are_believed_where_there_are_some():
    store = Carried(kind="store", name="ca:acme", digest=Digest.of(PEM))
    found = anchors_of_trust(followed(store, contents=[PEM]), ()).stores
    assert found is not None and list(found.certificates) == ["ca:acme"]


def test_certificates_announce_themselves_where_there_are_some():
    store = Carried(kind="store", name="ca:acme", digest=Digest.of(PEM))
    assert anchors_of_trust(followed(store, contents=[PEM]), ()).announced == {Digest.of(ROOT.der).hex}
    assert anchors_of_trust(followed(), ()).announced == frozenset()


def test_witnesses_are_those_of_the_trust():
    witness = ServiceKey(name="w.example", operator="w", spki=KEYS[2].spki)
    assert anchors_of_trust(followed(witnesses=(witness,)), ()).trust.witnesses == (witness,)


def test_a_witness_whose_key_cannot_cosign_is_refused_when_the_trust_is_read(tmp_path):
    from pratique.errors import Malformed
    from pratique.tuf.compile import read_source

    for name, key in (("ed.pub", "ed25519"), ("p256.pub", "p256")):
        made = (
            world.ed25519.Ed25519PrivateKey.generate()
            if key == "ed25519"
            else world.ec.generate_private_key(world.ec.SECP256R1())
        )
        (tmp_path / name).write_bytes(PublicKey.from_der(world.spki(made)).pem)
    text = (
        "version: 1\nname: x\nauthorities: {a: {keys: [{file: ed.pub}], says: [{predicates: [sbom], about: ['*']}]}}\n"
        "witnesses: [{name: w.example, operator: w, file: %s}]\n"
    )
    (tmp_path / "trust.yaml").write_text(text % "p256.pub")
    with pytest.raises(Malformed, match="w.example"):
        read_source(tmp_path / "trust.yaml", now=0)
    (tmp_path / "trust.yaml").write_text(text % "ed.pub")
    assert [item.name for item in read_source(tmp_path / "trust.yaml", now=0).trust.witnesses] == ["w.example"]
