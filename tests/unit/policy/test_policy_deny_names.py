"""By which of its names a component is denied, and by which it is not: CPEs, package URLs that say little, names alone."""

import pytest

from pratique.errors import Malformed
from pratique.model import Cause, Digest
from pratique.policy import ComponentFacts, SbomFacts, deny
from pratique.policy.deny import denied_components, denied_licences, parse_component_pattern


def sbom(*components, unread=""):
    return SbomFacts(bundle=Digest.of(b"sbom"), authority="a", cause=Cause.NONE, detail="", components=components, unread=unread)


def cause(pattern, **named):
    return denied_components([pattern], [sbom(ComponentFacts(**named))]).cause


# --- CPEs as patterns


@pytest.mark.parametrize("product", ["*", "-", ""])
def test_a_cpe_pattern_without_a_product_is_refused_for_it_would_mean_everything(product):
    with pytest.raises(Malformed, match="without a product"):
        parse_component_pattern(f"cpe:2.3:a:openssl:{product}:3.0.6")


@pytest.mark.parametrize("version", ["*", "-", ""])
@pytest.mark.parametrize("found", ["3.0.6", ""])
def test_a_cpe_pattern_without_a_version_means_every_version(version, found):
    assert cause(f"cpe:2.3:a:openssl:openssl:{version}:*", name="openssl", version=found) is Cause.DENIED
    assert cause(f"cpe:2.3:a:openssl:openssl:{version}", cpes=("cpe:2.3:a:openssl:openssl:3.0.6",)) is Cause.DENIED


def test_a_cpe_pattern_with_a_version_means_that_one_alone():
    for version, expected in (("3.0.6", Cause.DENIED), ("3.0.7", Cause.NONE), ("", Cause.UNREADABLE)):
        assert cause("cpe:2.3:a:openssl:openssl:3.0.6", name="openssl", version=version) is expected
        assert cause("cpe:2.3:a:openssl:openssl:3.0.6", cpes=(f"cpe:2.3:a:openssl:openssl:{version}:*",)) is expected


def test_a_cpe_means_no_product_of_another_vendor_and_no_other_product_of_its_own():
    pattern = "cpe:2.3:a:openssl:openssl"
    assert cause(pattern, cpes=("cpe:2.3:a:openssl:openssl:3.0.6",)) is Cause.DENIED
    assert cause(pattern, cpes=("cpe:2.3:a:acme:openssl:3.0.6",)) is Cause.NONE
    assert cause(pattern, cpes=("cpe:2.3:a:openssl:engine:3.0.6",)) is Cause.NONE
    assert cause(pattern, name="engine", version="3.0.6") is Cause.NONE


def test_a_component_that_has_cpes_is_not_meant_by_its_name_beside_them():
    assert cause("cpe:2.3:a:openssl:openssl", name="openssl", cpes=("cpe:2.3:a:acme:toolkit:1",)) is Cause.NONE


@pytest.mark.parametrize("vendor", ["*", "-", ""])
def test_a_vendor_that_a_cpe_leaves_open_hides_no_product(vendor):
    assert cause("cpe:2.3:a:openssl:openssl", cpes=(f"cpe:2.3:a:{vendor}:openssl:3.0.6",)) is Cause.DENIED
    assert cause(f"cpe:2.3:a:{vendor}:openssl", cpes=(f"cpe:2.3:a:{vendor}:openssl:3.0.6",)) is Cause.DENIED


def test_a_cpe_pattern_without_a_vendor_means_the_product_of_every_vendor():
    for pattern in ("cpe:/a::openssl", "cpe:2.3:a:*:openssl"):
        assert cause(pattern, cpes=("cpe:2.3:a:acme:openssl:3.0.6",)) is Cause.DENIED


def test_an_empty_part_of_a_cpe_does_not_move_the_next_one_to_its_place():
    assert cause("cpe:/a:openssl:openssl:beta", cpes=("cpe:/a:openssl:openssl::beta",)) is Cause.UNREADABLE
    assert cause("cpe:/a:openssl:engine", cpes=("cpe:/a::openssl:engine",)) is Cause.NONE
    with pytest.raises(Malformed, match="no CPE"):
        parse_component_pattern("cpe:2.3:a:openssl")
    with pytest.raises(Malformed, match="no CPE"):
        parse_component_pattern("cpe:2.3:a:openssl:openssl\\")


def test_a_colon_that_is_quoted_in_a_cpe_parts_nothing():
    assert cause(r"cpe:2.3:a:perl:http\:\:date:6.0", cpes=(r"cpe:2.3:a:perl:http\:\:date:6.0:*",)) is Cause.DENIED


@pytest.mark.parametrize(
    "named",
    [
        {"name": "openssl", "version": "3.0.6"},
        {"purl": "pkg:deb/debian/openssl@3.0.6"},
        {"purl": "pkg:deb/debian/openssl", "version": "3.0.6"},
        {"purl": "pkg:deb/debian/openssl@1.1.1", "version": "3.0.6"},
        {"purl": "pkg:deb/debian/openssl@3.0.6", "version": "1.1.1"},
        {"purl": "pkg:deb/debian/openssl@3.0.6%00", "version": "1.1.1"},
        {"name": "openssl", "version": "3.0.6\u200b"},
        {"cpes": ("cpe:2.3:a:openssl:openssl:3.0.6",), "version": "1.1.1"},
        {"cpes": ("cpe:2.3:a:openssl:openssl:1.1.1",), "version": "3.0.6"},
    ],
)
def test_a_cpe_pattern_is_held_against_every_version_that_is_stated_of_a_component(named):
    assert cause("cpe:2.3:a:openssl:openssl:3.0.6", **named) is Cause.DENIED
    assert cause("cpe:2.3:a:openssl:openssl:3.0.7", **named) is Cause.NONE


def test_a_cpe_pattern_is_held_against_every_version_that_a_package_url_may_mean_that_is_not_valid():
    purl = "pkg:deb/debian/openssl@3.0.6@1.1.1"
    assert cause("cpe:2.3:a:openssl:openssl:3.0.6", purl=purl) is Cause.DENIED
    assert cause("cpe:2.3:a:openssl:openssl:1.1.1", purl=purl) is Cause.DENIED
    assert cause("cpe:2.3:a:openssl:openssl:3.0.7", purl=purl) is Cause.UNREADABLE


@pytest.mark.parametrize("version", ["latest", "${project.version}", "%33.0.6", "\u0663.0.6"])
def test_a_version_that_says_nothing_is_not_another_than_that_of_a_cpe_pattern(version):
    assert cause("cpe:2.3:a:openssl:openssl:3.0.6", name="openssl", version=version) is Cause.UNREADABLE
    assert cause("cpe:2.3:a:openssl:openssl:3.0.6", purl="pkg:deb/debian/openssl@3.0.6", version=version) is Cause.DENIED
    assert cause("cpe:2.3:a:openssl:openssl:*", name="openssl", version=version) is Cause.DENIED
    assert cause("cpe:2.3:a:openssl:engine:3.0.6", name="openssl", version=version) is Cause.NONE


@pytest.mark.parametrize("version", ["*", "-", ""])
def test_a_version_that_a_cpe_leaves_open_is_the_one_beside_it(version):
    cpes = (f"cpe:2.3:a:openssl:openssl:{version}:*",)
    assert cause("cpe:2.3:a:openssl:openssl:3.0.*", version="3.0.6", cpes=cpes) is Cause.DENIED
    assert cause("cpe:2.3:a:openssl:openssl:3.0.*", version="3.1.0", cpes=cpes) is Cause.NONE
    assert cause("pkg:npm/openssl@<2", name="openssl", version="3.0.0", cpes=cpes) is Cause.NONE
    assert cause("pkg:npm/openssl@<2", name="openssl", cpes=cpes) is Cause.UNREADABLE


@pytest.mark.parametrize("cpes", [(), ("cpe:2.3:a:openssl:openssl:*:*",)])
def test_of_two_versions_that_differ_neither_hides_the_other(cpes):
    pattern = "cpe:2.3:a:openssl:openssl:3.0.6"
    for version, purl in (("3.0.6", "pkg:generic/openssl@3.1.0"), ("3.1.0", "pkg:generic/openssl@3.0.6")):
        assert cause(pattern, name="openssl", version=version, purl=purl, cpes=cpes) is Cause.DENIED
        assert cause("pkg:generic/openssl@3.0.6", name="openssl", version=version, purl=purl, cpes=cpes) is Cause.DENIED
    assert cause(pattern, name="openssl", purl="pkg:generic/openssl@3.0.6", cpes=cpes) is Cause.DENIED
    assert cause(pattern, name="openssl", purl="pkg:generic/openssl@3.1.0", cpes=cpes) is Cause.NONE
    assert cause(pattern, name="openssl", version="3.1.0", purl="pkg:generic/openssl", cpes=cpes) is Cause.NONE
    assert cause(pattern, name="openssl", purl="pkg:generic/openssl", cpes=cpes) is Cause.UNREADABLE
    assert cause(pattern, name="openssl", version="3.1.0", purl="pkg:npm/openssl%403.0.6@3.1.0", cpes=cpes) is Cause.DENIED


def test_a_cpe_that_cannot_be_read_is_unknown_and_hides_no_readable_one():
    pattern, broken = "cpe:2.3:a:openssl:openssl", "cpe:2.3:a"
    assert cause(pattern, cpes=(broken,)) is Cause.UNREADABLE
    assert cause(pattern, cpes=("cpe:2.3:a:acme:other:1", broken)) is Cause.UNREADABLE
    assert cause(pattern, cpes=(broken, "cpe:2.3:a:openssl:openssl:3.0.6")) is Cause.DENIED
    verdict = denied_components([pattern], [sbom(ComponentFacts(name="x", cpes=("cpe:2.3:a:openssl:openssl:1", broken)))])
    assert verdict.cause is Cause.DENIED
    only = denied_components([pattern + ":9"], [sbom(ComponentFacts(name="x", cpes=("cpe:2.3:a:openssl:openssl:1", broken)))])
    assert only.detail == "x: its CPE 'cpe:2.3:a' cannot be read"


# --- package URLs that say little, and names alone


def test_a_package_url_that_can_be_read_outweighs_the_name_beside_it():
    assert cause("pkg:npm/redis", purl="pkg:deb/debian/redis@7", name="redis") is Cause.NONE
    assert cause("pkg:npm/redis", purl="pkg:generic/redis@7", name="redis") is Cause.DENIED


def test_what_is_no_package_is_meant_by_its_cpes_and_by_a_package_url_of_no_ecosystem():
    assert cause("pkg:generic/router", kind="firmware", name="x", cpes=("cpe:2.3:h:acme:router:1",)) is Cause.DENIED
    assert cause("pkg:generic/router", kind="container", name="x", cpes=("cpe:2.3:h:acme:router:1",)) is Cause.DENIED
    assert cause("pkg:deb/debian/redis", kind="container", name="redis", purl="pkg:generic/redis@7") is Cause.DENIED


@pytest.mark.parametrize("kind", ["operating-system", "file", "device", "device-driver", "firmware", "data", "platform"])
def test_what_is_no_package_is_meant_by_its_own_name_where_it_is_not_an_image(kind):
    assert cause("pkg:generic/debian@12", kind=kind, name="debian", version="12") is Cause.DENIED
    assert cause("pkg:generic/debian@12", kind=kind, name="debian", version="13") is Cause.NONE


@pytest.mark.parametrize(
    ("pattern", "purl"),
    [
        ("pkg:npm/@scope/*", "pkg:npm/%40scope/x@1.0.0"),
        ("pkg:npm/*-stream", "pkg:npm/event-stream@3.3.6"),
        ("pkg:*/event-stream", "pkg:npm/event-stream@3.3.6"),
        ("pkg:deb/*/openssl", "pkg:deb/debian/openssl@3"),
    ],
)
def test_a_star_in_a_name_or_type_is_no_letter_of_it(pattern, purl):
    assert cause(pattern, purl=purl) is Cause.DENIED


def test_a_component_is_held_only_against_patterns_that_may_mean_it(monkeypatch):
    """A deny list of thousands and an SBOM of ten thousands must not be their product."""
    asked = []
    judge = deny._judge
    monkeypatch.setattr(deny, "_judge", lambda pattern, component: asked.append(pattern.text) or judge(pattern, component))
    patterns = [*(f"pkg:npm/package{number}" for number in range(50)), "pkg:npm/*-stream"]
    denied_components(patterns, [sbom(ComponentFacts(purl="pkg:npm/package7@1.0.0"))])
    assert asked == ["pkg:npm/package7"]
    denied_components(patterns, [sbom(ComponentFacts(purl="pkg:npm/other@1.0.0"))])
    assert asked[1:] == ["pkg:npm/*-stream"]


# --- how it is told


def packages(*names, version="1.0.0"):
    return sbom(*(ComponentFacts(purl=f"pkg:npm/{name}@{version}" if version else f"pkg:npm/{name}") for name in names))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "pkg:npm/a@1.0.0"),
        (3, "pkg:npm/a@1.0.0, pkg:npm/b@1.0.0, pkg:npm/c@1.0.0"),
        (4, "pkg:npm/a@1.0.0, pkg:npm/b@1.0.0, pkg:npm/c@1.0.0 and 1 more"),
        (5, "pkg:npm/a@1.0.0, pkg:npm/b@1.0.0, pkg:npm/c@1.0.0 and 2 more"),
    ],
)
def test_the_first_three_that_are_denied_are_named_and_the_others_counted(count, told):
    assert denied_components(["pkg:npm/*"], [packages(*"abcde"[:count])]).detail == told


@pytest.mark.parametrize(("count", "told"), [(1, ""), (2, ", and 1 more"), (3, ", and 2 more")])
def test_the_first_that_could_not_be_judged_is_named_and_the_others_counted(count, told):
    verdict = denied_components(["pkg:npm/*@1.0.0"], [packages(*"cba"[:count], version="")])
    first = "cba"[:count][-1]
    assert verdict.cause is Cause.UNREADABLE
    assert verdict.detail == f"pkg:npm/{first}: it has no version, so that pkg:npm/*@1.0.0 cannot be told{told}"


def test_an_sbom_that_is_not_there_and_one_that_cannot_be_read_are_told_apart():
    for denied, pattern in ((denied_components, "pkg:npm/evil"), (denied_licences, "AGPL-*")):
        assert denied([pattern], []).detail == "no trusted SBOM to look into"
        found = denied([pattern], [packages("a"), sbom(unread="no JSON")])
        assert found.detail == "a trusted SBOM cannot be looked into: no JSON"


@pytest.mark.parametrize(
    ("named", "title"),
    [
        ({"purl": "pkg:npm/a@1", "name": "b"}, "pkg:npm/a@1"),
        ({"name": "b", "version": "2"}, "b@2"),
        ({"name": "b"}, "b"),
        ({}, "a component without a name"),
    ],
)
def test_a_component_is_called_by_the_best_that_is_known_of_it(named, title):
    assert ComponentFacts(**named).title == title
