import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.cataloging.licence_names import licences_of
from pratique.ecosystems.jvm.coordinates import group_of, identify
from pratique.ecosystems.jvm.filename import parse_file_name
from pratique.ecosystems.jvm.manifest import bundle_licences, parse_manifest, parse_properties
from pratique.ecosystems.jvm.pom import interpolate, parse_pom, resolved
from pratique.ecosystems.jvm.probe import MAX_DEPTH, MAX_ENTRIES, ArchiveProbe
from pratique.ecosystems.jvm.repository import place_of
from pratique.errors import Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ComponentKind, Ownership, Presence

DATA = Path(__file__).parents[2] / "data" / "java"


def jar(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def properties(group, artifact, version):
    text = f"#made\ngroupId={group}\nartifactId={artifact}\nversion={version}\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text}


def manifest(**fields):
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return {"META-INF/MANIFEST.MF": "\r\n".join(["Manifest-Version: 1.0", *lines, "", ""])}


def facts(data):
    return json.loads(ArchiveProbe().read(FileContent(memoryview(data))))


def inventory(files, links=None):
    return catalogue_tree(SUBJECT, tree(files, links))


def components(files, links=None):
    return {one.purl: one for one in inventory(files, links).components}


def test_a_spring_boot_jar_holds_its_libraries():
    data = (DATA / "demo-boot.jar").read_bytes()
    found = components({"app.jar": data})
    demo = found["pkg:maven/com.example/demo@0.0.1-SNAPSHOT"]
    assert demo.kind is ComponentKind.APPLICATION and demo.presence is Presence.INSTALLED
    assert demo.licences == ("Apache-2.0",)
    assert demo.facts["java:main-class"] == "com.example.App"
    assert demo.hashes == {"sha1": hashlib.sha1(data).hexdigest(), "sha256": hashlib.sha256(data).hexdigest()}
    held = {
        "pkg:maven/org.slf4j/log4j-over-slf4j@1.7.32",
        "pkg:maven/org.slf4j/slf4j-nop@1.7.32",
        "pkg:maven/org.apache.maven/maven-slf4j-provider@3.8.7",
    }
    assert set(demo.depends) == held
    nested = found["pkg:maven/org.slf4j/slf4j-nop@1.7.32"]
    assert nested.presence is Presence.EMBEDDED
    assert nested.evidence == ("app.jar!BOOT-INF/lib/slf4j-nop-1.7.32.jar",)
    inner = zipfile.ZipFile(io.BytesIO(data)).read("BOOT-INF/lib/slf4j-nop-1.7.32.jar")
    assert nested.hashes["sha256"] == hashlib.sha256(inner).hexdigest()
    assert nested.hash_covers == "package archive"


def test_an_archive_in_an_archive_in_an_archive_is_found():
    found = components({"opt/enterprise-7.ear": (DATA / "enterprise-7.ear").read_bytes()})
    assert found["pkg:maven/org.slf4j/slf4j-nop@1.7.32"].evidence == (
        "opt/enterprise-7.ear!shop-2.1.war!WEB-INF/lib/slf4j-nop-1.7.32.jar",
    )
    war = found["pkg:maven/shop/shop@2.1"]
    assert war.depends == ("pkg:maven/org.slf4j/slf4j-nop@1.7.32",)
    assert war.ref in found["pkg:maven/enterprise/enterprise@7"].depends


def test_what_was_merged_into_a_jar_is_embedded_and_the_jar_itself_is_told_apart():
    found = components({"lib/x.jar": (DATA / "maven3-slf4j-provider.jar").read_bytes()})
    assert set(found) == {"pkg:maven/org.slf4j/slf4j-simple@1.7.32", "pkg:maven/x/x@3.8.7"} | {
        "pkg:maven/org.apache.maven/maven-slf4j-provider@3.8.7"
    }
    found = components({"lib/maven3-slf4j-provider.jar": (DATA / "maven3-slf4j-provider.jar").read_bytes()})
    own = found["pkg:maven/org.apache.maven/maven-slf4j-provider@3.8.7"]
    assert own.presence is Presence.INSTALLED and own.hashes
    other = found["pkg:maven/org.slf4j/slf4j-simple@1.7.32"]
    assert other.presence is Presence.EMBEDDED and not other.hashes
    assert other.evidence == ("lib/maven3-slf4j-provider.jar!META-INF/maven/org.slf4j/slf4j-simple/pom.properties",)
    assert other.ref in own.depends and len(found) == 2


def test_a_jar_whose_pom_disagrees_with_its_bundle_name_is_listed_once():
    found = components({"usr/share/java/jetty9-util-ajax.jar": (DATA / "jetty9-util-ajax.jar").read_bytes()})
    (one,) = found.values()
    assert one.name == "org.eclipse.jetty:jetty-util-ajax"
    assert set(one.licences) == {"Apache-2.0", "EPL-1.0"}


def test_one_pom_of_a_shaded_library_does_not_name_the_jar():
    data = jar(
        properties("org.jctools", "jctools-core", "2.1") | manifest(Implementation_Version="4.1.48.Final") | {"a.class": b""}
    )
    found = components({"netty-common.jar": data})
    assert set(found) == {"pkg:maven/io.netty/netty-common@4.1.48.Final", "pkg:maven/org.jctools/jctools-core@2.1"}


def test_a_renamed_jar_is_known_by_its_pom():
    data = jar(properties("com.example", "demo", "1.2") | manifest(Implementation_Version="1.2"))
    assert set(components({"app.jar": data})) == {"pkg:maven/com.example/demo@1.2"}


def test_a_jar_without_metadata_is_recognised_by_its_name():
    found = components({"lib/widget-1.4.2.jar": jar({"com/acme/Widget.class": b"\xca\xfe\xba\xbe"})})
    widget = found["pkg:maven/com.acme/widget@1.4.2"]
    assert widget.presence is Presence.RECOGNISED
    assert widget.facts["java:group"] == "guessed from the packages of its classes"
    assert not components({"lib/data-1.0.jar": jar({"table.csv": b"1"})})


def test_a_repository_tells_the_group_by_its_folders():
    data = jar({"a.class": b""})
    where = "root/.m2/repository/org/acme/tools/widget/1.4/widget-1.4.jar"
    assert set(components({where: data})) == {"pkg:maven/org.acme.tools/widget@1.4"}
    link = "usr/share/maven-repo/org/acme/widget/1.4/widget-1.4.jar"
    links = {link: "../../../../../java/widget-1.4.jar", "usr/share/java/widget.jar": "widget-1.4.jar"}
    (one,) = components({"usr/share/java/widget-1.4.jar": data}, links).values()
    assert one.purl == "pkg:maven/org.acme/widget@1.4" and one.evidence == ("usr/share/java/widget-1.4.jar", link)
    gradle = "home/u/.gradle/caches/modules-2/files-2.1/org.acme/widget/1.4/0a1b/widget-1.4.jar"
    assert place_of(gradle) == ("org.acme", "widget", "1.4")
    assert place_of("usr/share/maven-repo/org/acme/widget/debian/widget-debian.jar") is None


def test_a_pom_leads_to_the_jars_beside_it():
    pom = (
        "<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version><dependencies>"
        "<dependency><groupId>org.slf4j</groupId><artifactId>log4j-over-slf4j</artifactId></dependency>"
        "<dependency><groupId>x</groupId><artifactId>absent</artifactId></dependency></dependencies></project>"
    )
    first = jar(properties("g", "a", "1") | {"META-INF/maven/g/a/pom.xml": pom})
    found = components({"lib/a-1.jar": first, "lib/log4j-over-slf4j.jar": (DATA / "log4j-over-slf4j.jar").read_bytes()})
    assert found["pkg:maven/g/a@1"].depends == ("pkg:maven/org.slf4j/log4j-over-slf4j@1.7.32",)


def test_a_jar_is_owned_by_itself_unless_a_distribution_owns_it():
    found = inventory({"lib/a-1.jar": jar(properties("g", "a", "1"))})
    assert found.ownership["lib/a-1.jar"].state is Ownership.UNCHECKED
    assert found.ownership["lib/a-1.jar"].owner == "pkg:maven/g/a@1"


@pytest.mark.parametrize(
    ("name", "artifact", "version"),
    [
        ("log4j-1.2-api-2.19.0.jar", "log4j-1.2-api", "2.19.0"),
        ("akka-actor_2.13-2.6.20.jar", "akka-actor_2.13", "2.6.20"),
        ("org.eclipse.osgi_3.16.300.v20210525-1715.jar", "org.eclipse.osgi", "3.16.300.v20210525-1715"),
        ("netty-transport-native-epoll-4.1.1.Final-linux-x86_64.jar", "netty-transport-native-epoll", "4.1.1.Final"),
        ("tabula-1.0.5-jar-with-dependencies.jar", "tabula", "1.0.5"),
        ("foo-1.0-20200101.123456-3.jar", "foo", "1.0-20200101.123456-3"),
        ("py4j0.10.9.9.jar", "py4j", "0.10.9.9"),
        ("spring3-core-3.x.jar", "spring3-core", ""),
        ("guava-31.1-jre.jar", "guava", "31.1-jre"),
        ("app.war", "app", ""),
        ("", "", ""),
    ],
)
def test_a_file_name_tells_artifact_and_version(name, artifact, version):
    assert parse_file_name(name)[:2] == (artifact, version)


@pytest.mark.parametrize(
    ("symbol", "artifact", "group"),
    [
        ("org.apache.logging.log4j.core", "log4j-core", "org.apache.logging.log4j"),
        ("org.eclipse.jetty.util.ajax", "jetty-util-ajax", "org.eclipse.jetty"),
        ("com.google.guava", "guava", "com.google.guava"),
        ("org.apache.tomcat-catalina", "tomcat-catalina", "org.apache.tomcat"),
        ("com.fasterxml.jackson.core.jackson-databind", "jackson-databind", "com.fasterxml.jackson.core"),
        ("org.other.thing", "widget", ""),
    ],
)
def test_a_symbolic_name_tells_the_group_it_was_made_of(symbol, artifact, group):
    assert group_of(symbol, artifact) == group


def test_a_group_that_the_manifest_states_counts_and_directives_do_not():
    def purl_of(name, **fields):
        return identify({"manifest": parse_manifest(jar_manifest(**fields))}, name).own.at

    def jar_manifest(**fields):
        return manifest(**fields)["META-INF/MANIFEST.MF"].encode()

    assert purl_of("w-1.jar", Implementation_Vendor_Id="com.acme.tools") == ("com.acme.tools", "w", "1")
    assert purl_of("w.jar", Bundle_SymbolicName="com.acme.x.w;singleton:=true", Bundle_Version="3.0") == (
        "com.acme.x",
        "w",
        "3.0",
    )
    catalina = {"Bundle_SymbolicName": "org.apache.tomcat-catalina", "Bundle_Version": "10.1.1"}
    assert purl_of("catalina.jar", **catalina) == ("org.apache.tomcat", "tomcat-catalina", "10.1.1")
    assert purl_of("p.hpi", Group_Id="io.jenkins.plugins", Short_Name="git", Plugin_Version="5.0 (private)") == (
        "io.jenkins.plugins",
        "git",
        "5.0",
    )
    assert purl_of("spring-core-5.3.1.jar") == ("org.springframework", "spring-core", "5.3.1")
    assert purl_of("w-1.jar") == ("w", "w", "1")


def test_a_manifest_joins_its_lines_and_ends_with_its_main_section():
    text = b"Bundle-Name: a long\r\n  name\r\nImplementation-Version: 1\r\n\r\nName: x/\r\nImplementation-Version: 2\r\n"
    assert parse_manifest(text) == {"bundle-name": "a long name", "implementation-version": "1"}


def test_properties_are_read_as_java_reads_them():
    assert parse_properties(b"# c\n! c\n a : 1\\\n   2\nb=\\u00e9\\t\nc\n\xe9=\xe9\n") == {"a": "12", "b": "é", "c": "", "é": "é"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"Apache-2.0";link="https://a/b,c"', ["Apache-2.0"]),
        ("BSD-3-Clause;link=https://asm.ow2.io/LICENSE.txt", ["BSD-3-Clause"]),
        ("Apache License, Version 2.0", ["Apache License, Version 2.0"]),
        ("http://a/b, http://c/d", ["http://a/b", "http://c/d"]),
        ("", []),
    ],
)
def test_bundle_licences_are_taken_apart(text, names):
    assert bundle_licences({"bundle-license": text}) == names


def test_links_and_names_of_licences_become_spdx():
    names = ["http://www.apache.org/licenses/LICENSE-2.0.txt", "https://www.eclipse.org/org/documents/epl-v10.php"]
    assert licences_of(names) == ("Apache-2.0", "EPL-1.0")
    assert licences_of(["The Apache Software License, Version 2.0", "The MIT License"]) == ("Apache-2.0", "MIT")


def test_a_pom_takes_from_its_parent_and_its_properties():
    pom = resolved(
        parse_pom(
            b"<project xmlns='http://maven.apache.org/POM/4.0.0'><parent><groupId>g</groupId><artifactId>p</artifactId>"
            b"<version>2</version></parent><artifactId>a</artifactId><properties><v>${project.version}.1</v></properties>"
            b"<dependencies><dependency><groupId>${project.groupId}</groupId><artifactId>d</artifactId><version>${v}</version>"
            b"</dependency></dependencies></project>"
        )
    )
    assert pom.own == ("g", "a", "2")
    assert pom.dependencies[0].at == ("g", "d", "2.1")


def test_properties_that_stand_for_each_other_end():
    assert interpolate("${a}", {"a": "${b}", "b": "${a}"}).startswith("${")
    many = {f"p{n}": f"${{p{n + 1}}}" * 8 for n in range(40)}
    assert len(interpolate("${p0}", many)) <= 1000


def test_a_bomb_is_cut_off_and_said():
    bomb = jar({"BOOT-INF/lib/bomb-1.0.jar": b"\0" * 80_000_000})
    found = inventory({"app-1.jar": bomb + b""})
    assert any("larger than" in one.reason and "bomb-1.0.jar" in one.path for one in found.unknowns)


def test_bombs_in_bombs_are_cut_off_and_said():
    inner = jar({f"{n}.txt": b"\0" * 4_000_000 for n in range(4)}, zipfile.ZIP_DEFLATED)
    data = inner
    for _ in range(5):
        data = jar({f"{n}.jar": data for n in range(16)})
    found = facts(data)
    assert len(found) <= 5_001
    problems = [reason for one in found for _, reason in one.get("problems", ())]
    assert any("archives" in reason or "larger" in reason for reason in problems)


def test_nesting_beyond_the_limit_is_said():
    data = jar({"a.class": b""})
    for _ in range(MAX_DEPTH + 3):
        data = jar({"n.jar": data}, zipfile.ZIP_STORED)
    found = facts(data)
    assert len(found) == MAX_DEPTH
    assert found[-1]["problems"] == [["n.jar", f"deeper than {MAX_DEPTH} archives: not read"]]


def test_more_entries_than_the_limit_are_not_parsed():
    count = MAX_ENTRIES + 1
    entry = b"PK\1\2" + b"\0" * 42
    end = b"PK\6\6" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + b"\0" * 8
    end += count.to_bytes(8, "little") * 2 + (count * 46).to_bytes(8, "little") + b"\0" * 8
    locator = b"PK\6\7" + b"\0" * 4 + (count * 46).to_bytes(8, "little") + b"\1\0\0\0"
    last = b"PK\5\6" + b"\0" * 4 + b"\xff" * 12 + b"\0\0"
    (one,) = facts(entry * count + end + locator + last)
    assert "entries" in one["problems"][0][1]


def test_a_second_manifest_is_said_and_not_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made, pytest.warns(UserWarning):
        made.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 1\n")
        made.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 2\n")
    (one,) = facts(out.getvalue())
    assert one["manifest"] == {"implementation-version": "1"}
    assert one["problems"] == [["META-INF/MANIFEST.MF", "a second manifest: not read"]]


def test_names_with_control_characters_and_paths_upwards_stay_inside_their_evidence():
    evil = jar({"../../etc/\x1b[31m\u202ex-1.0.jar": jar({"a.class": b""})})
    found = inventory({"a-1.jar": evil})
    (nested,) = (one for one in found.components if one.presence is Presence.EMBEDDED)
    assert nested.evidence == ("a-1.jar!../../etc/[31mx-1.0.jar",)
    assert set(found.ownership) <= {"a-1.jar"}


def test_a_broken_pom_costs_one_unknown():
    found = inventory({"a-1.jar": jar(properties("g", "a", "1") | {"META-INF/maven/g/a/pom.xml": b"<project"})})
    assert [one.purl for one in found.components] == ["pkg:maven/g/a@1"]
    assert [one.path for one in found.unknowns] == ["a-1.jar!META-INF/maven/g/a/pom.xml"]


def test_a_file_that_only_is_called_a_jar_is_unknown():
    found = inventory({"a.jar": b"not an archive", "b.rar": b"Rar!\x1a\x07\0" + b"\0" * 40})
    assert [(one.path, one.reason) for one in found.unknowns] == [
        ("a.jar", "java-archive: not a zip archive, or one that was cut short"),
        ("b.rar", "packed: RAR is not opened: what is in it is not known"),
    ]


def test_a_runtime_is_known_by_its_release_file_and_owns_its_folder():
    home = "usr/lib/jvm/java-17"
    release = (DATA / "release").read_bytes()
    found = inventory({f"{home}/release": release, f"{home}/lib/modules": b"x", "etc/release": b"JAVA_VERSION=1\n"})
    (one,) = found.components
    assert one.purl.startswith("pkg:generic/oracle/openjdk@17.0.")
    assert one.kind is ComponentKind.PLATFORM and one.supplier == "Debian"
    assert found.ownership[f"{home}/lib/modules"].owner == one.ref
    assert "etc/release" not in found.ownership


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 255)), max_size=20), st.integers(0, 60_000))
def test_mutated_jars_are_malformed_or_read(changes, cut):
    data = bytearray((DATA / "demo-boot.jar").read_bytes())
    for at, value in changes:
        data[-1 - at % len(data)] = value
    data = data[cut % 100 :]
    try:
        found = ArchiveProbe().read(FileContent(memoryview(bytes(data))))
    except Malformed:
        return
    for one in json.loads(found):
        identify(one, "a/b-1.jar")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_properties_or_no_pom(data):
    made = jar({"META-INF/MANIFEST.MF": data, "META-INF/maven/g/a/pom.properties": data, "META-INF/maven/g/a/pom.xml": data})
    inventory({"x.jar": made, "usr/lib/jvm/release": data, "usr/lib/jvm/lib/modules": b""})
