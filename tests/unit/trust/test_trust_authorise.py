"""Does a verified signature count: the laws, one by one, and as properties over made-up trusts."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import Expired, Malformed, Revoked, Untrusted, Violation
from pratique.model import Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.model.signer import KeySigner, LogPlace, Signed, TrustedTime, WorkloadSigner
from pratique.trust import (
    Authorities,
    Authority,
    Grant,
    Key,
    Lifetime,
    Revocation,
    Scope,
    Threshold,
    Trust,
    Utterance,
    Window,
    WorkloadIdentity,
    authorise,
    check_bans,
    check_quorum,
)
from pratique.trust.lifetime import ANY_TIME

NOW = 2_000_000
A1, A2, B1, C1 = ("a1" * 32, "a2" * 32, "b1" * 32, "c1" * 32)
IMAGE = "registry.example.com/acme/app:1"
SUBJECT, STATEMENT, BUNDLE = (Digest.of(text) for text in (b"subject", b"statement", b"bundle"))
GITHUB = "https://token.actions.githubusercontent.com"


def grant(*predicates, about="registry.example.com/acme", window=ANY_TIME):
    return Grant(predicates=frozenset(predicates or {IMAGE_SIGNATURE}), scopes=(Scope.parse(about),), window=window)


def party(name, *signers, grants=()):
    grants = grants or (grant(),)
    return Authority(name=name, signers=signers, grants=tuple(grants))


def trust(*authorities, **more):
    return Trust(name="acme", authorities=Authorities(authorities), **more)


def key(keyid=A1, **lifetime):
    window = Window(since=lifetime.pop("since", None), until=lifetime.pop("until", None))
    return Key(keyid=keyid, lifetime=Lifetime(window=window, **lifetime))


def signed(keyid=A1, *times, operators=("tsa",)):
    vouched = tuple(
        TrustedTime(at=at, source="timestamp authority", operator=who) for at, who in zip(times, operators * 9, strict=False)
    )
    return Signed(signer=KeySigner(keyid=keyid), times=vouched)


def claim(predicate_type=IMAGE_SIGNATURE, name=IMAGE, **more):
    fields = {"subjects": [SUBJECT], "statement": STATEMENT, "bundle": BUNDLE, **more}
    return Utterance(predicate_type=predicate_type, artifact_name=name, **fields)


def ask(value, by=None, what=None, now=NOW):
    return authorise(value, by or signed(), what or claim(), now=now).name


RELEASE = party("release", key(A1), key(A2))
RELEASE_TRUST = trust(RELEASE)


def test_an_authority_may_say_what_it_was_granted():
    assert ask(trust(RELEASE)) == "release"


def test_nobody_is_trusted_by_default():
    with pytest.raises(Untrusted, match="no authority"):
        ask(trust(RELEASE), signed(B1))
    with pytest.raises(Untrusted, match="no authority"):
        ask(trust(), signed(A1))


def test_another_predicate_type_is_not_granted():
    with pytest.raises(Untrusted, match="may not say SBOM"):
        ask(trust(RELEASE), what=claim(CYCLONEDX))


@pytest.mark.parametrize("name", ["registry.example.com/acme-evil/app", "registry.example.com/other", ""])
def test_another_artifact_is_not_granted(name):
    with pytest.raises(Untrusted, match="may not say signature about"):
        ask(trust(RELEASE), what=claim(name=name))


def test_permissions_do_not_mix_one_ones_predicate_with_anothers_scope():
    mixed = party("release", key(), grants=[grant(CYCLONEDX), grant(IMAGE_SIGNATURE, about="registry.example.com/other")])
    with pytest.raises(Untrusted):
        ask(trust(mixed))


def test_a_retired_key_with_a_trusted_time_before_the_retirement_still_counts():
    assert ask(trust(party("release", key(retired_at=1000))), signed(A1, 1000)) == "release"


def test_a_retired_key_without_any_trusted_time_is_expired_however_old_the_signature_says_it_is():
    with pytest.raises(Expired, match="retired"):
        ask(trust(party("release", key(retired_at=1000))))


def test_a_retired_key_with_only_a_later_time_is_expired():
    with pytest.raises(Expired, match="retired"):
        ask(trust(party("release", key(retired_at=1000))), signed(A1, 1001, 5000))


def test_a_key_that_will_retire_still_signs():
    assert ask(trust(party("release", key(retired_at=NOW)))) == "release"


def test_a_compromised_key_is_void_without_a_trusted_time():
    with pytest.raises(Revoked, match="compromised"):
        ask(trust(party("release", key(compromised_at=1000))))


@pytest.mark.parametrize(("at", "good"), [(999, True), (1000, False), (1001, False)])
def test_a_compromise_voids_everything_not_provably_before_it(at, good):
    value = trust(party("release", key(compromised_at=1000)))
    if good:
        assert ask(value, signed(A1, at)) == "release"
    else:
        with pytest.raises(Revoked):
            ask(value, signed(A1, at))


def test_the_other_keys_of_a_compromised_keys_authority_stay_good():
    value = trust(party("release", key(A1, compromised_at=1), key(A2)))
    assert ask(value, signed(A2)) == "release"


@pytest.mark.parametrize(("at", "good"), [(999, False), (1000, True), (2000, True), (2001, False)])
def test_a_key_outside_its_window_is_expired_and_both_ends_are_inside_ghsa_wqqc_jjcq_vfxm(at, good):
    value = trust(party("release", key(since=1000, until=2000)))
    if good:
        assert ask(value, signed(A1, at)) == "release"
    else:
        with pytest.raises(Expired):
            ask(value, signed(A1, at))


def test_a_signing_authority_does_not_vouch_for_its_own_time():
    own_word = TrustedTime(at=500, source="signing authority", operator="signingAuthority:acme")
    by = replace(signed(), times=(own_word,))
    with pytest.raises(Revoked):
        ask(trust(party("release", key(compromised_at=1000))), by)
    with pytest.raises(Expired):
        ask(trust(party("release", key(retired_at=1000))), by)
    assert ask(RELEASE_TRUST, by) == "release"


def test_a_log_that_merely_lists_the_signature_vouches_for_no_time_integrated_time_unauthenticated():
    by = replace(signed(), places=(LogPlace(log="rekor", operator="sigstore", index=5),))
    with pytest.raises(Expired):
        ask(trust(party("release", key(retired_at=1000))), by)


def test_a_permissions_window_binds_as_well():
    value = trust(party("release", key(), grants=[grant(window=Window(until=1000))]))
    assert ask(value, signed(A1, 1000)) == "release"
    with pytest.raises(Expired, match="permission of release"):
        ask(value)


def test_two_windows_of_one_permission_are_alternatives():
    windows = (Window(until=1000), Window(since=NOW))
    value = trust(party("release", key(), grants=[grant(window=window) for window in windows]))
    assert ask(value) == ask(value, signed(A1, 1000)) == "release"
    with pytest.raises(Expired):
        ask(value, signed(A1, 5000))


def test_a_threshold_of_time_operators_is_not_met_by_one_of_them_twice():
    value = trust(party("release", key(retired_at=1000)), time_operators=2)
    with pytest.raises(Expired):
        ask(value, signed(A1, 500, 600))
    assert ask(value, signed(A1, 500, 600, operators=("one", "two"))) == "release"


@pytest.mark.parametrize("digest", [STATEMENT, BUNDLE])
def test_a_single_attestation_is_revoked_by_its_digest_whatever_times_prove(digest):
    value = trust(RELEASE, revocations=(Revocation(statement=digest, reason="wrong branch"),))
    with pytest.raises(Revoked, match="wrong branch"):
        ask(value, signed(A1, 5))
    other = claim(statement=Digest.of(b"another"), bundle=None)
    assert ask(value, signed(A1, 5), other) == "release"


def test_a_statement_stays_revoked_in_a_bundle_that_was_written_anew():
    value = trust(RELEASE, revocations=(Revocation(statement=STATEMENT),))
    with pytest.raises(Revoked):
        ask(value, what=claim(bundle=Digest.of(b"the same statement in other bytes")))


def test_all_statements_of_a_type_about_a_subject_are_revoked_together():
    value = trust(RELEASE, revocations=(Revocation(predicate_type=IMAGE_SIGNATURE, subject=SUBJECT),))
    with pytest.raises(Revoked):
        ask(value, what=claim(subjects=[Digest.of(b"another"), SUBJECT]))
    assert ask(value, what=claim(subjects=[Digest.of(b"another")])) == "release"


def test_a_signature_that_names_what_was_taken_back_is_taken_back_with_it_and_another_statement_about_that_is_not():
    value = trust(
        party("release", key(), grants=[grant(IMAGE_SIGNATURE, CYCLONEDX)]), revocations=(Revocation(statement=SUBJECT),)
    )
    for subjects in ([SUBJECT], [Digest.of(b"another"), SUBJECT]):
        with pytest.raises(Revoked):
            ask(value, what=claim(subjects=subjects))
        assert ask(value, what=claim(CYCLONEDX, subjects=subjects)) == "release"
    assert ask(value, what=claim(subjects=[Digest.of(b"another")])) == "release"


@pytest.mark.parametrize(
    "fields", [{}, {"subject": SUBJECT}, {"predicate_type": CYCLONEDX}, {"statement": STATEMENT, "subject": SUBJECT}]
)
def test_a_revocation_of_nothing_in_particular_is_refused(fields):
    with pytest.raises(Malformed):
        Revocation(**fields)


def test_a_compromised_identity_spoils_a_pattern_that_fits_the_same_signer():
    subject = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
    exact = WorkloadIdentity(issuer=GITHUB, subject=subject, lifetime=Lifetime(compromised_at=1000))
    wide = WorkloadIdentity(issuer=GITHUB, subject="https://github.com/acme/app/.github/workflows/*/heads/*", pattern=True)
    by = Signed(signer=WorkloadSigner(issuer=GITHUB, subject=subject))
    assert ask(trust(party("ci", wide)), by) == "ci"
    with pytest.raises(Revoked):
        ask(trust(party("ci", wide, exact)), by)


def test_an_identity_that_is_listed_again_in_a_wider_window_counts_there():
    old = WorkloadIdentity(issuer=GITHUB, subject="a@acme.example", lifetime=Lifetime(retired_at=1000))
    new = WorkloadIdentity(issuer=GITHUB, subject="a@acme.example", claims={"hosted": "yes"})
    by = Signed(signer=WorkloadSigner(issuer=GITHUB, subject="a@acme.example", claims={"hosted": "yes"}))
    assert ask(trust(party("ci", old, new)), by) == "ci"
    with pytest.raises(Expired):
        ask(trust(party("ci", old, new)), Signed(signer=WorkloadSigner(issuer=GITHUB, subject="a@acme.example")))


def quorum(value, *names):
    voices = [next(item for item in value.authorities.items if item.name == name) for name in names]
    return check_quorum(value, voices, predicate_type=IMAGE_SIGNATURE, artifact_name=IMAGE)


def two_of(**more):
    rule = Threshold(predicates=frozenset({IMAGE_SIGNATURE}), scopes=(Scope.parse("registry.example.com"),), count=2, **more)
    return trust(RELEASE, party("security", key(B1)), party("vendor", key(C1)), thresholds=(rule,))


def test_a_threshold_counts_authorities_and_not_signatures_ghsa_9vcr_p3rj_q5q6():
    with pytest.raises(Untrusted, match="1 of 2"):
        quorum(two_of(), "release", "release", "release")
    assert quorum(two_of(), "release", "security") == {"release", "security"}


def test_a_threshold_of_named_authorities_counts_no_others():
    value = two_of(names=frozenset({"release", "security"}))
    with pytest.raises(Untrusted, match="1 of 2 needed authorities of release, security"):
        quorum(value, "release", "vendor")


def test_no_voice_is_never_enough():
    with pytest.raises(Untrusted):
        quorum(trust(RELEASE))


def test_every_threshold_that_covers_the_artifact_must_be_met():
    three = Threshold(predicates=frozenset({IMAGE_SIGNATURE}), scopes=(Scope.parse("registry.example.com/acme"),), count=3)
    value = replace(two_of(), thresholds=(*two_of().thresholds, three))
    with pytest.raises(Untrusted, match="2 of 3"):
        quorum(value, "release", "security")


def test_a_threshold_that_can_never_be_met_is_refused():
    rule = Threshold(predicates=frozenset({IMAGE_SIGNATURE}), scopes=(Scope.parse("*"),), count=2)
    with pytest.raises(Malformed, match="never be met"):
        trust(RELEASE, thresholds=(rule,))
    with pytest.raises(Malformed, match="no authority"):
        trust(RELEASE, thresholds=(replace(rule, count=1, names=frozenset({"relaese"})),))


# Properties

_seconds = st.one_of(st.none(), st.integers(0, 30))


@st.composite
def _lifetimes(draw):
    since, until = draw(_seconds), draw(_seconds)
    if since is not None and until is not None and until < since:
        since, until = until, since
    return Lifetime(window=Window(since=since, until=until), retired_at=draw(_seconds), compromised_at=draw(_seconds))


_signed = st.builds(
    lambda keyid, times: Signed(signer=KeySigner(keyid=keyid), times=tuple(times)),
    st.sampled_from([A1, A2, B1, C1]),
    st.lists(st.builds(TrustedTime, at=st.integers(0, 40), source=st.just("log"), operator=st.sampled_from("xyz")), max_size=4),
)
_claims = st.builds(
    claim,
    st.sampled_from([IMAGE_SIGNATURE, CYCLONEDX]),
    st.sampled_from([IMAGE, "registry.example.com/acme-evil", ""]),
    statement=st.sampled_from([STATEMENT, BUNDLE]),
)


@st.composite
def _trusts(draw):
    release = party("release", Key(keyid=A1, lifetime=draw(_lifetimes())), Key(keyid=A2, lifetime=draw(_lifetimes())))
    security = party(
        "security", Key(keyid=B1, lifetime=draw(_lifetimes())), grants=[grant(IMAGE_SIGNATURE, CYCLONEDX, about="*")]
    )
    return trust(release, security, time_operators=draw(st.integers(1, 3)))


def verdict(value, by, what, now):
    try:
        return authorise(value, by, what, now=now).name
    except Violation as error:
        return type(error)


def with_lifetime(value, keyid, **changes):
    def changed(item):
        return replace(item, lifetime=replace(item.lifetime, **changes)) if item.keyid == keyid else item

    parties = (replace(item, signers=tuple(map(changed, item.signers))) for item in value.authorities.items)
    return replace(value, authorities=Authorities(tuple(parties)))


@settings(max_examples=300)
@given(_trusts(), _signed, _claims, st.integers(0, 40), st.sampled_from([A1, A2, B1]), st.integers(0, 40))
def test_taking_something_back_never_makes_anything_trusted(value, by, what, now, keyid, at):
    before = verdict(value, by, what, now)

    def earliest(event):
        known = [getattr(s.lifetime, event) for p in value.authorities.items for s in p.signers if s.keyid == keyid]
        return {event: min([at, *(earlier for earlier in known if earlier is not None)])}

    harsher = [
        with_lifetime(value, keyid, **earliest("compromised_at")),
        with_lifetime(value, keyid, **earliest("retired_at")),
        replace(value, revocations=(Revocation(statement=STATEMENT),)),
        replace(value, revocations=(Revocation(predicate_type=CYCLONEDX, subject=SUBJECT),)),
        replace(value, authorities=Authorities(value.authorities.items[1:])),
    ]
    for stricter in harsher:
        assert verdict(stricter, by, what, now) == before or not isinstance(verdict(stricter, by, what, now), str)


@settings(max_examples=200)
@given(_trusts(), _signed, _claims, st.integers(0, 40), st.permutations(range(2)))
def test_order_does_not_matter(value, by, what, now, order):
    shuffled = [replace(item, signers=item.signers[::-1]) for item in value.authorities.items]
    other = replace(value, authorities=Authorities(tuple(shuffled[index] for index in order)))
    assert verdict(value, by, what, now) == verdict(other, replace(by, times=by.times[::-1]), what, now)


@settings(max_examples=200)
@given(_trusts(), _signed, _claims, st.integers(0, 40))
def test_what_is_trusted_lies_in_every_bound_of_its_signer(value, by, what, now):
    if isinstance(verdict(value, by, what, now), str):
        own = next(item for party in value.authorities.items for item in party.signers if item.keyid == by.signer.keyid).lifetime
        latest = min([now, *(time.at for time in by.times)], default=now)
        assert own.compromised_at is None or latest < own.compromised_at
        assert own.retired_at is None or latest <= own.retired_at
        assert own.window.until is None or latest <= own.window.until


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["release", "security", "vendor"])), st.sampled_from(["release", "security", "vendor"]))
def test_more_signatures_of_one_authority_never_help_a_threshold(names, again):
    def enough(*voices):
        try:
            return bool(quorum(two_of(), *voices))
        except Untrusted:
            return False

    assert enough(*names) == enough(*reversed(names)) == (len(set(names)) >= 2)
    if again in names:
        assert enough(*names, again, again) == enough(*names)


# --- what else must hold


def test_a_threshold_on_other_statements_or_artifacts_binds_none_of_these():
    voices = (RELEASE, party("security", key(B1)))
    for rule in (
        Threshold(predicates=frozenset({IMAGE_SIGNATURE}), scopes=(Scope.parse("registry.example.com/other"),), count=2),
        Threshold(predicates=frozenset({CYCLONEDX}), scopes=(Scope(()),), count=1, names=frozenset({"security"})),
    ):
        able = party("security", key(B1), grants=[grant(IMAGE_SIGNATURE, CYCLONEDX, about="*")])
        value = trust(RELEASE, able, thresholds=(rule,))
        found = check_quorum(value, voices[:1], predicate_type=IMAGE_SIGNATURE, artifact_name=IMAGE)
        assert found == {"release"}


def test_what_a_threshold_lacks_is_told_with_the_names_that_it_asks_for():
    able = (RELEASE, party("security", key(B1)))
    everything = (Scope(()),)
    for names, told in (
        (frozenset(), "0 of 2"),
        (frozenset({"security", "release"}), "needed authorities of release, security$"),
    ):
        rule = Threshold(predicates=frozenset({IMAGE_SIGNATURE}), scopes=everything, count=2, names=names)
        value = trust(*able, thresholds=(rule,))
        with pytest.raises(Untrusted, match=told.replace("0 of 2", "1 of 2 needed authorities$")):
            check_quorum(value, able[:1], predicate_type=IMAGE_SIGNATURE, artifact_name=IMAGE)


def test_an_artifact_is_called_by_its_name_where_it_has_one():
    with pytest.raises(Untrusted, match="about docker.io/library/app$"):
        ask(trust(RELEASE), what=claim(name="docker.io/library/app"))
    with pytest.raises(Untrusted, match="about an artifact without a name$"):
        ask(trust(RELEASE), what=claim(name=""))


@pytest.mark.parametrize("reason", ["", "wrong branch"])
def test_what_was_taken_back_says_why_where_somebody_said_it(reason):
    ending = f"taken back: {reason}" if reason else "taken back"
    one = Revocation(statement=STATEMENT, reason=reason)
    all_of_them = Revocation(predicate_type=IMAGE_SIGNATURE, subject=SUBJECT, reason=reason)
    for taken in (one, all_of_them):
        with pytest.raises(Revoked, match=f"{ending}$"):
            ask(trust(RELEASE, revocations=(taken,)))


def forbidden(value, by=None, what=None):
    check_bans(value, by or signed(), what or claim(), now=NOW)


def test_a_trust_forbids_nothing_of_signers_that_it_does_not_know():
    assert forbidden(trust(RELEASE), signed(C1)) is None
    assert forbidden(trust(RELEASE), signed(A1)) is None


def test_a_trust_forbids_whoever_signs_what_it_took_back():
    taken = trust(RELEASE, revocations=(Revocation(statement=STATEMENT),))
    for by in (signed(A1), signed(C1)):
        with pytest.raises(Revoked, match="taken back"):
            forbidden(taken, by)


def test_a_trust_forbids_its_own_signers_outside_of_their_time():
    with pytest.raises(Revoked, match="compromised"):
        forbidden(trust(party("release", key(compromised_at=1000))))
    with pytest.raises(Expired, match="retired"):
        forbidden(trust(party("release", key(retired_at=1000))))
    with pytest.raises(Expired):
        forbidden(trust(party("release", key(until=1000))))
    assert forbidden(trust(party("release", key(compromised_at=1000))), signed(A1, 999)) is None


@pytest.mark.parametrize("fields", [{"predicates": frozenset()}, {"scopes": ()}])
def test_a_permission_for_nothing_or_about_nothing_is_refused(fields):
    whole = {"predicates": frozenset({IMAGE_SIGNATURE}), "scopes": (Scope(()),)}
    assert Grant(**whole).covers(IMAGE_SIGNATURE, IMAGE)
    with pytest.raises(Malformed, match="without predicate types or scopes"):
        Grant(**{**whole, **fields})


@pytest.mark.parametrize(
    ("count", "names", "good"), [(1, (), True), (2, (), True), (3, (), False), (0, (), False), (2, ("release",), False)]
)
def test_a_threshold_is_one_that_those_who_may_say_so_can_meet(count, names, good):
    rule = Threshold(predicates=frozenset({IMAGE_SIGNATURE}), scopes=(Scope(()),), count=count, names=frozenset(names))
    able = (RELEASE, party("security", key(B1)), party("vendor", key(C1), grants=[grant(CYCLONEDX)]))
    if good:
        assert trust(*able, thresholds=(rule,)).thresholds == (rule,)
    else:
        with pytest.raises(Malformed, match="can never be met"):
            trust(*able, thresholds=(rule,))


def test_a_quorum_of_witnesses_is_counted_by_who_runs_them():
    from pratique.trust import ServiceKey

    witnesses = tuple(ServiceKey(name=name, operator=operator, spki=name.encode()) for name, operator in ("ax", "bx", "cy"))
    assert trust(RELEASE, witnesses=witnesses, witness_quorum=2).witness_quorum == 2
    with pytest.raises(Malformed, match="a quorum of 3 witnesses, and 2 operators run any"):
        trust(RELEASE, witnesses=witnesses, witness_quorum=3)


def test_what_is_taken_back_is_one_statement_or_all_of_a_type_about_a_subject_and_nothing_else_is():
    value = trust(
        RELEASE,
        revocations=(Revocation(statement=STATEMENT), Revocation(predicate_type=CYCLONEDX, subject=SUBJECT)),
    )
    assert value.revocation_of_statement(STATEMENT) and not value.revocation_of_statement(SUBJECT)
    assert value.revocation_about(CYCLONEDX, SUBJECT)
    assert not value.revocation_about(IMAGE_SIGNATURE, SUBJECT) and not value.revocation_about(CYCLONEDX, STATEMENT)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"predicate_type": CYCLONEDX},
        {"subject": SUBJECT},
        {"statement": STATEMENT, "predicate_type": CYCLONEDX},
        {"statement": STATEMENT, "subject": SUBJECT},
        {"statement": STATEMENT, "predicate_type": CYCLONEDX, "subject": SUBJECT},
    ],
)
def test_a_revocation_that_names_half_of_something_or_two_things_is_refused(fields):
    with pytest.raises(Malformed, match="names a statement, or a predicate type and a subject"):
        Revocation(**fields)


def test_files_that_are_carried_are_found_by_their_kind():
    from pratique.trust import Carried

    carried = tuple(Carried(kind=kind, name="x", digest=SUBJECT) for kind in ("tsa", "sigstore"))
    assert trust(RELEASE, carried=carried).files("tsa") == carried[:1]
    assert [item.path for item in carried] == [f"tsa/x/{SUBJECT.hex}", f"sigstore/x/{SUBJECT.hex}"]
