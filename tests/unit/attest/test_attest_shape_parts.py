"""What a member of a known predicate may be: each type and nothing near it."""

import pytest

from pratique.attest.predicates import shape
from pratique.errors import Malformed


@pytest.mark.parametrize("value", ["1", None, True, False, [], {}])
def test_a_number_is_one_and_a_truth_value_is_none(value):
    for good in (0, -1, 2.5):
        shape.number(good, "m")
    with pytest.raises(Malformed, match="m is not a number"):
        shape.number(value, "m")


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ({}, "m has no digest"),
        ({"": "ab"}, "not lower-case hex"),
        ({"sha256": 5}, "not lower-case hex"),
        ({"sha256": "AB"}, "not lower-case hex"),
        ({"sha256": ""}, "not lower-case hex"),
        ({"sha256": "ab", "x": "y"}, "not lower-case hex"),
        ([], "m is not an object"),
    ],
)
def test_a_digest_set_has_at_least_one_in_lower_case_hex(value, match):
    shape.digests({"sha256": "ab"}, "m")
    with pytest.raises(Malformed, match=match):
        shape.digests(value, "m")


def test_a_member_is_named_with_its_place_where_it_has_one():
    assert shape._path("", "a") == "a"
    assert shape._path("x", "a") == "x.a"
