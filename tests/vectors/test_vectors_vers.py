"""The vers specification's own tests, by what they ask: orders of versions, and ranges of them."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import files

from pratique.errors import Malformed
from pratique.lexicon.vers import parse_vers
from pratique.lexicon.version_ranges import SCHEME_OF, padded, parse_range
from pratique.lexicon.versions import key

_CYCLE = "a release is held equal to none, and so 1-1 = 1 = 1-2: that is no order; none comes first here"
_ENDLESS = "refused: node-semver's >=2.2.x has no end, and the case ends it at the next number"
_BEFORE = "conan's 1- is before the release 1, so >1- holds it; the case does not"
EXCEPTIONS = {
    "conan_range_from_native_test-58": "no constraint at all is expected, which is no vers: refused",
    "conan_range_from_native_basic_test-14": "an option of conan's resolver is no part of a range: refused",
    "conan_range_from_native_basic_test-15": "refused: a star with a hyphen asks for pre-releases, which a star holds",
    "conan_range_from_native_basic_test-16": _BEFORE,
    "conan_range_from_native_basic_test-17": _BEFORE,
    "npm_range_from_native_test-173": _ENDLESS,
    "npm_range_from_native_test-243": "both of two bounds hold in node-semver; the case has either",
    "npm_range_from_native_test-252": _ENDLESS,
    "npm_range_from_native_test-482": "node-semver: 2.1 is every 2.1.x; the case has 2.1.0 alone",
    "npm_range_from_native_test-483": "two versions side by side are both asked for, which none is: refused; the case has either",
    "alpm_version_cmp_test-38": _CYCLE,
    "alpm_version_cmp_test-39": _CYCLE,
    "alpm_version_cmp_test-40": _CYCLE,
    "alpm_version_cmp_test-41": _CYCLE,
    "conan_version_cmp_test-17": "numbers and words are compared as text, and so 2 < 10 < 1a < 2: words come last here",
}
"""case → why it does not pass."""


def scheme_of(parameter):
    return parameter.values[0]["input"]["scheme"]


def cases(*kinds):
    rows = []
    for parameter in files("vers/tests", "*.json"):
        path = parameter.values[0]
        if path is None:
            return [parameter]
        for at, one in enumerate(json.loads(path.read_bytes())["tests"]):
            if one["test_type"] in kinds:
                name = f"{path.stem}-{at}"
                # An exception that passes after all fails here, so that the table stays true.
                marks = [pytest.mark.xfail(reason=EXCEPTIONS[name], strict=True)] if name in EXCEPTIONS else []
                rows.append(pytest.param(one, id=name, marks=marks))
    return rows


@pytest.mark.parametrize("case", cases("comparison"))
def test_versions_are_sorted_as_expected(case):
    scheme = case["input"]["input_scheme"]
    found = sorted(key(scheme, one) for one in case["input"]["versions"])
    # The keys are compared: some cases expect another spelling of the version that was given.
    assert found == [key(scheme, one) for one in case["expected_output"]]


@pytest.mark.parametrize("case", cases("equality"))
def test_versions_are_equal_or_not_as_expected(case):
    one, other = (key(case["input"]["input_scheme"], version) for version in case["input"]["versions"])
    assert (one == other) is case["expected_output"]


@pytest.mark.parametrize("case", [one for one in cases("from_native") if not one.values[0] or scheme_of(one) in SCHEME_OF])
def test_a_range_as_its_ecosystem_writes_it_holds_what_vers_says(case):
    """Each bound, what is beside it, and some versions far away: where vers says yes so do we, and nowhere else."""
    ours = parse_range(case["input"]["scheme"], case["input"]["native_range"])
    theirs = parse_vers(case["expected_output"], canonical=False)
    asked = {"0.0.1", "1.0.0", "2.5.3", "99.0.0"}
    for bound in (one.version for one in theirs.constraints if one.version):
        found = re.match(r"(.*?)([0-9]+)([^0-9]*)$", bound)
        assert found
        asked |= {bound, *(f"{found[1]}{int(found[2]) + step}{found[3]}" for step in (-1, 1) if int(found[2]) + step >= 0)}
    full = {one: padded(ours.scheme, one) for one in asked}
    assert {one: ours.contains(one) for one in asked} == {one: theirs.contains(full[one]) for one in asked}


@pytest.mark.parametrize("case", cases("containment"))
def test_a_version_is_in_the_range_or_not_as_expected(case):
    found = parse_vers(case["input"]["vers"], canonical=False)
    assert found.contains(case["input"]["version"]) is case["expected_output"]


@pytest.mark.parametrize("case", cases("validate"))
def test_a_range_is_written_canonically(case):
    assert str(parse_vers(case["input"], canonical=False)) == case["expected_output"]


@pytest.mark.parametrize("case", cases("parse"))
def test_a_canonical_range_is_read_and_others_are_refused(case):
    if case.get("expected_failure"):
        with pytest.raises(Malformed):
            parse_vers(case["input"])
        return
    found = parse_vers(case["input"])
    pairs = [[one.comparator, one.version] for one in found.constraints]
    assert {"scheme": found.scheme, "version_constraints": pairs} == case["expected_output"]
    assert str(found) == case["input"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("vers:npm/>=1.0.0|<2.0.0|>=3.0.0", ["1.0.0", "1.9.9", "3.0.0", "9.0.0"], ["0.9.0", "2.0.0", "2.5.0"]),
        ("vers:npm/<1.0.0|!=2.0.0", ["0.9.0"], ["2.0.0", "1.0.0"]),
        ("vers:npm/!=2.0.0", ["1.0.0", "3.0.0"], ["2.0.0"]),
        ("vers:all/*", ["anything"], []),
        ("vers:none/*", [], ["anything"]),
    ],
)
def test_what_is_between_the_bounds_is_contained(text, inside, outside):
    found = parse_vers(text)
    assert all(found.contains(one) for one in inside)
    assert not any(found.contains(one) for one in outside)


@given(text=st.text(alphabet="0123.*<>=!|%2F ", max_size=20))
def test_any_text_is_a_range_or_refused(text):
    try:
        found = parse_vers("vers:npm/" + text)
    except Malformed:
        return
    assert parse_vers(str(found)) == found
