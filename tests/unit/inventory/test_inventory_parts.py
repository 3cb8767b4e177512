"""Images of a chart as parts of its bill of materials, each to be verified alone."""

import json
from dataclasses import replace

import pytest
from sbom_documents import READABLE, rendered
from sbom_trees import SUBJECT, debian, tree

from pratique.documents.check import check_sbom
from pratique.documents.claims import stated_by
from pratique.documents.from_inventory import document_of
from pratique.documents.native.render import render_json, with_parts
from pratique.documents.nesting import embed_parts, extract_part, without_parts
from pratique.documents.read import read_document
from pratique.errors import Unavailable
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.image_parts import fetch_parts
from pratique.model import ArtifactKind, Digest, Subject, build_manifest
from pratique.model.manifest import manifest_root

CHART = Subject(kind=ArtifactKind.CHART, name="harbour", digest=Digest.of(b"chart"))
FILES = {
    "Chart.yaml": "name: harbour\nversion: 1.0.0\n",
    "values.yaml": f"image: {{repository: r.example/app, tag: '1'}}\nother: {{image: 'r.example/gone:2'}}\n"
    f"pinned: {{image: 'r.example/app@{SUBJECT.digest}'}}\n",
}
APP = "pkg:docker/app@1?repository_url=r.example"


def image():
    return catalogue_tree(SUBJECT, debian())


def fetch(reference):
    if "gone" in reference:
        raise Unavailable("no answer")
    return image()


@pytest.fixture
def whole():
    return fetch_parts(catalogue_tree(CHART, tree(FILES)), fetch)


def documents(whole):
    root = manifest_root(whole.inventory.tree.sorted())
    chart = document_of(whole.inventory, timestamp=1_700_000_000, manifest_root=root)
    parts = {part.ref: document_of(part.inventory, timestamp=None, manifest_root=part.root) for part in whole.parts}
    return chart, embed_parts(chart, parts)


def cyclonedx(document):
    return json.loads(rendered(document, "cyclonedx-json"))


def test_each_image_has_its_digest_and_root_and_what_could_not_be_fetched_is_said(whole):
    assert [part.root for part in whole.parts] == [manifest_root(debian().sorted())] * 2
    assert [reference for reference, _ in whole.failed] == ["r.example/gone:2"]
    app = next(one for one in whole.inventory.components if one.ref == APP)
    assert (app.facts["image:fetched"], dict(app.hashes)) == (str(SUBJECT.digest), {"sha256": SUBJECT.digest.hex})
    assert [unknown.reason for unknown in whole.inventory.unknowns] == [
        "the image r.example/gone:2 could not be fetched: no answer"
    ]


def test_a_nested_document_has_every_ref_once_and_relates_only_what_is_there(whole):
    document = cyclonedx(documents(whole)[1])
    refs = [document["metadata"]["component"]["bom-ref"]]
    for component in document["components"]:
        refs += [component["bom-ref"], *(inner["bom-ref"] for inner in component.get("components", ()))]
    assert len(refs) == len(set(refs))
    related = [row["ref"] for row in document["dependencies"]]
    assert len(related) == len(set(related))
    assert {ref for row in document["dependencies"] for ref in (row["ref"], *row["dependsOn"])} <= set(refs)
    assert len(document["components"][0].get("components", ())) == len(image().components)


@pytest.mark.parametrize("name", READABLE)
def test_in_every_format_the_image_is_held_against_its_part_and_the_chart_against_the_rest(whole, name):
    if name == "json":
        inner = {part.ref: render_json(part.inventory, build_manifest(part.inventory)) for part in whole.parts}
        data = with_parts(render_json(whole.inventory, build_manifest(whole.inventory)), inner)
    else:
        data = rendered(documents(whole)[1], name)
    document = read_document(data).document
    part = extract_part(document, str(SUBJECT.digest))
    assert check_sbom(image(), stated_by(part), None) == ()
    other = catalogue_tree(SUBJECT, tree({"opt/other": b"x"}))
    assert {finding.kind for finding in check_sbom(other, stated_by(part), None)} == {"root", "component-missing"}
    chart = catalogue_tree(CHART, tree(FILES))
    assert check_sbom(chart, stated_by(without_parts(document)), None) == ()
    assert extract_part(document, str(Digest.of(b"another"))) is None


def test_an_image_without_packages_is_a_part_all_the_same(whole):
    empty = catalogue_tree(SUBJECT, tree({"a": b"1"}))
    document = documents(replace(whole, parts=tuple(replace(part, inventory=empty) for part in whole.parts)))[1]
    again = read_document(rendered(document, "cyclonedx-json")).document
    assert extract_part(again, str(SUBJECT.digest)).parts == ()


def test_a_document_without_parts_stays_as_it_is(whole):
    chart, _ = documents(replace(whole, parts=()))
    assert embed_parts(chart, {}) == chart == without_parts(chart)
    assert extract_part(chart, str(SUBJECT.digest)) is None
