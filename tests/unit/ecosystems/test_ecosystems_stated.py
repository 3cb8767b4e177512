"""Bills of materials that lie in an artifact: what they say is told apart from what was found, and never replaces it."""

import io
import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from lock_trees import FOLDER, broken
from sbom_trees import SUBJECT, tree

from pratique.documents.from_inventory import document_of
from pratique.inventory.assemble import WANTS, catalogue_tree
from pratique.model import Digest, Presence

CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "metadata": {"component": {"type": "library", "bom-ref": "c", "name": "cryptography-rust", "version": "0.1.0"}},
    "components": [
        {
            **{
                "type": "library",
                "bom-ref": "r#asn1@0.20.0",
                "name": "asn1",
                "version": "0.20.0",
                "purl": "pkg:cargo/asn1@0.20.0",
            },
            "licenses": [{"expression": "BSD-3-Clause"}],
            "hashes": [{"alg": "SHA-256", "content": "ab" * 32}],
        },
        {
            **{"type": "library", "bom-ref": "r#cc@1.2.3", "name": "cc", "version": "1.2.3", "purl": "pkg:cargo/cc@1.2.3"},
            "licenses": [{"license": {"id": "MIT"}}],
            "components": [
                {"type": "library", "bom-ref": "n", "name": "shlex", "version": "1.3.0", "purl": "pkg:cargo/shlex@1.3.0"}
            ],
        },
        {"type": "operating-system", "name": "debian", "version": "12"},
        {"type": "file", "name": "a/b.c"},
        {"type": "library", "name": "without a version"},
    ],
    "dependencies": [{"ref": "c", "dependsOn": ["r#asn1@0.20.0"]}, {"ref": "r#asn1@0.20.0", "dependsOn": ["n", "nowhere"]}],
}
SPDX = {
    "spdxVersion": "SPDX-2.3",
    "packages": [
        {
            **{"SPDXID": "SPDXRef-busybox", "name": "busybox", "versionInfo": "1.36.1-r0", "licenseDeclared": "GPL-2.0-only"},
            **{"originator": "Organization: Wolfi", "supplier": "NOASSERTION", "downloadLocation": "NOASSERTION"},
            "externalRefs": [
                {"referenceType": "purl", "referenceLocator": "pkg:apk/wolfi/busybox@1.36.1-r0?arch=x86_64&distro=wolfi"},
                {"referenceType": "cpe23Type", "referenceLocator": "cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*"},
            ],
        },
        {"SPDXID": "SPDXRef-source", "name": "busybox.tar.bz2", "versionInfo": "1.36.1"},
        {"SPDXID": "SPDXRef-yaml", "name": "busybox.yaml", "versionInfo": "abc"},
        {"SPDXID": "SPDXRef-os", "name": "wolfi", "versionInfo": "20230201", "primaryPackagePurpose": "OPERATING-SYSTEM"},
        {"SPDXID": "SPDXRef-glibc", "name": "glibc", "versionInfo": "2.38-r5"},
    ],
    "relationships": [
        {"spdxElementId": "SPDXRef-busybox", "relationshipType": "GENERATED_FROM", "relatedSpdxElement": "SPDXRef-source"},
        {"spdxElementId": "SPDXRef-busybox", "relationshipType": "DESCRIBED_BY", "relatedSpdxElement": "SPDXRef-yaml"},
        {"spdxElementId": "SPDXRef-glibc", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-busybox"},
    ],
}
TAG_VALUE = """SPDXVersion: SPDX-2.2
DocumentName: hello
DocumentComment: <text>PackageName: not one
PackageVersion: 9</text>

PackageName: go.fmt
SPDXID: SPDXRef-fmt
PackageVersion: 1.15.4
PackageChecksum: SHA1: 0123456789012345678901234567890123456789
PackageLicenseDeclared: BSD-3-Clause
ExternalRef: PACKAGE-MANAGER purl pkg:golang/fmt@1.15.4

FileName: ./x
SPDXID: SPDXRef-x
Relationship: SPDXRef-fmt CONTAINS SPDXRef-x
"""
SPDX3 = {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        {"type": "software_Package", "spdxId": "p", "name": "hyper", "software_packageVersion": "0.14", "suppliedBy": "o"},
        {"type": "software_Package", "spdxId": "q", "name": "tokio", "software_packageUrl": "pkg:cargo/tokio@1.19.2"},
        {"type": "software_Package", "spdxId": "t", "name": "gcc", "software_packageVersion": "13"},
        {"type": "Organization", "spdxId": "o", "name": "Seán"},
        {"type": "simplelicensing_LicenseExpression", "spdxId": "l", "simplelicensing_licenseExpression": "MIT"},
        {"type": "Relationship", "spdxId": "1", "from": "p", "relationshipType": "dependsOn", "to": ["q"]},
        {"type": "Relationship", "spdxId": "2", "from": "p", "relationshipType": "hasDeclaredLicense", "to": ["l"]},
        {"type": "Relationship", "spdxId": "3", "from": "t", "relationshipType": "generates", "to": ["p"]},
    ],
}
XML = """<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components>
<component type="library" bom-ref="a"><group>org.a</group><name>x</name><version>1</version>
<hashes><hash alg="SHA-1">0123456789012345678901234567890123456789</hash></hashes>
<licenses><license><id>Apache-2.0</id></license></licenses><purl>pkg:maven/org.a/x@1?type=jar</purl></component>
<component type="library" bom-ref="b"><name>y</name><version>2</version></component></components>
<dependencies><dependency ref="a"><dependency ref="b"/></dependency></dependencies></bom>"""


def inventory(files):
    return catalogue_tree(SUBJECT, tree({path: json.dumps(one) if isinstance(one, dict) else one for path, one in files.items()}))


def stated(files):
    return {one.purl: one for one in inventory(files).components}


def test_what_cyclonedx_states_is_there_as_stated_with_its_licences_digests_and_edges():
    found = stated({"opt/app/app.cdx.json": CYCLONEDX})
    assert set(found) == {
        *("pkg:cargo/asn1@0.20.0", "pkg:cargo/cc@1.2.3", "pkg:cargo/shlex@1.3.0", "pkg:generic/cryptography-rust@0.1.0"),
    }
    asn1 = found["pkg:cargo/asn1@0.20.0"]
    assert asn1.presence is Presence.STATED and asn1.facts == {"stated-by": "opt/app/app.cdx.json"}
    assert (asn1.licences, asn1.hashes, asn1.depends) == (("BSD-3-Clause",), {"sha256": "ab" * 32}, ("pkg:cargo/shlex@1.3.0",))
    assert asn1.evidence == ("opt/app/app.cdx.json",)


def test_what_an_spdx_package_was_made_from_is_not_stated_to_be_there():
    found = stated({"var/lib/db/sbom/busybox-1.36.1-r0.spdx.json": SPDX})
    busybox = "pkg:apk/wolfi/busybox@1.36.1-r0?arch=x86_64&distro=wolfi"
    assert set(found) == {busybox, "pkg:generic/glibc@2.38-r5"}
    assert found[busybox].supplier == "Wolfi" and found[busybox].depends == ("pkg:generic/glibc@2.38-r5",)
    assert found[busybox].cpes == ("cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*",)


def test_tag_value_spdx_3_and_xml_are_read_too():
    found = stated({"a/hello.spdx": TAG_VALUE, "b/x.spdx3.json": SPDX3, "c/bom.xml": XML})
    assert set(found) == {
        *("pkg:golang/fmt@1.15.4", "pkg:generic/hyper@0.14", "pkg:cargo/tokio@1.19.2"),
        *("pkg:maven/org.a/x@1?type=jar", "pkg:generic/y@2"),
    }
    assert found["pkg:generic/hyper@0.14"].licences == ("MIT",) and found["pkg:generic/hyper@0.14"].supplier == "Seán"
    assert found["pkg:generic/hyper@0.14"].depends == ("pkg:cargo/tokio@1.19.2",)
    assert found["pkg:maven/org.a/x@1?type=jar"].name == "org.a:x"
    assert found["pkg:maven/org.a/x@1?type=jar"].depends == ("pkg:generic/y@2",)


SITE = "usr/lib/python3/site-packages"


@pytest.mark.parametrize(
    "path",
    [
        "opt/bitnami/postgresql/.spdx-postgresql.spdx",
        f"{SITE}/cryptography-50.0.2.dist-info/sboms/cryptography-rust.cyclonedx.json",
        f"{SITE}/cryptography-50.0.2.dist-info/sboms/whatever.json",
        *("BOOT-INF/classes/META-INF/sbom/application.cdx.json", "META-INF/sbom/bom.json", "bom.json", "srv/sbom.json"),
        *(
            "usr/share/sbom/tool.json",
            "var/lib/db/sbom/a-1.spdx.json",
            "opt/app-sbom.json",
            "opt/App.CDX.json",
            "opt/app_bom.json",
        ),
    ],
)
def test_documents_are_found_where_they_are_put_and_by_what_they_are_called(path):
    assert {one.facts["stated-by"] for one in stated({path: CYCLONEDX}).values()} == {path}


def test_other_files_of_such_a_form_are_not_even_kept():
    for path in (
        "opt/package.json.spdxx",
        "opt/data.json",
        "opt/spdx.json",
        "lib/vcpkg.spdx.json",
        "opt/sbom.txt",
        "opt/bom/a.json",
    ):
        assert not WANTS.keep(path)


NODE = {"name": "left-pad", "version": "1.3.0", "license": "WTFPL"}


def node(purl="pkg:npm/left-pad@1.3.0", **more):
    component = {
        "type": "library",
        "name": "left-pad",
        "version": "1.3.0",
        "purl": purl,
        "licenses": [{"license": {"id": "MIT"}}],
    }
    return {"bomFormat": "CycloneDX", "components": [component | more]}


def test_where_a_document_agrees_with_what_was_found_it_is_one_component_that_the_document_does_not_change():
    alone = stated({"node_modules/left-pad/package.json": NODE})["pkg:npm/left-pad@1.3.0"]
    files = {"node_modules/left-pad/package.json": NODE, "a/bom.json": node(supplier={"name": "Mallory"}), "b/bom.json": node()}
    (one,) = stated(files).values()
    assert one.presence is Presence.INSTALLED and (one.licences, one.supplier, one.hashes) == (alone.licences, "", {})
    assert one.evidence == ("node_modules/left-pad/package.json", "a/bom.json", "b/bom.json")
    assert one.facts["stated-by"] == "a/bom.json; b/bom.json"


def test_a_document_that_states_another_version_or_architecture_states_another_component():
    files = {"node_modules/left-pad/package.json": NODE, "bom.json": node("pkg:npm/left-pad@1.2.0")}
    assert set(stated(files)) == {"pkg:npm/left-pad@1.3.0", "pkg:npm/left-pad@1.2.0"}
    database = "P:musl\nV:1.2.4-r0\nA:x86_64\n\n"
    other = {"bomFormat": "CycloneDX", "components": []}
    for arch in ("x86_64", "aarch64"):
        purl = f"pkg:apk/alpine/musl@1.2.4-r0?arch={arch}&distro=3.18.2"
        other["components"].append({"type": "library", "name": "musl", "version": "1.2.4-r0", "purl": purl})
    files = {"lib/apk/db/installed": database, "etc/os-release": "ID=alpine\nVERSION_ID=3.18.0\n", "bom.json": other}
    presences = {purl: one.presence for purl, one in stated(files).items() if "/musl@" in purl}
    assert sorted(presences.values()) == [Presence.INSTALLED, Presence.STATED]
    assert next(purl for purl, value in presences.items() if value is Presence.STATED).count("aarch64") == 1


def test_two_documents_that_agree_are_one_stated_component_with_both_evidences():
    (one,) = stated({"a/bom.json": node(), "b/bom.json": node()}).values()
    assert one.presence is Presence.STATED and one.evidence == ("a/bom.json", "b/bom.json")


def test_what_a_lock_file_asks_for_in_an_image_is_stated_all_the_same():
    lock = {"lockfileVersion": 3, "packages": {"node_modules/left-pad": {"version": "1.3.0"}}}
    files = {"app/package-lock.json": lock, "app/bom.json": node()}
    assert {one.presence for one in inventory(files).components} == {Presence.STATED}
    texts = {path: json.dumps(one) for path, one in files.items()}
    in_folder = [one for one in catalogue_tree(FOLDER, tree(texts)).components if one.name == "left-pad"]
    assert [(one.presence, one.facts.get("stated-by")) for one in in_folder] == [(Presence.DECLARED, "app/bom.json")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("{}", "no bill of materials of a known format"),
        ("[1]", "no bill of materials of a known format"),
        ("hello", "no bill of materials of a known format"),
        ("<html/>", "no bill of materials of a known format"),
        ('{"bomFormat": "CycloneDX"}', "names no package"),
        ('{"spdxVersion": "SPDX-2.3", "packages": [7, null]}', "names no package"),
        ('{"bomFormat": "CycloneDX", "components": ' + '[{"components": ' * 150 + "[]" + "}]" * 150 + "}", "nested deeper"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_unknown_and_no_success(text, reason):
    found = inventory({"opt/bom.json": text, "node_modules/left-pad/package.json": NODE})
    assert [one.path for one in found.unknowns] == ["opt/bom.json"] and reason in found.unknowns[0].reason
    assert [one.name for one in found.components] == ["left-pad"]


def test_a_package_url_that_breaks_the_rules_is_said_and_the_component_stays():
    found = inventory({"opt/bom.json": node("pkg:npm/")})
    assert [one.purl for one in found.components] == ["pkg:generic/left-pad@1.3.0"]
    assert [one.reason for one in found.unknowns] == ["1 package URLs that break the rules"]


def test_a_document_of_too_many_components_is_an_unknown(monkeypatch):
    monkeypatch.setattr("pratique.ecosystems.stated.statement.MAX_STATED", 3)
    found = inventory({"opt/bom.json": CYCLONEDX})
    assert found.components == () and "more than 3" in found.unknowns[0].reason


def test_the_document_of_an_inventory_tells_stated_from_found():
    found = inventory({"opt/bom.json": node()})
    document = document_of(found, timestamp=None, manifest_root=Digest.of(b"root"))
    (part,) = document.parts
    assert {"pratique:presence": "stated", "pratique:fact:stated-by": "opt/bom.json"}.items() <= {
        one.name: one.value for one in part.properties
    }.items()


def test_a_document_of_syft_is_read_too():
    syft = {
        "artifacts": [
            {
                "id": "1",
                "name": "musl",
                "version": "1.2",
                "purl": "pkg:apk/alpine/musl@1.2",
                "licenses": [{"spdxExpression": "MIT"}],
            },
            {"id": "2", "name": "busybox", "version": "1.36", "purl": "pkg:apk/alpine/busybox@1.36"},
        ],
        "artifactRelationships": [{"parent": "1", "child": "2", "type": "dependency-of"}],
        "descriptor": {"name": "syft", "version": "1.57.1"},
    }
    found = stated({"opt/image.syft.json": syft})
    assert found["pkg:apk/alpine/busybox@1.36"].depends == ("pkg:apk/alpine/musl@1.2",)
    assert found["pkg:apk/alpine/musl@1.2"].licences == ("MIT",)


def test_documents_in_java_archives_and_in_what_is_packed_are_read_and_named_from_outside():
    def zipped(**files):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return data.getvalue()

    text = json.dumps(CYCLONEDX)
    inner = zipped(**{"META-INF/sbom/bom.json": text, "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n"})
    jar = zipped(**{"BOOT-INF/lib/inner-1.jar": inner, "META-INF/sbom/application.cdx.json": "{", "a.class": ""})
    files = {"app/app-1.0.jar": jar, "srv/tool.zip": zipped(**{"tool/bom.json": text})}
    found = inventory(files)
    asn1 = next(one for one in found.components if one.name == "asn1")
    assert asn1.presence is Presence.STATED
    assert asn1.evidence == ("app/app-1.0.jar!BOOT-INF/lib/inner-1.jar!META-INF/sbom/bom.json", "srv/tool.zip!tool/bom.json")
    assert asn1.facts["stated-by"] == "; ".join(asn1.evidence)
    assert [one.path for one in found.unknowns if "sbom" in one.path] == ["app/app-1.0.jar!META-INF/sbom/application.cdx.json"]


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    data=broken(*(json.dumps(one).encode() for one in (CYCLONEDX, SPDX, SPDX3)), TAG_VALUE.encode(), XML.encode()),
)
def test_no_document_breaks_the_inventory(data):
    inventory({"opt/a.cdx.json": data, "opt/a.spdx": data, "opt/bom.xml": data})
