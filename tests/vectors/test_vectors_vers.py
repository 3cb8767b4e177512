"""The vers specification's own tests, by what they ask: orders of versions, and ranges of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import files

from pratique.errors import Malformed
from pratique.lexicon.native_ranges import NOTATIONS, from_native
from pratique.lexicon.vers import parse_vers
from pratique.lexicon.versions import key

_CYCLE = "a release is held equal to none, and so 1-1 = 1 = 1-2: that is no order; none comes first here"
_PARTIAL = "node-semver: <=1.0 is <1.1.0, and >=2.2.x is >=2.2.0 without an end; the case has another"
EXCEPTIONS = {
    "conan_range_from_native_test-58": "no constraint at all is expected, which is no vers: refused",
    "npm_range_from_native_test-54": _PARTIAL,
    "npm_range_from_native_test-165": "node-semver: ~0.8.0-pre is >=0.8.0-pre <0.9.0; the case ends it at 0.8.1",
    "npm_range_from_native_test-173": _PARTIAL,
    "npm_range_from_native_test-252": _PARTIAL,
    "npm_range_from_native_test-482": "node-semver: 2.1 is every 2.1.x; the case has 2.1.0 alone",
    "npm_range_from_native_test-484": _PARTIAL,
    "alpm_version_cmp_test-38": _CYCLE,
    "alpm_version_cmp_test-39": _CYCLE,
    "alpm_version_cmp_test-40": _CYCLE,
    "alpm_version_cmp_test-41": _CYCLE,
    "conan_version_cmp_test-17": "numbers and words are compared as text, and so 2 < 10 < 1a < 2: words come last here",
}
"""case → why it does not pass."""


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


@pytest.mark.parametrize("case", cases("from_native"))
def test_a_native_range_is_written_as_vers(case):
    assert str(from_native(case["input"]["scheme"], case["input"]["native_range"])) == case["expected_output"]


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


def test_an_interval_of_one_version_does_not_become_all_versions():
    assert str(from_native("maven", "[1.0,1.0]")) == "vers:maven/1.0"
    assert not from_native("npm", ">=1.0.0 <=1.0.0").contains("2.0.0")


@pytest.mark.parametrize(
    ("text", "expected", "inside"),
    [
        ("<2.0.0 || >=1.0.0 <3.0.0", "vers:npm/<3.0.0", "0.5.0"),
        (">=1.0.0 <3.0.0 || >=2.0.0", "vers:npm/>=1.0.0", "4.0.0"),
        ("<2.0.0 || >=1.0.0", "vers:npm/*", "1.5.0"),
        (">=1.0.0 <5.0.0 || >=2.0.0 <3.0.0 || >=4.0.0 <6.0.0", "vers:npm/>=1.0.0|<6.0.0", "3.5.0"),
    ],
)
def test_alternatives_that_overlap_lose_no_version(text, expected, inside):
    found = from_native("npm", text)
    assert str(found) == expected
    assert found.contains(inside)


INTERVALS = st.builds(
    lambda low, width, shape: shape.format(f"{low}.0.0", f"{low + width}.0.0"),
    st.integers(0, 6),
    st.integers(1, 3),
    st.sampled_from([">={} <{}", ">{} <={}", "<{}", ">={}", "<={}", ">{}", "{}"]),
)


@given(ranges=st.lists(INTERVALS, min_size=1, max_size=4), at=st.integers(0, 10), patch=st.integers(0, 1))
def test_alternatives_hold_what_any_of_them_holds(ranges, at, patch):
    version = f"{at}.0.{patch}"
    expected = any(from_native("npm", one).contains(version) for one in ranges)
    assert from_native("npm", " || ".join(ranges)).contains(version) is expected


def test_a_range_without_a_version_does_not_become_all_versions():
    with pytest.raises(Malformed):
        from_native("npm", ">2.0.0 <1.0.0")


def test_intervals_of_maven_and_nuget_are_read():
    assert str(from_native("maven", "(,1.0],[1.2,)")) == "vers:maven/<=1.0|>=1.2"
    assert str(from_native("nuget", "1.0")) == "vers:nuget/>=1.0"


@pytest.mark.parametrize("scheme", NOTATIONS)
@given(text=st.text(alphabet="0123x.*-+^~<>=!|,[]() v", max_size=24))
def test_any_text_is_a_native_range_or_refused(scheme, text):
    try:
        found = from_native(scheme, text)
    except Malformed:
        return
    assert parse_vers(str(found)) == found


@given(text=st.text(alphabet="0123.*<>=!|%2F ", max_size=20))
def test_any_text_is_a_range_or_refused(text):
    try:
        found = parse_vers("vers:npm/" + text)
    except Malformed:
        return
    assert parse_vers(str(found)) == found


def test_a_single_version_within_alternatives_that_cover_everything_leaves_everything():
    assert str(from_native("npm", ">=0.0.0 || 0.0.0 || <1.0.0")) == "vers:npm/*"
    assert from_native("npm", "<2.0.0 || 1.0.0 || >=3.0.0").contains("1.5.0")


def test_an_operator_of_another_ecosystem_is_refused():
    with pytest.raises(Malformed):
        from_native("conan", "~>0")
