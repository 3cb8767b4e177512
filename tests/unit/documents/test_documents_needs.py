"""Who wrote it and what it needs for what, from one world into the other and back: originators, authors, kinds of needing."""

import json

import pytest
from official_schemas import WRITTEN, problems_by_schema
from sbom_documents import differences, rendered

from pratique.documents.document import DEPENDS_ON, NEEDING, Document, Family, Part, Party, Relation
from pratique.documents.read import read_document

CYCLONEDX = [name for name in WRITTEN if name.startswith("cyclonedx")]
SPDX = ["spdx-json@2.3", "spdx-tag-value", "spdx-json@3.0.1"]
MARK = "pratique:relation:"


def part(ref, **members):
    return Part(ref=ref, name=ref, version="1", kind="library", **members)


def document(*relations, family=Family.SPDX2, **members):
    parts = tuple(part(name, **members) for name in "abcd")
    return Document(
        family=family,
        timestamp="2026-01-01T00:00:00Z",
        serial="https://example.org/x",
        name="x",
        parts=parts,
        relations=relations,
    )


def needs(source, kind, *targets, **members):
    return Relation(source=source, kind=kind, targets=targets, **members)


def through(value, name):
    return read_document(rendered(value, name)).document


def edges(value):
    return {(one.source, one.kind, one.targets, one.comment) for one in value.relations if one.kind in NEEDING}


CASES = {
    "each kind": [needs("a", kind, "b") for kind in sorted(NEEDING)],
    "only for development": [needs("a", "development-depends-on", "b", "c")],
    "also without more words": [needs("a", DEPENDS_ON, "b", "c"), needs("a", "test-depends-on", "c", "d")],
    "nothing but for tests": [needs("a", DEPENDS_ON), needs("a", "test-depends-on", "b")],
    "with a remark": [needs("a", DEPENDS_ON, "b", comment="seen in the lock file"), needs("a", DEPENDS_ON, "c")],
    "two kinds of one thing": [needs("a", "test-depends-on", "b"), needs("a", "has-optional-dependency", "b")],
    "in a circle": [needs("a", "test-depends-on", "b"), needs("b", "build-depends-on", "a")],
}


@pytest.mark.parametrize("name", CYCLONEDX)
@pytest.mark.parametrize("case", CASES)
def test_each_need_is_an_edge_of_cyclonedx_and_comes_back_as_the_kind_that_it_was(case, name):
    value = document(*CASES[case])
    data = rendered(value, name)
    assert problems_by_schema(data, name) == []
    assert edges(read_document(data).document) == edges(value)


def test_readers_of_cyclonedx_see_every_edge():
    for case in CASES.values():
        found = json.loads(rendered(document(*case), "cyclonedx-json"))
        said = {(row["ref"], target) for row in found["dependencies"] for target in row.get("dependsOn", ())}
        assert said == {(one.source, target) for one in case for target in one.targets}
        assert all(len(set(row.get("dependsOn", ()))) == len(row.get("dependsOn", ())) for row in found["dependencies"])


@pytest.mark.parametrize("name", ["cyclonedx-json", "cyclonedx-xml@1.5"])
@pytest.mark.parametrize("spdx", SPDX)
def test_a_document_of_spdx_is_the_same_again_after_cyclonedx(spdx, name):
    relations = (
        needs("a", "development-depends-on", "b"),
        needs("a", "has-optional-dependency", "c"),
        needs("b", DEPENDS_ON, "d"),
    )
    value = through(document(*relations, originators=(Party(name="Jo", kind="person", email="jo@example.org"),)), spdx)
    again = through(through(value, name), spdx)
    assert differences(value.parts, again.parts) == []
    assert edges(value) == edges(again)


def test_what_another_document_holds_is_no_edge_of_cyclonedx():
    value = document(needs("a", "test-depends-on", "DocumentRef-x:SPDXRef-y"))
    found = json.loads(rendered(value, "cyclonedx-json"))
    assert "dependencies" not in found
    assert edges(read_document(json.dumps(found).encode()).document) == edges(value)


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_an_originator_is_an_author_of_cyclonedx_and_an_originator_again(version):
    for party in (
        Party(name="Jo", kind="person", email="jo@example.org"),
        Party(name="Acme", kind="organization"),
        Party(name="Jo", kind="person", email="no address"),
    ):
        data = rendered(document(originators=(party,)), f"cyclonedx-json@{version}")
        assert problems_by_schema(data, f"cyclonedx-json@{version}") == []
        component = json.loads(data)["components"][0]
        maker = component.get("manufacturer") or component.get("authors", [None])[0]
        said = maker["name"] if version >= "1.6" else component["author"]
        assert said.startswith(party.name)
        assert ("manufacturer" in component) == (version >= "1.6" and party.kind == "organization")
        back = read_document(data).document.parts[0]
        assert (back.originators, back.manufacturer, back.authors, back.author) == ((party,), None, (), "")


@pytest.mark.parametrize("name", SPDX)
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"authors": (Party(name="Jo", kind="person", email="jo@example.org"), Party(name="Al", kind="person"))}, "Jo"),
        ({"author": "Jo <jo@example.org>"}, "Jo"),
        ({"author": "The Jo Team"}, "The Jo Team"),
    ],
)
def test_an_author_of_cyclonedx_is_the_originator_in_spdx_and_an_author_again(name, members, expected):
    value = document(family=Family.CYCLONEDX, **members)
    data = rendered(value, name)
    plain = data.replace(b"pratique:part:author", b"").decode()
    back = read_document(data).document.parts[0]
    assert (back.originators, back.authors, back.author) == ((), members.get("authors", ()), members.get("author", ""))
    if name == "spdx-json@2.3":
        assert json.loads(data)["packages"][0]["originator"].startswith(f"Person: {expected}")
    else:
        assert expected in plain
        assert ("PackageOriginator" if name == "spdx-tag-value" else "originatedBy") in plain


@pytest.mark.parametrize("author", ["Jo  Doe", "Jo (x@y)", " ", "a\nb", "Jo <not an address>"])
@pytest.mark.parametrize("name", SPDX)
def test_an_author_that_would_be_read_as_another_is_carried_only_or_comes_back(author, name):
    back = through(document(family=Family.CYCLONEDX, author=author), name).parts[0]
    assert (back.originators, back.author) == ((), author)


def test_an_originator_that_is_stated_beside_an_author_stays():
    value = document(author="Al", originators=(Party(name="Jo", kind="person"),))
    back = through(value, "cyclonedx-json").parts[0]
    assert (back.author, back.originators) == ("Al", (Party(name="Jo", kind="person"),))
