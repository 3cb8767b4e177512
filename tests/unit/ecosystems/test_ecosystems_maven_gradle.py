import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, Digest, Presence, Subject

FOLDER = Subject(kind=ArtifactKind.DIRECTORY, name="src", digest=Digest.of(b"folder"))


def inventory(files):
    return catalogue_tree(FOLDER, tree(files))


def components(files):
    return {one.purl: one for one in inventory(files).components}


def dependency(artifact, version="", group="org.acme", **more):
    fields = {"groupId": group, "artifactId": artifact, "version": version, **more}
    return f"<dependency>{''.join(f'<{k}>{v}</{k}>' for k, v in fields.items() if v)}</dependency>"


def pom(artifact="app", *, parent="", body="", dependencies="", version="1.0"):
    return (
        f"<project xmlns='http://maven.apache.org/POM/4.0.0'>{parent}<groupId>com.example</groupId><artifactId>{artifact}"
        f"</artifactId><version>{version}</version>{body}<dependencies>{dependencies}</dependencies></project>"
    )


PARENT = "<parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1.0</version></parent>"


def test_a_project_is_declared_with_what_it_asks_for():
    found = components({"pom.xml": pom(dependencies=dependency("lib", "2.0") + dependency("junit", "4", scope="test"))})
    app = found["pkg:maven/com.example/app@1.0"]
    assert app.depends == ("pkg:maven/org.acme/lib@2.0",)
    assert {one.presence for one in found.values()} == {Presence.DECLARED}
    assert found["pkg:maven/org.acme/junit@4"].facts["java:scope"] == "test"


def test_what_an_image_merely_declares_is_left_out():
    assert not catalogue_tree(SUBJECT, tree({"src/pom.xml": pom(dependencies=dependency("lib", "2.0"))})).components


def test_versions_come_from_parents_properties_and_boms_of_the_same_tree():
    managed = f"<dependencyManagement><dependencies>{dependency('lib', '${lib.version}')}"
    managed += (
        dependency("bom", "1.0", group="com.example", type="pom", scope="import") + "</dependencies></dependencyManagement>"
    )
    body = "<packaging>pom</packaging><properties><lib.version>3.1</lib.version></properties>" + managed
    in_bom = f"<dependencyManagement><dependencies>{dependency('other', '9')}</dependencies></dependencyManagement>"
    found = components(
        {
            "pom.xml": pom("parent", body=body),
            "bom/pom.xml": pom("bom", body=in_bom),
            "app/pom.xml": pom("app", parent=PARENT, dependencies=dependency("lib") + dependency("other")),
        }
    )
    assert set(found["pkg:maven/com.example/app@1.0"].depends) == {"pkg:maven/org.acme/lib@3.1", "pkg:maven/org.acme/other@9"}


def test_ranges_and_versions_from_elsewhere_stay_open_and_are_said():
    asked = dependency("a", "[1.0,2.0)") + dependency("b") + dependency("c", "${unknown}")
    found = inventory({"pom.xml": pom(dependencies=asked)})
    by_name = {one.name: one for one in found.components}
    assert {by_name[f"org.acme:{name}"].version for name in "abc"} == {""}
    assert by_name["org.acme:a"].facts["java:requirement"] == "[1.0,2.0)"
    assert any(one.reason.startswith("3 dependencies without one version") for one in found.unknowns)


def test_parents_in_a_circle_end():
    circle = PARENT.replace("parent</artifactId>", "app</artifactId>")
    found = components({"a/pom.xml": pom("app", parent=PARENT), "b/pom.xml": pom("parent", parent=circle)})
    assert set(found) == {"pkg:maven/com.example/app@1.0", "pkg:maven/com.example/parent@1.0"}


@pytest.mark.parametrize("text", ["<project", "<html/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><project>&b;</project>", "<project/>"])
def test_a_broken_pom_costs_one_unknown(text):
    found = inventory({"pom.xml": text, "ok/pom.xml": pom()})
    assert [one.path for one in found.unknowns] == ["pom.xml"]
    assert len(found.components) == 1


def test_locked_modules_are_declared_with_their_scope():
    lock = "# comment\norg.acme:lib:2.0=compileClasspath,runtimeClasspath\njunit:junit:4.13=testCompileClasspath\nempty=\nbad\n"
    found = inventory({"gradle.lockfile": lock, "gradle/dependency-locks/compile.lockfile": "org.acme:old:1\n"})
    by_purl = {one.purl: one for one in found.components}
    assert by_purl["pkg:maven/org.acme/lib@2.0"].facts == {"java:scope": "runtime"}
    assert by_purl["pkg:maven/junit/junit@4.13"].facts == {"java:scope": "test"}
    assert "pkg:maven/org.acme/old@1" in by_purl
    assert [one.reason for one in found.unknowns] == ["1 lines that name no module"]


def test_verified_modules_carry_the_digest_of_their_archive():
    text = (
        "<verification-metadata xmlns='https://schema.gradle.org/dependency-verification'><components>"
        "<component group='org.acme' name='lib' version='2.0'><artifact name='lib-2.0.jar'>"
        f"<sha256 value='{'ab' * 32}'/></artifact></component>"
        "<component group='org.acme' name='parent' version='1'><artifact name='parent-1.pom'><sha256 value='00'/>"
        "</artifact></component></components></verification-metadata>"
    )
    (one,) = components({"gradle/verification-metadata.xml": text}).values()
    assert (one.purl, one.hashes, one.hash_covers) == ("pkg:maven/org.acme/lib@2.0", {"sha256": "ab" * 32}, "package archive")


def test_a_version_catalog_names_its_libraries():
    text = """
    [versions]
    lib = "2.0"
    strict = { strictly = "[3, 4[", prefer = "3.1" }
    [libraries]
    a = "org.acme:a:1"
    b = { module = "org.acme:b", version.ref = "lib" }
    c = { group = "org.acme", name = "c", version = { require = "5" } }
    d = { module = "org.acme:d" }
    e = { module = "org.acme:e", version.ref = "strict" }
    f = 3
    """
    found = components({"gradle/libs.versions.toml": text})
    assert set(found) == {f"pkg:maven/org.acme/{name}" for name in ("a@1", "b@2.0", "c@5", "d", "e")}
    assert found["pkg:maven/org.acme/e"].facts == {"java:requirement": "[3, 4["}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 127)), max_size=8))
def test_any_bytes_are_read_or_unknown(noise, changes):
    good = bytearray(
        pom(parent=PARENT, body="<properties><a>${b}</a></properties>", dependencies=dependency("x", "${a}")).encode()
    )
    for at, value in changes:
        good[at % len(good)] = value
    names = ("pom.xml", "gradle.lockfile", "gradle/verification-metadata.xml", "libs.versions.toml")
    inventory({**dict.fromkeys(names, noise), "b/pom.xml": bytes(good)})
