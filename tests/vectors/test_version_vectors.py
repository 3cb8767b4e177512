"""Ordered pairs of versions from public test data, one `A < B`, `A = B` or `A > B` a line; and the laws of an order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import VECTORS

from pratique.errors import Malformed
from pratique.vuln.versions import MAX_CHARS, SCHEMES, key

THREE_NUMBERS = re.compile(r"[v=]?[0-9]+\.[0-9]+\.[0-9]+(?:[-+]|$)")
FOLDER = VECTORS / "versions"
FILES = {
    "debian-versions.txt": "deb",
    "debian-versions-generated.txt": "deb",
    "pypi-versions.txt": "pypi",
    "pypi-versions-generated.txt": "pypi",
    "redhat-versions.txt": "rpm",
    "semver-versions.txt": "semver",
}


@pytest.mark.parametrize("name", FILES)
def test_pairs_stand_in_the_order_of_the_public_data(name):
    path = FOLDER / name
    if not path.is_file():
        pytest.skip("the public version data is not beside the checkout")
    wrong, count = [], 0
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith(("#", "//")):
            continue
        one, sign, other = line.split()
        if FILES[name] == "semver" and not (THREE_NUMBERS.match(one) and THREE_NUMBERS.match(other)):
            continue  # Not three numbers: no semantic version (Semantic Versioning 2.0.0 §2), so it is refused.
        a, b = key(FILES[name], one), key(FILES[name], other)
        count += 1
        if sign != ("<" if a < b else ">" if a > b else "="):
            wrong.append(line)
    assert count > 20
    assert wrong == []


@pytest.mark.parametrize("scheme", SCHEMES)
@given(texts=st.lists(st.text(alphabet="019.~^-+:!abrcpostdev", min_size=1, max_size=12), min_size=3, max_size=3))
def test_versions_are_totally_ordered_or_refused(scheme, texts):
    try:
        a, b, c = sorted(key(scheme, text) for text in texts)
    except Malformed:
        return
    assert a <= b <= c
    assert a <= c
    assert (a < b) + (a == b) + (a > b) == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_overlong_version_is_refused(scheme):
    with pytest.raises(Malformed):
        key(scheme, "1" * (MAX_CHARS + 1))


@pytest.mark.parametrize(
    ("scheme", "text"), [("semver", "1.0"), ("semver", "1.0.0-01"), ("pypi", " "), ("deb", "1_0"), ("rpm", "")]
)
def test_what_is_no_version_of_its_scheme_is_refused(scheme, text):
    with pytest.raises(Malformed):
        key(scheme, text)
