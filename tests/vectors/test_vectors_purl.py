"""The purl specification's own tests, for 42 types: reading (`parse`, `validate`) and building (`build`).

`build_purl` never refuses: what a cataloger found is listed, as it is written, also where it breaks the rules of its type. So
the cases that must fail to build are asked for that instead; `parse_purl` refuses every one that must fail to parse.
"""

import json

import pytest
from vector_files import files

from pratique.errors import Malformed
from pratique.lexicon.purl import build_purl
from pratique.lexicon.purl_read import parse_purl

_CASE = "a qualifier's key with capitals must fail here, and is lowered by a recommended case of the same file: lowered"
EXCEPTIONS = {"gem-test-1": _CASE, "rpm-test-1": _CASE}
"""case → why it does not pass."""


def cases(kind, fails):
    rows = []
    for parameter in files("purl/tests", "*-test.json"):
        path = parameter.values[0]
        if path is None:
            return [parameter]
        for number, one in enumerate(json.loads(path.read_bytes())["tests"]):
            name = f"{path.stem}-{number}"
            if one["test_type"] == kind and one["expected_failure"] == fails and name not in EXCEPTIONS:
                rows.append(pytest.param(one, id=name))
    return rows


def build(parts):
    return build_purl(
        parts["type"] or "",
        parts["name"] or "",
        parts["version"] or "",
        namespace=parts["namespace"] or "",
        qualifiers=parts["qualifiers"] or {},
        subpath=parts["subpath"] or "",
    )


@pytest.mark.parametrize("case", cases("build", False))
def test_parts_are_built_to_the_canonical_package_url(case):
    assert build(case["input"]) == case["expected_output"]


@pytest.mark.parametrize("case", cases("build", True))
def test_parts_that_break_the_rules_are_written_as_they_are(case):
    assert build(case["input"]).startswith("pkg:")


@pytest.mark.parametrize("case", cases("parse", False))
def test_a_package_url_is_read_to_its_parts(case):
    found, expected = parse_purl(case["input"]), case["expected_output"]
    parts = ("type", "namespace", "name", "version", "subpath")
    assert {part: getattr(found, part) or None for part in parts} == {part: expected[part] or None for part in parts}
    assert dict(found.qualifiers) == (expected["qualifiers"] or {})


@pytest.mark.parametrize("case", cases("parse", True))
def test_a_package_url_that_breaks_the_rules_is_refused(case):
    with pytest.raises(Malformed):
        parse_purl(case["input"])


@pytest.mark.parametrize("case", cases("validate", False))
def test_what_is_read_is_written_canonically(case):
    assert str(parse_purl(case["input"])) == case["expected_output"]
