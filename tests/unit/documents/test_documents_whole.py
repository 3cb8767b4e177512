import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sbom_trees import SUBJECT, debian, tree

from pratique import __version__
from pratique.documents.check import check_sbom
from pratique.documents.claims import claims_of, read_claims
from pratique.documents.cyclonedx.of_inventory import render_cyclonedx
from pratique.documents.epoch import sbom_time
from pratique.documents.native.render import render_json
from pratique.errors import InputError, LimitExceeded, Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, Component, Digest, FileEntry, Tree, Unknown, build_manifest

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "cyclonedx"


def inventory():
    return catalogue_tree(SUBJECT, debian())


def document(inv, timestamp=1700000000):
    return render_cyclonedx(inv, timestamp=timestamp, manifest_root=build_manifest(inv).root)


def validate(data: bytes) -> None:
    import jsonschema
    from referencing import Registry, Resource

    folder = VECTORS / "schema"
    if not folder.exists():
        pytest.skip("public vectors are not here")
    names = ("bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schema.json", "cryptography-defs.schema.json")
    schemas = {name: json.loads((folder / name).read_bytes()) for name in names}
    resources = [(f"http://cyclonedx.org/schema/{name}", Resource.from_contents(schema)) for name, schema in schemas.items()]
    registry = Registry().with_resources(resources)
    jsonschema.Draft7Validator(schemas["bom-1.6.schema.json"], registry=registry).validate(json.loads(data))


def test_the_document_is_valid_by_the_official_schema():
    inv = inventory()
    hostile = Component(
        ref="pkg:npm/%40s/x",
        purl="pkg:npm/%40s/x",
        type="npm",
        name="@s/x",
        version="",
        licences=("LicenseRef-x", "MIT", "MIT OR ISC"),
        homepage="http://[not a url",
        evidence=("a\udcffb",),
        depends=("pkg:nowhere",),
    )
    validate(document(replace(inv, components=(*inv.components, hostile), unknowns=(Unknown("x\udcff\n", "why\x1b"),))))
    for kind in (ArtifactKind.DIRECTORY, ArtifactKind.FILE):
        validate(document(replace(inv, subject=replace(SUBJECT, kind=kind, name="/some/where")), timestamp=None))


def test_the_same_inventory_gives_the_same_bytes_in_whatever_order_it_was_read():
    inv = inventory()
    backwards = debian()
    backwards = Tree(
        entries=dict(reversed(backwards.entries.items())),
        contents=dict(reversed(backwards.contents.items())),
        digests=backwards.digests,
        layers=backwards.layers,
    )
    again = catalogue_tree(SUBJECT, backwards)
    assert document(inv) == document(again)
    assert render_json(inv, build_manifest(inv)) == render_json(again, build_manifest(again))


def test_where_an_archive_lies_on_disk_does_not_change_the_document():
    inv = inventory()
    one, other = (replace(inv, subject=replace(SUBJECT, name=name)) for name in ("/a/app.tar", "b/c/app.tar"))
    assert document(one) == document(other)
    assert b"pkg:oci/app.tar@sha256:" in document(one)


def test_an_image_reference_becomes_its_purl():
    purl = json.loads(document(inventory()))["metadata"]["component"]["purl"]
    assert purl == f"pkg:oci/app@{SUBJECT.digest}?repository_url=registry.example:5000%2Fteam%2Fapp&tag=1.2"


def test_every_component_is_reachable_from_the_artifact_also_in_a_circle():
    parts = [
        Component(ref=name, purl=name, type="npm", name=name, version="1", depends=(other,))
        for name, other in [("pkg:npm/a", "pkg:npm/b"), ("pkg:npm/b", "pkg:npm/a"), ("pkg:npm/c", "pkg:npm/a")]
    ]
    circle = replace(inventory(), components=tuple(parts[:2]))
    graph = {row["ref"]: row["dependsOn"] for row in json.loads(document(circle))["dependencies"]}
    assert graph[str(SUBJECT.digest)] == ["pkg:npm/a"]
    graph = {
        row["ref"]: row["dependsOn"] for row in json.loads(document(replace(circle, components=tuple(parts))))["dependencies"]
    }
    assert graph[str(SUBJECT.digest)] == ["pkg:npm/c"]


def test_unknowns_make_the_document_incomplete_and_are_all_named():
    inv = replace(inventory(), unknowns=(Unknown("x", "unreadable"),))
    parsed = json.loads(document(inv))
    assert parsed["compositions"][0]["aggregate"] == "incomplete"
    assert {"name": "pratique:unknown", "value": "x: unreadable"} in parsed["metadata"]["properties"]


def test_what_is_rendered_is_parsed_back():
    inv = inventory()
    data = document(inv)
    parsed = claims_of(data)
    assert parsed.subject_digest == SUBJECT.digest
    assert parsed.manifest_root == build_manifest(inv).root
    assert sorted(item.purl for item in parsed.components) == [item.purl for item in inv.components]
    assert parsed.spec_version == "1.6" and parsed.serial.startswith("urn:uuid:")
    assert read_claims(json.loads(data)) == parsed


def test_the_serial_number_follows_the_bytes_and_the_tool():
    inv = inventory()
    serials = {
        claims_of(render_cyclonedx(inv, timestamp=None, manifest_root=root, tool_version=version)).serial
        for root in (Digest.of(b"1"), Digest.of(b"2"))
        for version in (__version__, "9")
    }
    assert len(serials) == 4


def vectors(kind):
    found = sorted((VECTORS / "tools").rglob(f"{kind}-*.json"))
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="public vectors are not here"))]


@pytest.mark.parametrize("path", vectors("valid"), ids=lambda path: path and path.name)
def test_other_tools_documents_are_read(path):
    assert claims_of(path.read_bytes()).spec_version in ("1.5", "1.6")


@pytest.mark.parametrize("path", vectors("invalid"), ids=lambda path: path and path.name)
def test_invalid_documents_are_read_or_refused_and_nothing_else(path):
    with suppress(Malformed):
        claims_of(path.read_bytes())


@pytest.mark.parametrize(
    "change",
    [
        {"bomFormat": "SPDX"},
        {"specVersion": 1.6},
        {"components": {}},
        {"components": [1]},
        {"components": [None, {"purl": "pkg:npm/hidden"}]},
        {"components": [{"name": "a", "components": "x"}]},
        {"metadata": {"properties": [{"name": "pratique:manifest:root", "value": "sha256:short"}]}},
        {"metadata": {"properties": [{"name": "pratique:manifest:root", "value": "sha256:" + "0" * 64}] * 2}},
        {
            "metadata": {
                "properties": [{"name": "pratique:subject:digest", "value": "sha256:" + "0" * 64}],
                "component": {"hashes": [{"alg": "SHA-256", "content": "1" * 64}]},
            }
        },
    ],
)
def test_a_document_that_two_readers_could_take_differently_is_refused(change):
    base = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
    with pytest.raises(Malformed):
        claims_of(json.dumps(base | change).encode())


@pytest.mark.parametrize("value", [1, "x", [], [1], {"hashes": 5}, {"hashes": ["x"]}])
def test_metadata_of_any_shape_is_not_a_crash(value):
    own = [{"name": "pratique:subject:digest", "value": "sha256:" + "0" * 64}]
    for metadata in (value, {"component": value, "properties": own}, {"properties": value}):
        with suppress(Malformed):
            read_claims({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": metadata})


def test_members_named_twice_are_refused():
    with pytest.raises(Malformed):
        claims_of(b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"components":[]}')


def test_a_document_that_is_too_deep_is_refused():
    nested = "".join('{"components":[' for _ in range(200)) + "]}" * 200
    data = f'{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{nested}]}}'
    with pytest.raises(LimitExceeded):
        claims_of(data.encode())


def test_a_document_with_too_many_components_is_refused(monkeypatch):
    part = {"type": "library", "name": "x"}
    monkeypatch.setattr("pratique.documents.read.MAX_PARTS", 3)
    with pytest.raises(LimitExceeded):
        read_claims(
            {
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "components": [part | {"components": [part]}, part, part | {"name": "y"}],
            }
        )


def findings(inv, sbom, manifest=None):
    return [(item.kind, item.place) for item in check_sbom(inv, sbom, manifest)]


def changed_tree():
    before = debian()
    entries = dict(before.entries)
    del entries["opt/stray"]
    entries["usr/bin/mawk"] = entries["usr/bin/mawk"]._replace(sha256="0" * 64)
    entries["usr/bin/logger"] = entries["usr/bin/logger"]._replace(mode=0o4755)
    entries["lib"] = entries["lib"]._replace(target="opt")
    entries["usr/new"] = FileEntry("usr/new", entries["etc/mawkrc"].kind, 0o755, 1, "1" * 64)
    return Tree(entries=entries, contents=before.contents, layers=before.layers)


def test_an_sbom_of_exactly_these_bytes_has_no_findings():
    inv = inventory()
    sbom = claims_of(document(inv))
    assert check_sbom(inv, sbom, None) == ()
    assert check_sbom(inv, sbom, build_manifest(inv)) == ()


def test_every_file_that_differs_is_named_with_the_manifest():
    sbom = claims_of(document(inventory()))
    manifest = build_manifest(inventory())
    now = replace(inventory(), tree=changed_tree())
    assert findings(now, sbom, manifest) == [
        ("changed", "lib"),
        ("missing", "opt/stray"),
        ("changed", "usr/bin/logger"),
        ("changed", "usr/bin/mawk"),
        ("added", "usr/new"),
    ]


def test_without_the_manifest_a_difference_is_one_finding_that_says_what_to_give():
    sbom = claims_of(document(inventory()))
    (finding,) = check_sbom(replace(inventory(), tree=changed_tree()), sbom, None)
    assert finding.kind == "root" and "file manifest" in finding.detail


def test_a_manifest_made_to_fit_the_changed_files_does_not_excuse_them():
    sbom = claims_of(document(inventory()))
    now = replace(inventory(), tree=changed_tree())
    assert findings(now, sbom, build_manifest(now)) == [("root", "manifest"), ("root", "files")]


def test_an_sbom_of_another_image_is_named():
    other = replace(inventory(), subject=replace(SUBJECT, digest=Digest.of(b"other")))
    assert findings(other, claims_of(document(inventory()))) == [("subject", "metadata")]


def test_an_sbom_that_binds_itself_to_nothing_does_not_pass():
    sbom = replace(claims_of(document(inventory())), subject_digest=None, manifest_root=None, digests=())
    assert findings(inventory(), sbom) == [("subject", "metadata"), ("root", "metadata")]


def test_components_added_missing_changed_and_hidden_behind_a_double_are_named():
    inv = inventory()
    bsdutils, libc6, mawk, system = claims_of(document(inv)).components
    sbom = replace(
        claims_of(document(inv)),
        components=(
            replace(bsdutils, version="0"),
            replace(libc6, purl=libc6.purl.replace("2.36-9", "9.9")),
            replace(libc6, purl="pkg:deb/debian/ghost@1"),
            replace(libc6, purl="", name="nameless"),
            mawk,
            replace(mawk, licences=("MIT",)),
            system,
        ),
    )
    assert sorted({kind for kind, _ in findings(inv, sbom)}) == ["component-changed", "component-missing"]
    places = {place for _, place in findings(inv, sbom)}
    assert {"nameless", "pkg:deb/debian/ghost@1", bsdutils.purl, mawk.purl} <= places
    empty = replace(sbom, components=())
    assert [kind for kind, _ in findings(inv, empty)] == ["component-added"] * 4


def test_the_documents_time_is_the_artifacts_own_or_the_environments():
    inv = inventory()
    assert sbom_time(inv, {}) == 1700000000
    assert sbom_time(inv, {"SOURCE_DATE_EPOCH": "5"}) == 5
    for bad in ("", "-1", "1e9", "٣", "9" * 13):
        with pytest.raises(InputError):
            sbom_time(inv, {"SOURCE_DATE_EPOCH": bad})
    with pytest.raises(InputError):
        document(inv, timestamp=999_999_999_999)


def test_an_empty_tree_is_an_empty_document():
    validate(document(catalogue_tree(SUBJECT, tree({}))))
