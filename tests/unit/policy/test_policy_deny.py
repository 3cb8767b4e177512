"""Deny lists: every way to hide a component or a licence from one. What cannot be told never passes for nothing."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.documents.claims import claims_of, read_claims
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.expressions import MAX_DEPTH
from pratique.lexicon.licences import UNREAD, normalise
from pratique.lexicon.purl_pattern import Match, parse_pattern
from pratique.lexicon.version_ranges import SCHEME_OF
from pratique.model import Cause, Digest
from pratique.policy import ComponentFacts, SbomFacts, parse_policy
from pratique.policy.deny import denied_components, denied_licences
from pratique.policy.deny_licences import licence_judge, parse_licence_pattern


def sbom(*components, names=None, unread=""):
    return SbomFacts(
        bundle=Digest.of(b"sbom"),
        authority="a",
        cause=Cause.NONE,
        detail="",
        components=components,
        licence_names=names or {},
        unread=unread,
    )


def components(pattern, *found):
    return denied_components([pattern], [sbom(*found)]).cause


def purl(text, version=""):
    return ComponentFacts(purl=text, version=version)


@pytest.mark.parametrize(
    ("pattern", "spelling"),
    [
        ("pkg:pypi/PyYAML", "pkg:pypi/pyyaml@5.3"),
        ("pkg:pypi/pyyaml", "pkg:pypi/PyYAML@5.3"),
        ("pkg:pypi/a-b_c", "pkg:pypi/A.B--C@1"),
        ("pkg:pypi/pyyaml@5.3", "pkg:pypi/pyyaml@5.3.0"),
        ("pkg:npm/@scope/x", "pkg:npm/%40scope/x@1.0.0"),
        ("pkg:npm/@scope/x", "pkg:npm/%40scope%2Fx@1.0.0"),
        ("pkg:npm/%40scope/x", "pkg:npm/@scope/x@1.0.0"),
        ("pkg:npm/@scope/x", "pkg:npm/scope/x@1.0.0"),
        ("pkg:npm/event-stream", "PKG:NPM/Event-Stream@3.3.6"),
        ("pkg:npm/event-stream", "pkg://npm/event%2Dstream@3.3.6"),
        ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream@3.3.6?vcs_url=x#sub"),
        ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream%403.3.6"),
        ("pkg:npm/event-stream@3.3.6", "pkg:npm/event-stream@v3.3.6"),
        ("pkg:npm/event-stream", "pkg:npm/event-stream@git+https://example.org/x/y"),
        ("pkg:maven/org.apache.logging.log4j/log4j-core", "pkg:maven/org.apache.logging.log4j%3Alog4j-core@2.14.1"),
        ("pkg:maven/org.apache.logging.log4j/log4j-core", "pkg:maven/org/apache/logging/log4j/log4j-core@2.14.1"),
        ("pkg:maven/org.apache.logging.log4j/log4j-core", "pkg:maven/Org.Apache.Logging.Log4j/Log4j-Core@2.14.1"),
        ("pkg:maven/org.apache.logging.log4j/log4j-core", "pkg:maven/log4j-core@2.14.1"),
        ("pkg:golang/github.com/sirupsen/logrus", "pkg:golang/github.com/Sirupsen/Logrus@v1.0.0"),
        ("pkg:golang/github.com/sirupsen/logrus", "pkg:golang/github.com/!sirupsen/logrus@v1.0.0"),
        ("pkg:golang/github.com/sirupsen/logrus@v1.0.0", "pkg:golang/github.com%2Fsirupsen%2Flogrus@1.0.0"),
        ("pkg:rpm/redhat/openssl@3.0.7-1.el9", "pkg:rpm/redhat/openssl@3.0.7-1.el9?arch=x86_64&epoch=1"),
        ("pkg:rpm/redhat/openssl@1:3.0.7-1.el9", "pkg:rpm/redhat/openssl@3.0.7-1.el9?epoch=1"),
        ("pkg:rpm/redhat/openssl@<3.0.7-18", "pkg:rpm/redhat/openssl@3.0.7-1.el9?epoch=1"),
        ("pkg:deb/debian/vim@<10", "pkg:deb/debian/vim@2:9.0.1378-2"),
        ("pkg:deb/debian/openssl?arch=amd64", "pkg:deb/debian/openssl@3?Arch=amd64&distro=x"),
        ("pkg:deb/debian/openssl", "pkg:deb/openssl@3"),
        ("pkg:cargo/foo-bar", "pkg:cargo/foo_bar@1.0.0"),
    ],
)
def test_another_spelling_of_a_package_url_hides_nothing(pattern, spelling):
    assert components(pattern, purl(spelling)) is Cause.DENIED


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        ("pkg:npm/event-stream", "pkg:npm/event-streams@1.0.0"),
        ("pkg:npm/event-stream", "pkg:deb/debian/event-stream@1"),
        ("pkg:npm/core", "pkg:npm/%40angular/core@17.0.0"),
        ("pkg:npm/@angular/core", "pkg:npm/core@17.0.0"),
        ("pkg:npm/lodash@<4.17.21", "pkg:npm/lodash@4.17.21"),
        ("pkg:npm/lodash@^4", "pkg:npm/lodash@5.0.0"),
        ("pkg:pypi/pyyaml@5.3", "pkg:pypi/pyyaml@5.3.1"),
        ("pkg:deb/debian/openssl?arch=arm64", "pkg:deb/debian/openssl@3?arch=amd64"),
        ("pkg:golang/github.com/a/b", "pkg:golang/github.com/a/b/v2@v2.0.0"),
    ],
)
def test_what_is_another_package_is_not_denied(pattern, other):
    assert components(pattern, purl(other)) is Cause.NONE


RANGES = [
    ("pkg:npm/x@<4.17.21", ["4.17.20", "4.17.21-rc.1", "0.0.1", "4.17"], ["4.17.21", "5.0.0"]),
    ("pkg:npm/x@^4", ["4.0.0", "4.99.1"], ["3.9.9", "5.0.0"]),
    ("pkg:npm/x@^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
    ("pkg:npm/x@~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]),
    ("pkg:npm/x@>=1,<2", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.0"]),
    ("pkg:npm/x@>=1 <2", ["1.0.0"], ["2.0.0"]),
    ("pkg:npm/x@ >= 1.0.0 , < 2 ", ["1.0.0"], ["2.0.0"]),
    ("pkg:npm/x@<1 || >=3", ["0.1.0", "3.0.0"], ["1.0.0", "2.0.0"]),
    ("pkg:npm/x@1.x", ["1.0.0", "1.9.9"], ["2.0.0"]),
    ("pkg:npm/x@1.2.*", ["1.2.3"], ["1.3.0"]),
    ("pkg:npm/x@1.0.0 - 2.0.0", ["1.0.0", "2.0.0"], ["2.0.1"]),
    ("pkg:npm/x@vers:npm/<4.17.21", ["4.17.20"], ["4.17.21"]),
    ("pkg:npm/x@vers:npm/>=1.0.0|<2.0.0|3.0.0", ["1.5.0", "3.0.0"], ["2.0.0"]),
    ("pkg:npm/x?vers=vers:npm/<2.0.0", ["1.0.0"], ["2.0.0"]),
    ("pkg:npm/x@%3C2", ["1.0.0"], ["2.0.0"]),
    ("pkg:npm/x@*", ["1.0.0", "latest", ""], []),
    ("pkg:npm/x@!=1.0.0", ["1.0.1"], ["1.0.0"]),
    ("pkg:pypi/x@~=2.2", ["2.2", "2.9"], ["3.0", "2.1"]),
    ("pkg:pypi/x@>=1.0,!=1.5", ["1.4", "2"], ["1.5", "0.9"]),
    ("pkg:gem/x@~> 2.0.8", ["2.0.9"], ["2.1.0"]),
    ("pkg:composer/a/x@~1.2", ["1.9.0"], ["2.0.0"]),
    ("pkg:maven/g/x@[2.0,2.15)", ["2.14.1", "2.0"], ["2.15", "2.15.0", "1.9"]),
    ("pkg:maven/g/x@(,1.5]", ["1.5", "1.0"], ["1.6"]),
    ("pkg:nuget/x@[1.0]", ["1.0.0"], ["1.0.1"]),
    ("pkg:deb/debian/x@<3.0.15-1~deb12u1", ["3.0.14-1~deb12u2"], ["3.0.15-1~deb12u1", "3.0.15-1"]),
    ("pkg:golang/g.o/x@<1.9.3", ["v1.9.0", "v0.0.0-20200101000000-abcdefabcdef"], ["v1.9.3", "v1.10.0"]),
    ("pkg:apk/alpine/x@<1.2.4-r3", ["1.2.4-r2", "1.2.4_rc1"], ["1.2.4-r3"]),
    ("pkg:generic/openssl@vers:openssl/<3.0.7", ["3.0.6"], ["3.0.7"]),
]


@pytest.mark.parametrize(("pattern", "inside", "outside"), RANGES)
def test_a_range_denies_what_is_in_it_and_nothing_else(pattern, inside, outside):
    parsed = parse_pattern(pattern)
    name = f"pkg:{parsed.type}/{'@scope/x' if parsed.name == 'scope/x' else parsed.name}"
    for version in inside:
        assert parsed.judge_purl(f"{name}@{version}" if version else name).match is Match.YES, version
    for version in outside:
        assert parsed.judge_purl(f"{name}@{version}").match is Match.NO, version


@pytest.mark.parametrize("version", ["latest", "", "${project.version}", "(devel)", "unknown", "main", "1.2.3.4.5.beta?", "%00"])
@pytest.mark.parametrize("type_", ["npm", "golang", "cargo"])
def test_a_version_that_cannot_be_ordered_is_never_silently_not_denied(type_, version):
    found = ComponentFacts(purl=f"pkg:{type_}/x", version=version)
    verdict = denied_components([f"pkg:{type_}/x@<2"], [sbom(found)])
    assert verdict.cause is Cause.UNREADABLE
    assert f"pkg:{type_}/x" in verdict.detail


@pytest.mark.parametrize("type_", sorted(SCHEME_OF))
@pytest.mark.parametrize("version", ["latest", "", "${project.version}"])
def test_a_placeholder_is_no_version_in_any_ecosystem(type_, version):
    low = "2021-01-01T00:00:00Z" if SCHEME_OF[type_] == "datetime" else "2"
    found = ComponentFacts(purl=f"pkg:{type_}/ns/x", version=version)
    assert denied_components([f"pkg:{type_}/ns/x@>={low}"], [sbom(found)]).cause is Cause.UNREADABLE


def test_a_missing_version_cannot_be_told_from_a_denied_one():
    assert components("pkg:npm/event-stream@3.3.6", purl("pkg:npm/event-stream")) is Cause.UNREADABLE
    assert components("pkg:npm/event-stream@3.3.6", purl("pkg:npm/event-stream", "3.3.6")) is Cause.DENIED
    assert components("pkg:npm/event-stream@3.3.6", purl("pkg:npm/event-stream@1.0.0", "3.3.6")) is Cause.DENIED
    assert components("pkg:npm/event-stream@3.3.6", purl("pkg:npm/event-stream@1.0.0")) is Cause.NONE


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("pkg:npm/lodash@<foo", "no version of the scheme npm"),
        ("pkg:npm/lodash@<", "no range that is understood"),
        ("pkg:npm/lodash@=>1", "no range that is understood"),
        ("pkg:npm/lodash@>2,<1", "holds no version"),
        ("pkg:npm/lodash@>1,<1", "holds no version"),
        ("pkg:npm/lodash@1.0.0,2.0.0", "holds no version"),
        ("pkg:npm/lodash@vers:none/*", "holds no version"),
        ("pkg:npm/lodash@vers:pypi/<2", "not ordered as vers:pypi says"),
        ("pkg:npm/lodash@vers:foo/<2", "order is not known"),
        ("pkg:npm/lodash@4", "no whole version"),
        ("pkg:npm/lodash@latest", "no version of npm"),
        ("pkg:npm/lodash@", "an @ and no version"),
        ("pkg:npm/lodash@<4.17.21@5", "no range that is understood"),
        ("pkg:huggingface/a/b@<2", "order of versions of 'huggingface'"),
        ("pkg:*/lodash@<2", "order of versions"),
        ("pkg:deb/debian/openssl@^3", "versions of deb do not have"),
        ("pkg:pypi/a@<2.*", "not understood"),
        ("pkg:nmp/lodash", "npm is one"),
        ("pkg:npm", "pkg:type/name"),
        ("lodash", "begins with pkg:"),
        ("", "must be a text"),
        ("cpe:2.3:a:openssl", "VENDOR:PRODUCT"),
        ("cpe:2.3:a:openssl:openssl:<3.0.7", "no ranges"),
    ],
)
def test_a_pattern_that_can_match_nothing_is_refused_at_load_with_the_reason(pattern, reason):
    text = (
        "version: 1\nname: x\nauthorities: {a: {keys: [k]}}\nrequire: {sbom: {from: [a]}}\n"
        f"deny: {{components: [{json.dumps(pattern)}]}}\n"
    )
    with pytest.raises(Malformed, match=r"policy\.yaml") as caught:
        parse_policy(text.encode(), where="policy.yaml")
    assert reason in str(caught.value)
    assert "deny.components" in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("AGLP-*", "AGPL"), ("AGPL-3.0-onyl", "AGPL-3.0-only"), ("MIT OR ISC", "list each"), ("MIT AND", ""), ("", "must be")],
)
def test_a_licence_that_is_a_typing_mistake_is_refused_at_load(pattern, reason):
    text = (
        "version: 1\nname: x\nauthorities: {a: {keys: [k]}}\nrequire: {sbom: {from: [a]}}\n"
        f"deny: {{licences: [{json.dumps(pattern)}]}}\n"
    )
    if not reason:
        parse_policy(text.encode(), where="policy.yaml")
        return
    with pytest.raises(Malformed, match=r"deny\.licences") as caught:
        parse_policy(text.encode(), where="policy.yaml")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("pkg:npm/event-stream@3.3.6", {"name": "event-stream", "version": "3.3.6"}),
        ("pkg:npm/event-stream", {"name": "Event-Stream"}),
        ("pkg:npm/@scope/x", {"name": "@scope/x"}),
        (
            "pkg:maven/org.apache.logging.log4j/log4j-core@<2.15",
            {"name": "org.apache.logging.log4j/log4j-core", "version": "2.14"},
        ),
        ("pkg:maven/org.apache.logging.log4j/log4j-core", {"name": "org.apache.logging.log4j:log4j-core"}),
        ("pkg:deb/debian/openssl", {"name": "openssl"}),
        ("pkg:npm/lodash@<4.17.21", {"name": "x", "cpes": ("cpe:2.3:a:lodash:lodash:4.17.20:*:*:*:*:node.js:*:*",)}),
        ("pkg:generic/open-ssl", {"cpes": (r"cpe:2.3:a:openssl:open\-ssl:3.0.6:*:*:*:*:*:*:*",)}),
        ("pkg:deb/debian/openssl@3.0.6", {"cpes": ("cpe:/a:openssl:openssl:3.0.6",)}),
        ("cpe:2.3:a:openssl:openssl:3.0.*", {"cpes": ("cpe:2.3:a:OpenSSL:openssl:3.0.6:*:*:*:*:*:*:*",)}),
        ("cpe:2.3:a:*:openssl", {"purl": "pkg:deb/debian/openssl@1"}),
        ("cpe:/a:openssl:openssl:3.0.6", {"name": "openssl", "version": "3.0.6"}),
        ("pkg:npm/event-stream", {"purl": "pkg:generic/something@1", "name": "event-stream"}),
        ("pkg:npm/event-stream", {"purl": "nonsense", "name": "event-stream"}),
    ],
)
def test_a_component_is_found_by_what_else_it_is_called(pattern, found):
    assert components(pattern, ComponentFacts(kind="library", **found)) is Cause.DENIED


def test_what_has_no_readable_name_is_not_nothing_that_is_denied():
    assert components("pkg:npm/a", ComponentFacts(purl="nonsense", name="b")) is Cause.UNREADABLE
    assert components("pkg:npm/a", ComponentFacts(name="b", cpes=("cpe:2.3:a",))) is Cause.UNREADABLE
    assert components("pkg:npm/*", ComponentFacts(name="b", kind="library")) is Cause.UNREADABLE
    assert components("pkg:npm/lodash@<2", ComponentFacts(name="lodash")) is Cause.UNREADABLE


def test_an_image_is_not_the_package_of_its_name():
    assert components("pkg:deb/debian/redis", ComponentFacts(name="redis", kind="container", version="7")) is Cause.NONE
    assert components("pkg:npm/*", ComponentFacts(name="debian", kind="operating-system")) is Cause.NONE


def test_a_trusted_sbom_that_cannot_be_read_is_not_nothing_that_is_denied():
    clean = sbom(purl("pkg:npm/a@1.0.0"))
    broken = sbom(unread="the SBOM: no JSON")
    for deny, pattern in ((denied_components, "pkg:npm/evil"), (denied_licences, "AGPL-*")):
        assert deny([pattern], [clean, broken]).cause is Cause.UNREADABLE
        assert deny([pattern], []).cause is Cause.UNREADABLE
        assert deny([pattern], [clean]).cause is Cause.NONE
    assert denied_components(["pkg:npm/a"], [clean, broken]).cause is Cause.DENIED


# --- licences

DENY = ("AGPL-3.0",)


@pytest.mark.parametrize(
    "text",
    [
        "agpl-3.0-only",
        "AGPL-3.0",
        "AGPL-3.0-or-later",
        "AGPL-3.0+",
        "GNU AGPL v3",
        "GNU Affero General Public License v3.0 only",
        "GNU AFFERO GENERAL PUBLIC LICENSE, Version 3, 19 November 2007",
        "https://www.gnu.org/licenses/agpl-3.0.html",
        "GPL-2.0-only WITH Classpath-exception-2.0 AND AGPL-3.0-only",
        "AGPL-3.0-only WITH Some-exception",
        "MIT, AGPL-3.0",
        "MIT & agplv3",
        "AGPL-3.0-only or agpl-3.0-or-later",
        "(MIT OR AGPL-3.0) AND AGPL-3.0-only",
        "LicenseRef-AGPL-3.0-with-odd-stuff",
        "LicenseRef-1",
        "DocumentRef-x:LicenseRef-AGPL-3.0-only",
        "not ( an expression AGPL-3.0-only",
        "(" * (MAX_DEPTH + 2) + "AGPL-3.0-only" + ")" * (MAX_DEPTH + 2),
        " AND ".join([*(f"x{number}" for number in range(20_000)), "AGPL-3.0-only"]),
        f"{UNREAD}1 http://spdx.org/licenses/AGPL-3.0-only",
        "You may use it under the terms of the GNU Affero General Public License version 3 and of no other one",
    ],
)
def test_no_spelling_hides_a_licence(text):
    assert licence_judge(DENY, {"LicenseRef-1": ("GNU AGPL v3",)})(text).match is Match.YES


@pytest.mark.parametrize(
    "text",
    ["MIT", "MIT OR AGPL-3.0", "mit or agplv3", "GPL-3.0-only", "LicenseRef-2", "", "Apache-2.0 WITH LLVM-exception", "NONE"],
)
def test_a_licence_that_can_be_avoided_or_is_another_is_not_denied(text):
    assert licence_judge(DENY, {})(text).match is Match.NO


@pytest.mark.parametrize(
    "text",
    [
        "MIT AND (",
        "MIT) OR ISC",
        "(" * (MAX_DEPTH + 2) + "MIT" + ")" * (MAX_DEPTH + 2),
        " AND ".join(f"x{number}" for number in range(20_000)),
        "DocumentRef-x:LicenseRef-y",
        f"{UNREAD}0011223344556677",
        "MIT AND DocumentRef-x:LicenseRef-y",
    ],
)
def test_an_expression_that_cannot_be_read_could_not_be_judged(text):
    assert licence_judge(DENY, {})(text).match is Match.UNKNOWN
    verdict = denied_licences(DENY, [sbom(ComponentFacts(name="x", licences=(text,)))])
    assert verdict.cause is Cause.UNREADABLE and verdict.detail.startswith("x: its licence")


def test_what_is_unread_decides_only_where_it_cannot_be_avoided():
    judge = licence_judge(DENY, {})
    assert judge("MIT OR DocumentRef-x:LicenseRef-y").match is Match.NO
    assert judge("AGPL-3.0-only OR DocumentRef-x:LicenseRef-y").match is Match.UNKNOWN
    assert judge("AGPL-3.0-only AND DocumentRef-x:LicenseRef-y").match is Match.YES


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("AGPL", "AGPL-1.0-or-later", True),
        ("SSPL", "SSPL-1.0", True),
        ("GNU AGPL v3", "AGPL-3.0-only", True),
        ("agpl-3.0-ONLY", "AGPL-3.0-only", True),
        ("AGPL-3.0-only", "AGPL-3.0-or-later", False),
        ("AGPL-3.0+", "AGPL-3.0-or-later", True),
        ("Acme Proprietary", "acme  proprietary", True),
        ("Acme Proprietary", "LicenseRef-Acme-Proprietary", True),
        ("LicenseRef-acme", "licenseref-ACME", True),
        ("GPL-2.0-only", "GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("GPL-2.0-only", "GPL-2.0-with-classpath-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0 with classpath-exception-2.0", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only", False),
        ("MPL-1.1", "MPL-1.1+", True),
        ("Apache License, Version 2.0", "Apache-2.0", True),
        ("*-exception-*", "GPL-2.0-only WITH Classpath-exception-2.0", True),
    ],
)
def test_a_pattern_names_a_licence_as_people_do(pattern, text, expected):
    assert (licence_judge([pattern], {})(text).match is Match.YES) is expected


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.sampled_from(["MIT", "AGPL-3.0-only", "GNU AGPL v3", "Odd Licence"]),
        lambda inner: st.tuples(inner, st.sampled_from(["or", "AND"]), inner),
        max_leaves=10,
    )
)
def test_an_expression_is_denied_exactly_where_no_choice_avoids_it(tree):
    def text(node):
        return node if isinstance(node, str) else f"({text(node[0])}) {node[1]} ({text(node[2])})"

    def truth(node):
        if isinstance(node, str):
            return "AGPL" in node
        return (any if node[1] == "AND" else all)([truth(node[0]), truth(node[2])])

    judge = licence_judge(["AGPL-*"], {})
    assert (judge(text(tree)).match is Match.YES) is truth(tree)
    assert (judge(normalise(text(tree))).match is Match.YES) is truth(tree)


def test_patterns_are_parsed_whatever_they_are():
    for text in ("a" * 5000, "LicenseRef-" + "x" * 2000, "**" * 500):
        parse_licence_pattern(text)


def test_no_name_of_a_stranger_makes_a_pattern_expensive():
    assert licence_judge(["*a" * 40 + "b"], {})("a" * 5_000).match is Match.NO
    assert parse_pattern("pkg:npm/" + "*a" * 40 + "b").judge_purl("pkg:npm/" + "a" * 5_000).match is Match.NO


# --- what is read of documents, whatever their format

BASE = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
EVIL = {"type": "library", "name": "event-stream", "version": "3.3.6", "licenses": [{"license": {"id": "AGPL-3.0-only"}}]}
PURL = EVIL | {"purl": "pkg:npm/event-stream@3.3.6"}


def facts_of(document):
    sbom_ = read_claims(document)
    return sbom(
        *(
            ComponentFacts(purl=one.purl, name=one.name, version=one.version, kind=one.kind, cpes=one.cpes, licences=one.held)
            for one in (*sbom_.components, *sbom_.others)
        ),
        names=sbom_.licence_names,
    )


def nested(levels):
    part = PURL
    for number in range(levels):
        part = {"type": "library", "name": f"level{number}", "components": [part]}
    return part


SPDX2 = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "dataLicense": "CC0-1.0",
    "name": "x",
    "documentNamespace": "https://example.org/x",
    "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: x-1"]},
}


def package(**more):
    return {"SPDXID": "SPDXRef-p", "name": "event-stream", "downloadLocation": "NOASSERTION", "versionInfo": "3.3.6"} | more


def reference(locator, kind="purl", category="PACKAGE-MANAGER"):
    return {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}


AGPL_TEXT = [{"licenseId": "LicenseRef-1", "extractedText": "GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007 …"}]


@pytest.mark.parametrize(
    "document",
    [
        BASE | {"components": [PURL]},
        BASE | {"components": [EVIL]},
        BASE | {"components": [nested(20)]},
        BASE | {"metadata": {"component": {"type": "application", "name": "x", "components": [PURL]}}},
        BASE | {"metadata": {"component": {"type": "application", "name": "x", "components": [nested(5)]}}},
        BASE | {"metadata": {"component": PURL}},
        BASE | {"metadata": {"component": EVIL | {"type": "application"}}},
        BASE | {"components": [PURL], "dependencies": [{"ref": 5}]},
        {"Data": BASE | {"components": [PURL]}, "Timestamp": "x"},
        {"Data": json.dumps(BASE | {"components": [PURL]}), "Timestamp": "x"},
        SPDX2 | {"packages": [package(licenseDeclared="AGPL-3.0-only")]},
        SPDX2 | {"packages": [package(licenseConcluded="agpl-3.0-only", externalRefs=[reference("pkg:npm/event-stream@3.3.6")])]},
        SPDX2
        | {
            "packages": [
                package(
                    name="x",
                    licenseDeclared="LicenseRef-1",
                    externalRefs=[reference("pkg:npm/left-pad@1.0.0"), reference("pkg:npm/event-stream@3.3.6")],
                )
            ],
            "hasExtractedLicensingInfos": AGPL_TEXT,
        },
    ],
)
def test_no_nesting_and_no_format_hides_a_component_or_its_licence(document):
    found = facts_of(document)
    assert denied_components(["pkg:npm/event-stream@3.3.6"], [found]).cause is Cause.DENIED
    assert denied_licences(["AGPL-*"], [found]).cause is Cause.DENIED


def test_every_format_that_is_written_is_looked_into():
    from pratique.documents.names import FORMATS, parse_target
    from pratique.documents.read import read_document
    from pratique.documents.write import render_document

    source = read_document(json.dumps(BASE | {"components": [nested(2)]}).encode()).document
    for name in FORMATS:
        if name in ("table", "github-json"):  # for people, and for one service: no bills of materials
            continue
        sbom_ = claims_of(render_document(source, parse_target(name), environ={}).data)
        assert any("event-stream" in one.purl for one in (*sbom_.components, *sbom_.others)), name


@pytest.mark.parametrize(
    "document",
    [
        BASE | {"components": [{"type": "library", "name": "a", "purl": 5}]},
        BASE | {"components": [{"name": "a", "purl": "pkg:npm/event-stream@3.3.6"}]},
        BASE | {"components": [{"type": "library", "name": "a", "licenses": [{"license": {"id": "AGPL-9.9"}}]}]},
        BASE | {"components": [{"type": "library", "name": "a", "licenses": {"license": {"id": "MIT"}}}]},
        BASE | {"Components": [PURL]},
        BASE | {"components": [{"type": "library", "name": "a", "Components": [PURL]}]},
        BASE | {"components": [{"type": "library", "name": "a", "PURL": "pkg:npm/event-stream@3.3.6"}]},
        BASE | {"components": {"0": PURL}},
        BASE | {"specVersion": "9.0", "components": []},
        BASE | {"components": [nested(70)]},
        SPDX2 | {"packages": [package(externalRefs=[{"referenceType": "purl"}])]},
        SPDX2 | {"packages": {"0": package()}},
        {"Data": "nonsense"},
        {"predicate": {}},
        {},
    ],
)
def test_what_cannot_be_read_is_an_error_and_never_an_empty_list(document):
    with pytest.raises(Malformed):
        read_claims(document)


def test_members_named_twice_are_an_error_in_a_wrapped_text_as_well():
    text = '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"name":5}],"components":[]}'
    with pytest.raises(Malformed, match="twice"):
        read_claims({"Data": text})
    with pytest.raises(LimitExceeded):
        claims_of(b'{"a":' * 100 + b"1" + b"}" * 100)


def test_licences_found_in_files_count_where_nothing_else_is_said():
    evidence = {"evidence": {"licenses": [{"license": {"id": "AGPL-3.0-only"}}]}}
    bare = {"type": "library", "name": "a"}
    stated = bare | {"licenses": [{"license": {"id": "MIT"}}]}
    assert denied_licences(["AGPL-*"], [facts_of(BASE | {"components": [bare | evidence]})]).cause is Cause.DENIED
    assert denied_licences(["AGPL-*"], [facts_of(BASE | {"components": [stated | evidence]})]).cause is Cause.NONE
