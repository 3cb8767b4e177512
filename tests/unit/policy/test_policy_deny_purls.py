"""Package URLs that are not valid, or whose type nobody knows: what they may mean is never "nothing that is denied"."""

import pytest

from pratique.model import Cause, Digest
from pratique.policy import ComponentFacts, SbomFacts
from pratique.policy.deny import denied_components


def cause(pattern, purl, **named):
    facts = SbomFacts(
        bundle=Digest.of(b"sbom"), authority="a", cause=Cause.NONE, detail="", components=(ComponentFacts(purl=purl, **named),)
    )
    return denied_components([pattern], [facts]).cause


SPELLINGS = [
    "pkg:n%70m/lodash@4.17.20",
    "pkg:npm /lodash@4.17.20",
    "pkg:npm%20/lodash@4.17.20",
    "pkg:NPM%20/lodash@4.17.20",
    "pkg:np\tm/lodash@4.17.20",
    "pkg:npm\t/lodash@4.17.20",
    "pkg:%6E%70%6D/lodash@4.17.20",
    "pkg:n\u200bpm/lodash@4.17.20",
    "pkg:\uff4epm/lodash@4.17.20",
    "pkg:npm/lodash@4.17.20@2",
    "pkg:npm/lodash@1@4.17.20",
    "pkg:npm/lodash%401@4.17.20",
    "pkg:npm/lodash@4.17.20/other@2",
    "pkg:npm/./lodash@4.17.20",
    "pkg:npm/x/../lodash@4.17.20",
    "pkg:npm/%2E%2E/lodash@4.17.20",
    "pkg:npm/%2E/lodash@4.17.20",
    "pkg:npm/@/lodash@4.17.20",
    "pkg:npm/%40/lodash@4.17.20",
    "pkg:npm/lodash%00@4.17.20",
    "pkg:npm/lodash%00x@4.17.20",
    "pkg:npm/lodash%0A@4.17.20",
    "pkg:npm/lod%E2%80%8Bash@4.17.20",
    "pkg:npm/lodash%E2%80%8B@4.17.20",
    "pkg:npm/%E2%80%8B/lodash@4.17.20",
    "pkg:npm/lodash\u200b@4.17.20",
    "pkg:npm/lo\u00addash@4.17.20",
    "pkg:npm/lodash\ufe0f@4.17.20",
    "pkg:npm/\uff4codash@4.17.20",
    "pkg:npm/%EF%BD%8Codash@4.17.20",
    "pkg:npm/lod%2561sh@4.17.20",
    "pkg:npm/lod%252561sh@4.17.20",
    "pkg:npm/lodash%23x@4.17.20",
    "pkg:npm/lodash%2523x@4.17.20",
    "pkg:npm/lodash%3Fx@4.17.20",
    "pkg:npm/lodash\\@4.17.20",
    "pkg:npm/lodash%5C@4.17.20",
    "pkg:npm/lodash;x@4.17.20",
    "pkg:npm/lodash%20x@4.17.20",
    "pkg:npm/lodash[x]@4.17.20",
    "pkg:npm/lodash/@4.17.20",
    "pkg:npm/lodash:4.17.20",
    "pkg:npm/npm:lodash@4.17.20",
    "pkg:npm/lodash/.@4.17.20",
    "pkg:npm/lodash@\uff14.17.20",
    "pkg:npm/lodash@4.17.20\u200b",
    "pkg:npm/lodash@4.17.20%00",
]


@pytest.mark.parametrize("purl", SPELLINGS)
@pytest.mark.parametrize("pattern", ["pkg:npm/lodash", "pkg:npm/lodash@4.17.20", "pkg:npm/lodash@<4.17.21", "pkg:npm/lod*"])
def test_no_malformed_package_url_hides_a_denied_package(pattern, purl):
    assert cause(pattern, purl) is Cause.DENIED
    assert cause(pattern, purl, name="lodash", version="4.17.20") is Cause.DENIED


@pytest.mark.parametrize("purl", [*SPELLINGS, "pkg:npm/%zz/x@1", "pkg:npm/x%25y@1", "pkg:1npm/x@1", "pkg:n_m/x@1"])
def test_the_name_beside_a_package_url_that_is_not_valid_is_asked(purl):
    plain = purl in SPELLINGS and cause("pkg:npm/another", purl) is Cause.NONE  # what only does not show hides nothing
    assert plain or cause("pkg:npm/event-stream", purl, name="event-stream", version="1.0.0") is Cause.DENIED
    assert plain or cause("pkg:npm/another", purl, name="x") is Cause.UNREADABLE
    assert plain or cause("cpe:2.3:a:*:another", purl) is Cause.UNREADABLE


@pytest.mark.parametrize(
    ("pattern", "purl"),
    [
        *(("pkg:npm/lodash", f"pkg:{alias}/lodash@4.17.20") for alias in ("npmjs", "node", "NodeJS", "yarn")),
        *(("pkg:pypi/requests", f"pkg:{alias}/Requests@2.0") for alias in ("pip", "python", "wheel")),
        ("pkg:golang/github.com/sirupsen/logrus", "pkg:go/github.com/sirupsen/logrus@v1.0.0"),
        ("pkg:deb/debian/openssl", "pkg:dpkg/debian/openssl@3"),
        ("pkg:deb/debian/openssl", "pkg:debian/openssl@3"),
        ("pkg:cargo/foo-bar", "pkg:crates/foo_bar@1.0.0"),
        ("pkg:gem/rails", "pkg:rubygems/rails@7.0.0"),
        ("pkg:apk/alpine/openssl", "pkg:alpine/openssl@3"),
        ("pkg:maven/g/a", "pkg:java/g/a@1"),
        ("pkg:npm/lodash@<4.17.21", "pkg:npmjs/lodash@4.17.20"),
        ("pkg:npm/lodash", "pkg:npmjs/lodash%401@4.17.20"),
        ("pkg:pypi/requests", "pkg:pip/requests[security]@2.0"),
        ("pkg:npm/lodash", "pkg:unheard-of/lodash@4.17.20"),
        ("pkg:npm/lodash@<4.17.21", "pkg:unheard-of/lodash@4.17.20"),
        ("pkg:npm/lodash", "pkg:unheard-of/lod%2561sh@4.17.20"),
        ("pkg:npm/lodash@4.17.20", "pkg:unheard-of/lodash%00@1@4.17.20"),
    ],
)
def test_a_type_that_is_not_known_hides_no_denied_package(pattern, purl):
    assert cause(pattern, purl) is Cause.DENIED


@pytest.mark.parametrize(
    "purl",
    [
        "pkg:unheard-of/lodash@4.17.20@2",
        "pkg:unheard-of/lodash@4.17.20/other@2",
        "pkg:unheard-of/x/../lodash@4.17.20",
        "pkg:unheard-of/lodash%00x@4.17.20",
        "pkg:unheard-of/lod%2561sh@4.17.20",
        "pkg:unheard-of/lodash@4.17.20%00",
    ],
)
@pytest.mark.parametrize("pattern", ["pkg:npm/lodash", "pkg:npm/lodash@4.17.20", "pkg:npm/lodash@<4.17.21"])
def test_a_package_url_of_no_known_type_is_read_in_every_way_where_it_is_not_valid(pattern, purl):
    assert cause(pattern, purl) is Cause.DENIED


def test_the_name_beside_a_type_that_is_not_known_is_asked():
    assert cause("pkg:npm/lodash", "pkg:unheard-of/x@1", name="lodash") is Cause.DENIED
    assert cause("pkg:npm/lodash@<2", "pkg:unheard-of/lodash") is Cause.UNREADABLE
    assert cause("pkg:npm/lodash", "pkg:unheard-of/x@1", name="x") is Cause.NONE


@pytest.mark.parametrize(
    ("pattern", "purl"),
    [
        ("pkg:pypi/requests", "pkg:pypi/requests[security]@2.0"),
        ("pkg:pypi/requests", "pkg:pypi/requests%5Bsecurity%5D@2.0"),
        ("pkg:npm/@s/x", "pkg:npm/%2540s/x@1.0.0"),
        ("pkg:docker/library/redis", "pkg:docker/redis@7"),
        ("pkg:docker/redis", "pkg:docker/library/redis@7"),
        ("pkg:docker/redis", "pkg:docker/docker.io/library/redis@7"),
        ("pkg:docker/bitnami/redis", "pkg:docker/docker.io/bitnami/redis@7"),
        ("pkg:docker/redis", "pkg:docker/redis:7"),
        ("pkg:deb/debian/libc6", "pkg:deb/debian/libc6:amd64@2.36"),
        ("pkg:golang/github.com/a/b", "pkg:golang/https://github.com/a/b@v1.0.0"),
        ("pkg:maven/g/a", "pkg:maven/g:a:1.0"),
        ("pkg:pypi/x@1.0", "pkg:pypi/x@1.0+local"),
        ("pkg:pypi/x@1.0", "pkg:pypi/x@1.0%2Blocal.1"),
        ("pkg:pypi/x@<=1.0", "pkg:pypi/x@1.0+local"),
        ("pkg:pypi/x@1.0+local", "pkg:pypi/x@1.0%2Blocal"),
        ("pkg:npm/x@1.0.0", "pkg:npm/x@1.0.0+build"),
        ("pkg:pypi/x@1.0", "pkg:pypi/x@\uff11.\uff10"),
        ("cpe:2.3:a:*:lodash", "pkg:npm/lod%2561sh@4"),
        ("cpe:2.3:a:*:lodash", "pkg:npm/\uff4codash@4"),
    ],
)
def test_what_an_ecosystem_counts_as_the_same_hides_nothing(pattern, purl):
    assert cause(pattern, purl) is Cause.DENIED


@pytest.mark.parametrize("version", ["1%252E0", "${v1}", "1.0 +local", "\u0661.0"])
def test_a_version_that_cannot_be_read_is_not_another_one(version):
    assert cause("pkg:pypi/x@1.0", f"pkg:pypi/x@{version}") is Cause.UNREADABLE


@pytest.mark.parametrize(
    ("pattern", "purl"),
    [
        ("pkg:pypi/x@>1.0", "pkg:pypi/x@1.0+local"),
        ("pkg:pypi/x@!=1.0", "pkg:pypi/x@1.0+local"),
        ("pkg:pypi/x@1.0+other", "pkg:pypi/x@1.0+local"),
        ("pkg:docker/redis", "pkg:docker/bitnami/redis@7"),
        ("pkg:npm/lodash", "pkg:npm/%40scope/lodash@4"),
        ("pkg:npm/lodash", "pkg:npm/lod\u0430sh@4"),
        ("pkg:npm/x", "pkg:deb/debian/libstdc++6@12.2.0-14+deb12u1"),
        ("pkg:npm/x", "pkg:deb/debian/g%2B%2B@4:12.2.0-3ubuntu1~22.04"),
        ("pkg:npm/x", "pkg:rpm/fedora/perl(x)@1"),
        ("pkg:npm/x", "pkg:maven/g/a@${project.version}"),
        ("pkg:npm/y", "pkg:npm/x@git+ssh://git@github.com/a/b.git"),
        ("pkg:npm/x", "pkg:maven/g:a@1.0"),
        ("pkg:npm/x", "pkg:docker/localhost:5000/redis@7"),
        ("pkg:npm/x", "pkg:golang/github.com/!sirupsen/logrus@v1.0.0"),
        ("pkg:npm/x", "pkg:swid/Acme/Enterprise%20Server@1.0.0"),
        ("pkg:npm/x", "pkg:golang/gopkg.in/yaml.v3@v3.0.1#sub/dir"),
        ("pkg:npm/x", "pkg:nuget/System.Text.Json@8.0.0"),
        ("pkg:npm/x", "pkg:composer/symfony/http-kernel@v6.0"),
        ("pkg:npm/x", "pkg:npm/jquery.(a)!*'~@1.0.0"),
        ("pkg:npm/x", "pkg://npm//lodash@4/"),
        ("pkg:npm/x", "pkg:pypi/requests[security]@2.0"),
        ("pkg:npm/linux", "pkg:linux-kernel/linux@6.1"),
        ("pkg:deb/debian/openssl", "pkg:portage/dev-libs/openssl@3"),
        ("pkg:npm/openssl", "pkg:brew/openssl%403@3.2.1"),
        ("pkg:npm/akismet", "pkg:wordpress-plugin/akismet@5.0.2"),
    ],
)
def test_what_is_valid_and_another_package_is_not_denied(pattern, purl):
    assert cause(pattern, purl) is Cause.NONE


@pytest.mark.parametrize("kind", ["portage", "wordpress-plugin", "spack", "cos", "macports", "swiplpack", "jsr"])
def test_every_type_that_an_inventory_writes_can_be_denied(kind):
    assert cause(f"pkg:{kind}/x", f"pkg:{kind}/x@1") is Cause.DENIED
    assert cause(f"pkg:{kind}/x", f"pkg:{kind}/y@1") is Cause.NONE
