"""Who is who: exact identities, anchored patterns, and no signer for two authorities."""

import pytest

from pratique.errors import Malformed
from pratique.model.signer import CertifiedSigner, KeySigner, WorkloadSigner
from pratique.trust import Authorities, Authority, Certified, Key, Trust, WorkloadIdentity, WorkloadRegexp

GITHUB = "https://token.actions.githubusercontent.com"
RELEASE = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/"


def signer(subject=RELEASE + "v1", issuer=GITHUB, **claims):
    return WorkloadSigner(issuer=issuer, subject=subject, claims=claims)


def test_a_workload_is_known_by_issuer_and_whole_subject():
    identity = WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1")
    assert identity.speaks_as(signer())
    assert not identity.speaks_as(signer(RELEASE + "v10"))
    assert not identity.speaks_as(signer("x" + RELEASE + "v1"))
    assert not identity.speaks_as(signer(issuer=GITHUB + "/evil"))
    assert not identity.speaks_as(KeySigner(keyid="a1" * 32))


def test_every_claim_must_be_there_and_equal():
    identity = WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1", claims={"runner_environment": "github-hosted"})
    assert identity.speaks_as(signer(runner_environment="github-hosted", more="x"))
    assert not identity.speaks_as(signer(runner_environment="github-hosted "))
    assert not identity.speaks_as(signer())


def test_a_star_in_a_plain_subject_is_a_character_like_any_other():
    identity = WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "*")
    assert not identity.speaks_as(signer())
    assert identity.speaks_as(signer(RELEASE + "*"))


def test_a_pattern_matches_the_whole_subject_within_one_segment():
    identity = WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v*", pattern=True)
    assert identity.speaks_as(signer(RELEASE + "v1"))
    assert not identity.speaks_as(signer(RELEASE + "v"))
    assert not identity.speaks_as(signer(RELEASE + "v1/evil"))
    assert not identity.speaks_as(signer("https://evil.example/" + RELEASE + "v1"))
    assert not identity.speaks_as(signer(RELEASE + "w1"))


def test_head_and_tail_of_a_pattern_do_not_share_a_character():
    identity = WorkloadIdentity(issuer=GITHUB, subject="https://github.com/acme/ab*ba", pattern=True)
    assert identity.speaks_as(signer("https://github.com/acme/abXba"))
    assert not identity.speaks_as(signer("https://github.com/acme/aba"))
    assert not identity.speaks_as(signer("https://github.com/acme/abba"))


@pytest.mark.parametrize(
    "subject",
    [
        ".+",
        "*",
        "*@acme.example",
        "https://*",
        "https://github.com/*",
        "https://github.com/*/app",
        "https://*.com/acme/app",
        "https://github.com/acme",
        "github.com/acme/*",
        "https://github.com/acme/**",
        "https://github.com/acme/a*b*",
    ],
)
def test_an_unanchored_identity_pattern_is_refused(subject):
    with pytest.raises(Malformed):
        WorkloadIdentity(issuer=GITHUB, subject=subject, pattern=True)


@pytest.mark.parametrize(
    "issuer", ["*", "https://*.example", "https://a.example/*", "token.example", "", "https://a.example?x", "https://A.example"]
)
def test_an_issuer_has_no_wildcards_and_is_a_url(issuer):
    with pytest.raises(Malformed, match="issuer"):
        WorkloadIdentity(issuer=issuer, subject="a@acme.example")


@pytest.mark.parametrize("subject", ["", "a\nb", "x" * 3000])
def test_a_subject_that_cannot_be_read_is_refused(subject):
    with pytest.raises(Malformed, match="subject"):
        WorkloadIdentity(issuer=GITHUB, subject=subject)


def test_a_name_in_a_trust_store_is_exact():
    identity = Certified(store="ca:acme", name="CN=release,O=Acme")
    assert identity.speaks_as(CertifiedSigner(name="CN=release,O=Acme", store="ca:acme", thumbprint="a1" * 32))
    assert not identity.speaks_as(CertifiedSigner(name="CN=release,O=Acme", store="ca:other", thumbprint="a1" * 32))
    assert not identity.speaks_as(CertifiedSigner(name="CN=release,O=Acme,L=x", store="ca:acme", thumbprint="a1" * 32))


def test_a_thumbprint_narrows_a_name_to_one_certificate():
    identity = Certified(store="ca:acme", name="CN=r", thumbprint="a1" * 32)
    assert identity.speaks_as(CertifiedSigner(name="CN=r", store="ca:acme", thumbprint="a1" * 32))
    assert not identity.speaks_as(CertifiedSigner(name="CN=r", store="ca:acme", thumbprint="b1" * 32))


def test_a_key_is_listed_under_the_id_of_its_bytes():
    assert Key.of(b"spki").speaks_as(KeySigner(keyid=Key.of(b"spki").keyid))
    with pytest.raises(Malformed, match="key id"):
        Key(keyid="a1" * 32, spki=b"spki")


def both(left, right):
    return Authorities((Authority(name="one", signers=(left,)), Authority(name="two", signers=(right,))))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (WorkloadIdentity(issuer=GITHUB, subject="a@x"), WorkloadIdentity(issuer=GITHUB, subject="a@x")),
        (WorkloadIdentity(issuer=GITHUB, subject="a@x"), WorkloadIdentity(issuer=GITHUB, subject="a@x", claims={"ref": "main"})),
        (
            WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1"),
            WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "*", pattern=True),
        ),
        (
            WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v*", pattern=True),
            WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "*1", pattern=True),
        ),
        (Certified(store="ca:a", name="CN=r"), Certified(store="ca:a", name="CN=r", thumbprint="a1" * 32)),
        (Key(keyid="a1" * 32), Key(keyid="a1" * 32)),
    ],
)
def test_a_signer_that_could_speak_for_two_authorities_is_refused(left, right):
    with pytest.raises(Malformed, match="both 'one' and 'two'"):
        both(left, right)
    with pytest.raises(Malformed, match="both 'one' and 'two'"):
        both(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            WorkloadIdentity(issuer=GITHUB, subject="a@x", claims={"ref": "dev"}),
            WorkloadIdentity(issuer=GITHUB, subject="a@x", claims={"ref": "main"}),
        ),
        (WorkloadIdentity(issuer=GITHUB, subject="a@x"), WorkloadIdentity(issuer=GITHUB + "/e", subject="a@x")),
        (
            WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v*", pattern=True),
            WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "w*", pattern=True),
        ),
        (Certified(store="ca:a", name="CN=r", thumbprint="b1" * 32), Certified(store="ca:a", name="CN=r", thumbprint="a1" * 32)),
        (Key(keyid="a1" * 32), Certified(store="ca:a", name="CN=r")),
    ],
)
def test_signers_that_something_tells_apart_may_speak_for_different_authorities(left, right):
    assert both(left, right).names == {"one", "two"}


def test_a_thousand_identities_alike_are_the_most():
    many = tuple(WorkloadIdentity(issuer=GITHUB, subject=f"https://github.com/acme/{number}") for number in range(1001))
    Authorities((Authority(name="one", signers=many[:1000]),))
    with pytest.raises(Malformed, match="use subject-pattern"):
        Authorities((Authority(name="one", signers=many),))


def by_expression(regexp):
    return WorkloadRegexp(issuer="https://token.example", regexp=regexp)


def workload(subject, issuer="https://token.example"):
    return WorkloadSigner(issuer=issuer, subject=subject)


@pytest.mark.parametrize(
    ("regexp", "subject", "matches"),
    [
        ("https://example.com/acme/.*", "https://example.com/acme/app", True),
        ("^https://example.com/acme/.*$", "https://example.com/acme/app", True),
        ("https://example.com/acme/.*", "https://evil.example/https://example.com/acme/app", False),
        ("acme", "https://evil.example/acme", False),
        ("https://example.com/acme|https://example.com/other", "https://example.com/acme", True),
        ("https://example.com/acme|https://example.com/other", "https://example.com/acme/evil", False),
        (".+@example.com", "me@example.com", True),
        (".+@example.com", "me@example.com.evil.example", False),
        (".+@example.com$", "me@example.com\n", False),
        ("https://example.com/" + ".*", "https://example.com/" + "x" * 600, False),
    ],
)
def test_an_identity_s_expression_matches_the_whole_subject_or_not_at_all(regexp, subject, matches):
    assert by_expression(regexp).speaks_as(workload(subject)) is matches
    assert not by_expression(regexp).speaks_as(workload(subject, "https://other.example"))
    owner = Authority(name="a", signers=(by_expression(regexp),))
    assert (Authorities((owner,)).find(workload(subject)) is not None) is matches


@pytest.mark.parametrize(
    "regexp",
    [
        "",
        ".*",
        ".+",
        "^.*$",
        "(.*)",
        "x|.*",
        ".*@.*",
        "https?://.*",
        "[a",
        "(?i)x",
        "(?=x)y",
        "(?P<n>x)",
        r"(x)\1",
        "a" * 3000,
        "x\n",
        "(a+)+b",
        "(a|b)*c",
        "(aa?)*b",
        r"([\])+]+)+x",
        "(a*)*b",
        "((a+))+b",
        "(a{2,}){2,}b",
        "a*b*c*d*e*f",
    ],
)
def test_an_expression_that_believes_whoever_comes_or_that_could_take_for_ever_is_refused(regexp):
    with pytest.raises(Malformed):
        by_expression(regexp)


def test_the_worst_subject_of_an_expression_that_is_read_costs_little():
    import time

    start = time.process_time()
    assert not by_expression("x.*a.*a.*y").speaks_as(workload("x" + "a" * 511))
    assert time.process_time() - start < 20


def test_an_expression_stands_alone_for_nobody_can_tell_whether_two_meet():
    with pytest.raises(Malformed, match="expression"):
        Authorities(
            (
                Authority(name="a", signers=(by_expression("https://example.com/a/.*"),)),
                Authority(
                    name="b", signers=(WorkloadIdentity(issuer="https://token.example", subject="https://example.com/a/b"),)
                ),
            )
        )
    from pratique.trust.published import render_published

    trust = Trust(name="x", authorities=Authorities((Authority(name="a", signers=(by_expression("https://example.com/a/.*"),)),)))
    with pytest.raises(Malformed, match="not published"):
        render_published(trust)


# --- each half of each answer


def test_an_identity_is_no_signer_of_another_kind():
    signers = [KeySigner(keyid="a1" * 32), signer(), CertifiedSigner(name="CN=r", store="ca:a", thumbprint="a1" * 32)]
    kinds = [
        Key(keyid="a1" * 32),
        WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1"),
        Certified(store="ca:a", name="CN=r"),
    ]
    for at, identity in enumerate(kinds):
        assert [identity.speaks_as(one) for one in signers] == [at == number for number in range(3)]
    expression = WorkloadRegexp(issuer=GITHUB, regexp="https://github.com/acme/.+")
    assert [expression.speaks_as(one) for one in signers] == [False, True, False]


def test_a_subject_may_be_as_long_as_the_limit_says_and_no_longer():
    longest = "https://example.org/" + "x" * (2048 - 20)
    assert WorkloadIdentity(issuer=GITHUB, subject=longest).speaks_as(signer(longest))
    with pytest.raises(Malformed, match="not a subject"):
        WorkloadIdentity(issuer=GITHUB, subject=longest + "x")


WORKLOAD = WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1")


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1"), True),
        (WorkloadIdentity(issuer=GITHUB + "/e", subject=RELEASE + "v1"), False),
        (WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v2"), False),
        (WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v1/x"), False),
        (WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "*/x", pattern=True), False),
        (WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "*", pattern=True), True),
        (WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "*"), False),
        (Certified(store=GITHUB, name=RELEASE + "v1"), False),
    ],
)
def test_two_meet_where_a_signer_could_be_both_and_in_either_order(other, meets):
    assert WORKLOAD.overlaps(other) is meets
    assert other.overlaps(WORKLOAD) is meets


@pytest.mark.parametrize(
    ("left", "right", "meet"),
    [
        ("*", "v1*", True),
        ("v1*", "*", True),
        ("v*", "w*", False),
        ("*-rc", "*-ga", False),
        ("v*-rc", "*c", True),
        ("*c", "v*-rc", True),
        ("v*", "v", False),
        ("v", "v*", False),
        ("v*", "v1", True),
        ("v1", "v*", True),
        ("v1*2", "v12", False),
        ("v1*2", "v1x2", True),
    ],
)
def test_segments_meet_where_some_text_is_of_both(left, right, meet):
    mine, theirs = (
        WorkloadIdentity(issuer=GITHUB, subject=f"https://github.com/acme/{part}", pattern="*" in part) for part in (left, right)
    )
    assert mine.overlaps(theirs) is meet


@pytest.mark.parametrize(
    ("left", "right", "meets"),
    [
        (("ca:a", "CN=r", "a1"), ("ca:a", "CN=r", "a1"), True),
        (("ca:a", "CN=r", "a1"), ("ca:a", "CN=r", ""), True),
        (("ca:a", "CN=r", ""), ("ca:a", "CN=r", "a1"), True),
        (("ca:a", "CN=r", ""), ("ca:a", "CN=r", ""), True),
        (("ca:a", "CN=r", "a1"), ("ca:a", "CN=r", "b1"), False),
        (("ca:a", "CN=r", ""), ("ca:b", "CN=r", ""), False),
        (("ca:a", "CN=r", ""), ("ca:a", "CN=s", ""), False),
    ],
)
def test_names_in_certificates_meet_in_one_store_unless_certificates_tell_them_apart(left, right, meets):
    one, other = (Certified(store=store, name=name, thumbprint=pin * 32) for store, name, pin in (left, right))
    assert one.overlaps(other) is meets
    assert not one.overlaps(WORKLOAD)


@pytest.mark.parametrize("fields", [{"store": ""}, {"name": ""}, {"name": "CN=*"}, {"name": "CN=r\n"}, {"thumbprint": "a1"}])
def test_what_is_no_name_in_a_trust_store_is_refused(fields):
    with pytest.raises(Malformed, match="not a"):
        Certified(**{"store": "ca:a", "name": "CN=r", **fields})


def test_identities_are_written_as_people_can_tell_them_apart():
    claims = WorkloadIdentity(issuer=GITHUB, subject="a@x", claims={"ref": "main", "event": "push"})
    assert str(claims) == f"a@x (by {GITHUB}, event=push, ref=main)"
    assert str(Certified(store="ca:a", name="CN=r")) == "CN=r (trust store ca:a)"
    assert str(Certified(store="ca:a", name="CN=r", thumbprint="a1" * 32)) == "CN=r (trust store ca:a, certificate a1a1a1a1a1a1…)"
    assert str(WorkloadRegexp(issuer=GITHUB, regexp="acme/.+")) == f"acme/.+ (by {GITHUB})"
    assert str(Key(keyid="a1" * 32)) == "key a1a1a1a1a1a1…"


def test_two_patterns_do_not_meet_where_a_segment_without_a_star_differs():
    one, other = (
        WorkloadIdentity(issuer=GITHUB, subject=f"https://github.com/{owner}/*", pattern=True) for owner in ("acme", "acme2")
    )
    assert not one.overlaps(other) and not other.overlaps(one)


def test_the_end_of_a_pattern_s_segment_counts_as_its_beginning_does():
    pattern = WorkloadIdentity(issuer=GITHUB, subject=RELEASE + "v*-rc", pattern=True)
    assert [pattern.speaks_as(signer(RELEASE + text)) for text in ("v1-rc", "v1-ga", "w1-rc", "v-rc")] == [
        True,
        False,
        False,
        False,
    ]


# --- expressions


@pytest.mark.parametrize("issuer", ["", "token.example", "https://*.example", "https://token.example/*"])
def test_the_issuer_of_an_expression_has_no_wildcards_either(issuer):
    with pytest.raises(Malformed, match="not an issuer"):
        WorkloadRegexp(issuer=issuer, regexp="https://github.com/acme/.+")


def test_an_expression_may_be_as_long_as_the_limit_says_and_no_longer():
    longest = "https://example.org/" + "x" * (2048 - 20)
    assert by_expression(longest).regexp == longest
    with pytest.raises(Malformed, match="not a regular expression for an identity"):
        by_expression(longest + "x")


def test_an_expression_is_tried_on_subjects_as_long_as_the_limit_says_and_no_longer():
    expression = by_expression("https://example.org/.+")
    longest = "https://example.org/" + "x" * (512 - 20)
    assert expression.speaks_as(workload(longest))
    assert not expression.speaks_as(workload(longest + "x"))


@pytest.mark.parametrize(
    "regexp",
    [
        r"https://github\.com/acme/(app)+",
        r"https://github\.com/acme/(?:app)*",
        r"https://github\.com/(acme|other)/app",
        r"https://github\.com/acme/(a(b)c)+",
        r"https://github\.com/.+/.+/.+/.+",
        r"https://github\.com/acme/[1]",
        r"https://github\.com/acme/\d",
    ],
)
def test_an_expression_whose_groups_can_be_read_in_one_way_is_read(regexp):
    assert by_expression(regexp).regexp == regexp


@pytest.mark.parametrize(
    ("regexp", "reason"),
    [
        (r"https://github\.com/acme/(a|b)+", "several ways"),
        (r"https://github\.com/acme/(a?b)+", "several ways"),
        (r"https://github\.com/acme/(a*(b))+", "several ways"),
        (r"https://github\.com/acme/((a*)b)+", "several ways"),
        (r"https://github\.com/acme/(a*){3}", "several ways"),
        (r"https://github\.com/acme/(a)\1", "refers back"),
        (r"https://github\.com/acme/(?=a)", "a kind that is not read"),
        (r"https://github\.com/.+/.+/.+/.+/.+", "repeats more than 4 times"),
        (r"*https://github\.com/acme", "not a regular expression: "),
        (r"https://github\.com/acme)", "not a regular expression: "),
        (r"https://github\.com/acme)+(", "not a regular expression: "),
    ],
)
def test_an_expression_that_is_refused_says_what_for(regexp, reason):
    with pytest.raises(Malformed, match=reason):
        by_expression(regexp)
