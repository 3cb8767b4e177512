"""That nothing is needed is not that nobody knows: what each format says of the parts of one document."""

import json
from dataclasses import replace

import pytest
from sbom_documents import rendered
from sbom_trees import SUBJECT, tree

from pratique.documents.document import DEPENDS_ON
from pratique.documents.from_inventory import document_of
from pratique.documents.read import read_document
from pratique.documents.score.rules import weigh
from pratique.documents.score.standards import STANDARDS
from pratique.documents.score.view import View
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, Digest, Edges

LOCK = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "app", "version": "1.0.0", "dependencies": {"whole": "*", "part": "*"}},
        "node_modules/whole": {"version": "1.0.0"},
        "node_modules/part": {"version": "1.0.0", "dependencies": {"whole": "*"}},
    },
}
FILES = {"package-lock.json": json.dumps(LOCK), "requirements.txt": "nobody-knows==1.0\n"}
WHOLE, APP, PART, OPEN = "pkg:npm/whole@1.0.0", "pkg:npm/app@1.0.0", "pkg:npm/part@1.0.0", "pkg:pypi/nobody-knows@1.0"


def document():
    found = catalogue_tree(replace(SUBJECT, kind=ArtifactKind.DIRECTORY), replace(tree(FILES), layers=()))
    parts = [replace(one, edges=Edges.INCOMPLETE) if one.ref == PART else one for one in found.components]
    return document_of(replace(found, components=tuple(parts)), timestamp=0, manifest_root=Digest.of(b"x"))


def test_cyclonedx_lists_only_what_is_known_and_says_of_each_how_well():
    value = json.loads(rendered(document(), "cyclonedx-json@1.6"))
    rows = {row["ref"]: row.get("dependsOn") for row in value["dependencies"]}
    assert rows[WHOLE] in ([], None) and WHOLE in rows
    assert rows[PART] == [WHOLE] and rows[APP] == [PART, WHOLE]
    assert OPEN not in rows
    said = {ref: row["aggregate"] for row in value["compositions"] for ref in row.get("dependencies", ())}
    assert said == {WHOLE: "complete", APP: "complete", PART: "incomplete", OPEN: "unknown"}


def test_spdx_2_says_none_only_of_what_is_known_to_need_nothing():
    value = json.loads(rendered(document(), "spdx-json@2.3"))
    names = {one["SPDXID"]: one["name"] for one in value["packages"]}
    rows = {
        (names.get(row["spdxElementId"], ""), names.get(row["relatedSpdxElement"], row["relatedSpdxElement"]))
        for row in value["relationships"]
        if row["relationshipType"] == "DEPENDS_ON"
    }
    assert ("whole", "NONE") in rows and ("nobody-knows", "NOASSERTION") in rows
    assert ("part", "NOASSERTION") in rows and ("part", "whole") in rows
    assert not {("nobody-knows", "NONE"), ("part", "NONE"), ("app", "NONE"), ("app", "NOASSERTION")} & rows


def test_spdx_3_says_at_each_relationship_how_complete_it_is():
    graph = json.loads(rendered(document(), "spdx-json@3.0.1"))["@graph"]
    names = {one["spdxId"]: one.get("name") for one in graph if "spdxId" in one}
    rows = {names.get(one["from"]): one for one in graph if one.get("relationshipType") == "dependsOn"}
    assert rows["app"]["completeness"] == "complete" and rows["part"]["completeness"] == "incomplete"
    assert rows["whole"]["to"] == ["NoneElement"] or rows["whole"]["to"][0].endswith("/NoneElement")
    assert rows["nobody-knows"]["to"][0].endswith("NoAssertionElement")


@pytest.mark.parametrize("target", ["spdx-json@3.0.1", "spdx-json@2.3", "spdx-tag-value", "cyclonedx-json@1.6", "json"])
def test_what_is_known_stays_known_on_the_way_to_cyclonedx(target):
    read = read_document(rendered(document(), target)).document
    value = json.loads(rendered(read, "cyclonedx-json@1.6"))
    by_ref = {part["bom-ref"]: part.get("purl") for part in value["components"]}
    rows = {by_ref.get(row["ref"]): [by_ref[one] for one in row.get("dependsOn", ())] for row in value["dependencies"]}
    assert rows[WHOLE] == [] and sorted(rows[APP]) == [PART, WHOLE] and rows[PART] == [WHOLE]
    assert OPEN not in rows
    said = {by_ref.get(ref): row["aggregate"] for row in value.get("compositions", ()) for ref in row.get("dependencies", ())}
    assert said[OPEN] == "unknown" and said[PART] == "incomplete"


def test_a_score_does_not_count_what_nobody_knows_as_known():
    view = View(document())
    marks = {rule.id: answer for one in weigh(STANDARDS.values(), view).marks for rule, answer in one.answers}
    assert marks["dependencies"].met < marks["dependencies"].of
    known = replace(document(), relations=(*document().relations, replace(document().relations[0], source=OPEN, targets=())))
    answers = {rule.id: answer for one in weigh(STANDARDS.values(), View(known)).marks for rule, answer in one.answers}
    assert answers["dependencies"].met > marks["dependencies"].met


def test_an_inventory_in_our_own_words_keeps_what_is_known():
    value = json.loads(rendered(document(), "json"))
    assert value["pratique"] in ("inventory", "document")
    again = read_document(rendered(document(), "json")).document
    before = {one.source: one.targets for one in document().relations if one.kind == DEPENDS_ON}
    assert {one.source: one.targets for one in again.relations if one.kind == DEPENDS_ON} == before
    assert again.completeness == document().completeness
