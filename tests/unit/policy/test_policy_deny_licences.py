"""Which licences a pattern means, which patterns are refused, and that no second licence hides the first."""

import pytest

from pratique.errors import Malformed
from pratique.lexicon.licences import UNREAD
from pratique.lexicon.purl_pattern import Match
from pratique.model import Cause, Digest
from pratique.policy import ComponentFacts, SbomFacts
from pratique.policy.deny import denied_licences
from pratique.policy.deny_licences import licence_judge, parse_licence_pattern

FAR = "DocumentRef-x:LicenseRef-y"


def verdict(pattern, *licences):
    component = ComponentFacts(name="x", version="1", licences=licences)
    return denied_licences(
        [pattern], [SbomFacts(bundle=Digest.of(b"s"), authority="a", cause=Cause.NONE, detail="", components=(component,))]
    )


def means(pattern, text, **names):
    return licence_judge([pattern], {name.replace("_", "-"): texts for name, texts in names.items()})(text).match


@pytest.mark.parametrize("licences", [("MIT", "AGPL-3.0-only"), ("AGPL-3.0-only", "MIT"), (FAR, "AGPL-3.0-only", "MIT")])
def test_every_licence_of_a_component_holds_so_that_none_hides_another(licences):
    found = verdict("AGPL-*", *licences)
    assert (found.cause, found.detail) == (Cause.DENIED, "x@1: AGPL-3.0-only")


@pytest.mark.parametrize("licences", [("MIT", FAR), (FAR, "MIT"), (FAR, "MIT", "ISC")])
def test_a_licence_that_could_not_be_judged_stays_so_whatever_stands_beside_it(licences):
    found = verdict("AGPL-*", *licences)
    assert (found.cause, found.detail) == (Cause.UNREADABLE, "x@1: its licence is explained in another document")


def test_several_licences_of_which_none_is_meant_are_not_denied():
    assert verdict("AGPL-*", "MIT", "ISC").cause is Cause.NONE


@pytest.mark.parametrize("text", ["()", "AND", "(() OR ())"])
def test_an_expression_that_names_nothing_could_not_be_judged(text):
    assert licence_judge(["AGPL-*"], {})(text).reason == f"its licence is {text!r}"


def test_what_was_not_read_is_told_from_what_says_nothing():
    found = licence_judge(["AGPL-*"], {})(f"{UNREAD}0011223344556677")
    assert found.reason == "its licence is larger than what is read"


def test_a_reference_that_is_too_long_to_be_kept_hides_no_licence_that_it_names():
    assert means("AGPL-*", f"DocumentRef-{'x' * 1200}:LicenseRef-AGPL-3.0-only") is Match.YES


def test_a_name_is_what_its_document_explains_it_by():
    assert means("Acme Proprietary", "LicenseRef-1", LicenseRef_1=("Acme Proprietary",)) is Match.YES
    assert means("SSPL", "LicenseRef-1", LicenseRef_1=("to be had under sspl-2.5 alone",)) is Match.YES
    assert means("SSPL", "LicenseRef-1", LicenseRef_2=("SSPL-1.0",)) is Match.NO


# --- what a pattern means


@pytest.mark.parametrize("licence", ["AGPL-3.0-only", "LGPL-2.1-or-later", "GPL-2.0-only", "GFDL-1.3-only"])
def test_gnu_alone_means_all_of_its_licences(licence):
    assert means("GNU", licence) is Match.YES
    assert means("gnu", f"MIT AND {licence}") is Match.YES
    assert means("GNU", "MIT") is Match.NO


def test_an_identifier_is_no_family_of_those_that_begin_like_it():
    assert means("MIT", "MIT") is Match.YES
    assert means("MIT", "MIT-0") is Match.NO
    assert means("Apache", "Apache-1.1") is Match.NO


def test_a_gnu_licence_without_only_or_later_means_both_and_its_exceptions():
    for text in ("GPL-2.0-only", "GPL-2.0-or-later", "GPL-2.0+", "GPL-2.0-with-classpath-exception"):
        assert means("GPL-2.0", text) is Match.YES
        assert means("GPLv2", text) is Match.YES
    assert means("GPL-2.0-only", "GPL-2.0-or-later") is Match.NO
    assert means("GPL-2.0", "GPL-3.0-only") is Match.NO


def test_an_exception_is_meant_by_its_name_alone_however_it_is_spelled():
    for pattern in ("Classpath-exception-2.0", "classpath exception"):
        assert means(pattern, "GPL-2.0-only WITH Classpath-exception-2.0") is Match.YES
        assert means(pattern, "GPL-2.0-only") is Match.NO


# --- what is refused


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("()", "several licences"),
        ("MIT OR ISC", "several licences"),
        ("GPL-2.0-only WITH Klasspath", "an exception that SPDX does not know"),
        ("AGLP 3.0 only", "is AGPL-3.0-only meant"),
        ("AGLP", "is AGPL meant"),
        ("AGLP-*", "is AGPL meant"),
    ],
)
def test_a_pattern_that_would_match_nothing_is_refused_with_the_reason(pattern, reason):
    with pytest.raises(Malformed) as caught:
        parse_licence_pattern(pattern)
    assert reason in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "name",
    [
        "Unlicensed",
        "proprietary",
        "commercial",
        "custom",
        "nonfree",
        "restricted",
        "JSON License",
        "Open License",
        "Sun License",
        "No license",
        "Acme Proprietary",
        "LicenseRef-HPND-sell-variant-MIT-disclaimer",
        "LicenseRef-BSD-3-Clause-No-Nuclear-License-2014",
        "-",
        "*",
        "BSD-*",
    ],
)
def test_a_name_that_is_nobody_s_spelling_of_an_identifier_is_a_pattern(name):
    assert parse_licence_pattern(name).meets(name)
