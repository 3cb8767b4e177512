"""The vers specification's own tests, by what they ask: the order of versions, for each scheme."""

import json

import pytest
from vector_files import files

from pratique.vuln.versions import key

_CYCLE = "a release is held equal to none, and so 1-1 = 1 = 1-2: that is no order; none comes first here"
EXCEPTIONS = {
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
