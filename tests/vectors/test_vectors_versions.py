"""Ordered pairs of versions from public test data, one `A < B`, `A = B` or `A > B` a line; and the laws of an order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vector_files import VECTORS

from pratique.errors import Malformed
from pratique.lexicon.versions import MAX_CHARS, SCHEMES, key

THREE_NUMBERS = re.compile(r"[v=]?[0-9]+\.[0-9]+\.[0-9]+(?:[-+]|$)")
FOLDER = VECTORS / "versions"
FILES = {
    "debian-versions.txt": "deb",
    "maven-versions.txt": "maven",
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


NUMBERS = st.lists(st.sampled_from(["0", "1", "2", "10", "01"]), min_size=1, max_size=4).map(".".join)
THREE = st.lists(st.sampled_from(["0", "1", "10"]), min_size=3, max_size=3).map(".".join)
SUFFIXED = {
    "alpm": st.sampled_from(["", "-1", ".a", "a", "b2", "..1"]),
    "apk": st.sampled_from(["", "a", "_rc1", "_p", "_p2", "-r0", "_alpha_p1-r2"]),
    "composer": st.sampled_from(["", "-dev", "-beta1", "RC2", "-patch", "-alpha.1"]),
    "conan": st.sampled_from(["", "-", "-pre", "-1", "+b", ".a", ".1a"]),
    "datetime": st.just(""),
    "deb": st.sampled_from(["", "~rc1", "-1", "+b", "a"]),
    "gem": st.sampled_from(["", ".a", ".b.0.1", "-rc1", ".a.0.c"]),
    "gentoo": st.sampled_from(["", "a", "_rc1", "_p", "_p2", "-r1"]),
    "intdot": st.just(""),
    "lexicographic": st.text(alphabet="aé😀", max_size=2),
    "maven": st.sampled_from(["", "-alpha-1", "-1", "a1", "x", "-sp", "-snapshot", ".ga.1", "--1", "-0.1"]),
    "nuget": st.sampled_from(["", "-A", "-a.1", "-1", "+b"]),
    "openssl": st.sampled_from(["", "a", "za", "z", "-beta1"]),
    "pypi": st.sampled_from(["", "a1", ".dev1", ".post1", "+l.1", "rc1.dev2"]),
    "rpm": st.sampled_from(["", "~rc1", "^1", "-1", "a"]),
    "semver": st.sampled_from(["", "-a", "-a.1", "-1", "+b"]),
}
KIN = {"alpine": "apk", "cargo": "semver", "ebuild": "gentoo", "golang": "semver", "nginx": "intdot", "npm": "semver"}


def accepted(scheme):
    """Versions that the scheme accepts, near each other and so often equal but for their spelling."""
    if scheme == "datetime":
        zones = st.sampled_from(["Z", "+02:00", "-05:00"])
        return st.builds("2024-01-0{}T12:00:00{}{}".format, st.integers(1, 2), st.sampled_from(["", ".1", ".10"]), zones)
    numbers = THREE if scheme in {"semver", "openssl"} else NUMBERS
    return st.builds(str.__add__, numbers, SUFFIXED[scheme])


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_the_order_of_accepted_versions_is_total_and_transitive(scheme, data):
    a, b, c = (key(scheme, data.draw(accepted(KIN.get(scheme, scheme)))) for _ in range(3))
    assert (a < b) + (a == b) + (b < a) == 1
    assert (a < b) == (b > a)
    if a <= b <= c:
        assert a <= c
    if a == b:
        assert (a < c, a == c) == (b < c, b == c)


@pytest.mark.parametrize("scheme", SCHEMES)
@given(text=st.text(max_size=20))
def test_any_text_has_its_place_or_is_refused(scheme, text):
    try:
        assert key(scheme, text) == key(scheme, text)
    except Malformed:
        return


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
