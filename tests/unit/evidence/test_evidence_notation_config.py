"""From a key to a verdict under notation's own configuration: signed, attached, found, asked about, judged as its policy says."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from notary import AT, IMAGE, signed, team
from notation_lists import LIST, crl, lists_at, revoked

from pratique.attest.notation import MEDIA_TYPES, TargetArtifact
from pratique.errors import Unavailable
from pratique.evidence.appraise import appraise
from pratique.evidence.collect import collect_from_repository
from pratique.evidence.trust_anchors import NOBODY, TrustAnchors
from pratique.keys.file import generate_key, load_signer
from pratique.model import Cause
from pratique.model.digest import Digest
from pratique.registry.layout import open_layout
from pratique.registry.notation import attach_signature
from pratique.registry.types import OCI_CONFIG, OCI_LAYER
from pratique.tuf.notation import read_notation
from pratique.tuf.revocation import verify_asking

SCOPE = "registry.example/app"


@pytest.fixture
def repository(tmp_path):
    made = open_layout(tmp_path / "layout", create=True)
    descriptors = []
    for data, media_type in ((b"{}", OCI_CONFIG), (b"layer", OCI_LAYER)):
        made.push_blob(Digest.of(data), len(data), [data])
        descriptors.append({"mediaType": media_type, "digest": Digest.of(data), "size": len(data)})
    document = {"schemaVersion": 2, "mediaType": IMAGE, "config": descriptors[0], "layers": descriptors[1:]}
    made.push_manifest(json.dumps(document).encode(), IMAGE, "v1")
    return made


def configure(folder, acme, identity="x509.subject: C=US, ST=WA, O=acme.example", level="strict", scope=SCOPE, **verification):
    statement = {"name": "app", "registryScopes": [scope], "signatureVerification": {"level": level, **verification}}
    if level != "skip":
        statement |= {"trustStores": ["ca:acme"], "trustedIdentities": [identity]}
    store = folder / "truststore" / "x509" / "ca" / "acme"
    store.mkdir(parents=True, exist_ok=True)
    (store / "root.pem").write_bytes(acme.root.certificate.public_bytes(Encoding.PEM))
    (folder / "trustpolicy.oci.json").write_text(json.dumps({"version": "1.0", "trustPolicies": [statement]}))
    policy, stores = read_notation(folder)
    return TrustAnchors(keys={}, authorities=NOBODY, stores=stores, notation=policy)


def pieces(repository, anchors, ask=None, *, name=f"{SCOPE}:v1", at=AT):
    """What verify does with a place and these anchors."""
    image = repository.fetch_manifest("v1")
    found = collect_from_repository(repository, image.digest, announced=anchors.announced)

    def again(answers):
        return appraise(image.descriptor, name, [found], anchors, now=at, answers=answers)

    def nobody(url):
        raise Unavailable("gone")

    return verify_asking(again, ask or nobody)[0].pieces


def causes(*arguments, **options):
    return sorted(piece.cause.value for piece in pieces(*arguments, **options))


@pytest.fixture
def attach(repository):
    """Signs the image in the layout, as whom it is told."""
    image = repository.fetch_manifest("v1")
    target = TargetArtifact(media_type=image.media_type, digest=image.digest, size=len(image.data), annotations={})

    def sign(who, media_type=MEDIA_TYPES[0], **options):
        data = signed(who, target=target, media_type=media_type, **options)
        attach_signature(repository, subject=image.descriptor, data=data, media_type=media_type, created=AT)

    return sign


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_signature_goes_the_whole_way_and_every_cause_arrives(tmp_path, repository, attach, media_type):
    acme = team(extensions=[lists_at(LIST)])
    anchors = configure(tmp_path / "notation", acme)
    published = {LIST: crl(acme.middle)}

    def ask(url):
        if url not in published:
            raise Unavailable("gone")
        return published[url]

    assert pieces(repository, anchors, ask) == ()
    attach(team(), media_type)
    assert causes(repository, anchors, ask) == ["untrusted"]
    attach(acme, media_type)
    assert causes(repository, anchors, ask) == ["none", "untrusted"]
    (good,) = [piece for piece in pieces(repository, anchors, ask) if piece.cause is Cause.NONE]
    assert str(good.signed.signer) == "CN=builder,O=acme.example,ST=WA,C=US (trust store ca:acme)"
    assert (good.authority, good.signed.unproven) == ("app", ())
    published[LIST] = crl(acme.middle, revoked(acme.leaf.certificate.serial_number))
    assert causes(repository, anchors, ask) == ["revoked", "untrusted"]
    published.clear()
    assert causes(repository, anchors, ask) == ["unreachable", "untrusted"]


def test_another_identity_of_the_same_authority_is_untrusted(tmp_path, repository, attach):
    acme = team()
    attach(acme)
    assert causes(repository, configure(tmp_path / "notation", acme, "x509.subject: C=US, ST=WA, O=other.example")) == [
        "untrusted"
    ]


def test_a_key_of_ours_signs_once_an_authority_certified_it(tmp_path, repository, attach):
    generate_key(tmp_path / "team.key", "ecdsa-p256", None)
    signer = load_signer(tmp_path / "team.key", lambda: None)
    acme = team(certified=load_der_public_key(signer.public_key.spki))
    acme.sign = signer.sign
    anchors = configure(tmp_path / "notation", acme)
    for media_type in MEDIA_TYPES:
        attach(acme, media_type)
    assert causes(repository, anchors) == ["none", "none"]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        (f"{SCOPE}:v1", "none"),
        (SCOPE, "none"),
        (f"{SCOPE}@sha256:{'0' * 64}", "none"),
        (f"{SCOPE}:v1@sha256:{'0' * 64}", "none"),
        ("registry.example/app2:v1", "untrusted"),
        ("registry.example/app/below:v1", "untrusted"),
        ("registry.example:5000/app:v1", "untrusted"),
        ("app", "untrusted"),
        ("", "untrusted"),
    ],
)
def test_a_statement_applies_to_its_repository_and_to_no_other(tmp_path, repository, attach, name, cause):
    acme = team()
    attach(acme)
    (found,) = pieces(repository, configure(tmp_path / "notation", acme), name=name)
    assert found.cause.value == cause and ("no statement" in found.detail) == (cause == "untrusted")


def test_a_statement_for_all_applies_to_what_has_no_repository(tmp_path, repository, attach):
    acme = team()
    attach(acme)
    anchors = configure(tmp_path / "notation", acme, scope="*")
    assert causes(repository, anchors, name="app") == causes(repository, anchors) == ["none"]


def test_permissive_lets_an_expired_signature_pass_and_says_what_it_does_not_prove(tmp_path, repository, attach):
    acme = team()
    attach(acme, expiry=AT + 10)
    (strict,) = pieces(repository, configure(tmp_path / "strict", acme), at=AT + 10)
    assert strict.cause is Cause.EXPIRED
    (found,) = pieces(repository, configure(tmp_path / "permissive", acme, level="permissive"), at=AT + 10)
    assert found.cause is Cause.NONE
    assert len(found.signed.unproven) == 1 and "let it expire" in found.signed.unproven[0]


def test_an_override_decides_for_one_check_alone(tmp_path, repository, attach):
    acme = team(extensions=[lists_at(LIST)])
    attach(acme)
    assert causes(repository, configure(tmp_path / "strict", acme)) == ["unreachable"]
    (found,) = pieces(repository, configure(tmp_path / "override", acme, override={"revocation": "skip"}))
    assert found.cause is Cause.NONE and found.signed.unproven == ()


def test_audit_proves_nobody_where_it_only_logs_that_nobody_is_trusted(tmp_path, repository, attach):
    acme = team()
    attach(team())
    (found,) = pieces(repository, configure(tmp_path / "notation", acme, level="audit"))
    assert found.cause is Cause.UNTRUSTED and "level audit of the statement app only logs that" in found.detail
    attach(acme)
    assert causes(repository, configure(tmp_path / "notation", acme, level="audit")) == ["none", "untrusted"]


def test_skip_proves_nothing_and_is_no_yes(tmp_path, repository, attach):
    acme = team()
    attach(acme)
    (found,) = pieces(repository, configure(tmp_path / "notation", acme, level="skip"))
    assert found.cause is Cause.UNREADABLE and "skips verification" in found.detail


def test_a_flood_of_strangers_does_not_push_out_the_signature_that_is_announced_by_a_trusted_chain(
    tmp_path, repository, attach, monkeypatch
):
    monkeypatch.setattr("pratique.evidence.collect.MAX_PIECES", 3)
    acme = team()
    for _ in range(5):
        attach(team())
    attach(acme)
    found = pieces(repository, configure(tmp_path / "notation", acme))
    assert sorted(piece.cause.value for piece in found) == ["none", "unreadable", "untrusted", "untrusted"]
    (more,) = [piece for piece in found if piece.cause is Cause.UNREADABLE]
    assert more.detail == "6 signatures are attached, and 3 of them were read"


# --- beside keys and beside a trust


def test_notation_s_policy_speaks_of_its_own_form_alone(tmp_path):
    from dataclasses import replace

    from test_evidence_appraise import KEY, OWN, TARGET, piece

    from pratique.evidence.collected import Collection
    from pratique.evidence.trust_anchors import anchors_of_keys

    config = configure(tmp_path / "notation", team())
    anchors = replace(anchors_of_keys([("release", [KEY.public_key])], ()), stores=config.stores, notation=config.notation)
    (found,) = appraise(TARGET, f"{SCOPE}:v1", [Collection(pieces=(piece(OWN),))], anchors, now=AT).pieces
    assert (found.cause, found.authority, found.in_place) == (Cause.NONE, "release", False)


def test_whom_notation_s_policy_names_is_named_in_place_and_held_to_what_a_trust_takes_back(tmp_path, repository, attach):
    from dataclasses import replace

    from pratique.model.predicates import IMAGE_SIGNATURE
    from pratique.trust import Authorities, Authority, Key, Revocation, Trust

    acme = team()
    attach(acme)
    config = configure(tmp_path / "notation", acme)
    (found,) = pieces(repository, config)
    assert (found.cause, found.authority, found.in_place) == (Cause.NONE, "app", True)
    others = Authorities((Authority(name="other", signers=(Key(keyid="ab" * 32),)),))
    silent = Trust(name="acme", authorities=others)
    (found,) = pieces(repository, replace(config, trust=silent))
    assert (found.cause, found.in_place) == (Cause.NONE, True)
    image = repository.fetch_manifest("v1").digest
    taken = Trust(name="acme", authorities=others, revocations=(Revocation(predicate_type=IMAGE_SIGNATURE, subject=image),))
    assert causes(repository, replace(config, trust=taken)) == ["revoked"]
