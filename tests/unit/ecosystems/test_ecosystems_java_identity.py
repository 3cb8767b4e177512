"""Which artifact a Java archive is: the 252 jars of Spark 3.5.1 as Maven names them, and kinds of archives beyond them."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.ecosystems.jvm.coordinates import Identity, identify
from pratique.ecosystems.jvm.packages import lies_below, main_package, summed
from pratique.ecosystems.jvm.probe import ArchiveProbe
from pratique.inventory.assemble import catalogue_tree

DATA = Path(__file__).parents[2] / "data" / "java"
TRUTH = [line.split("\t") for line in (DATA / "spark-3.5.1-jars.tsv").read_text().splitlines()[1:]]
JARS = json.loads(gzip.decompress((DATA / "spark-3.5.1-jars.json.gz").read_bytes()))


def jar(packages: dict[str, int], files: dict[str, str] | None = None) -> bytes:
    """An archive with empty classes in these packages, and these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in (files or {}).items():
            made.writestr(name, text)
        for package, count in packages.items():
            for number in range(count):
                made.writestr(f"{package}/C{number}.class".lstrip("/"), b"")
    return out.getvalue()


def identity(name: str, data: bytes) -> Identity:
    facts = json.loads(ArchiveProbe().read(FileContent(memoryview(data))))
    return identify(facts[0], name)


def named(name: str, packages: dict[str, int], **manifest: str) -> str:
    lines = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in manifest.items())
    own = identity(name, jar(packages, {"META-INF/MANIFEST.MF": f"Manifest-Version: 1.0\r\n{lines}\r\n"})).own
    assert own is not None
    return ":".join(own.at)


@pytest.mark.parametrize(("file", "coordinates", "classifier"), TRUTH, ids=[row[0] for row in TRUTH])
def test_every_jar_of_spark_is_named_as_maven_names_it(file, coordinates, classifier):
    found = identity(file, jar(JARS[file]["packages"], JARS[file]["files"]))
    assert found.own is not None
    assert (":".join(found.own.at), found.classifier) == (coordinates, classifier)


def test_the_table_is_of_all_jars_and_most_need_no_guess():
    assert len(TRUTH) == len(JARS) == 252
    guesses = [file for file, *_ in TRUTH if identity(file, jar(JARS[file]["packages"], JARS[file]["files"])).guess]
    assert 0 < len(guesses) <= 30 and "tink-1.9.0.jar" in guesses and "algebra_2.12-2.0.1.jar" not in guesses


@pytest.mark.parametrize(
    "name", ["circe-core_3-0.14.6.jar", "cats-core_2.13-2.10.0.jar", "cats-core_sjs1_2.13-2.10.0.jar", "a-b_native0.4_3-1.0.jar"]
)
def test_the_scala_that_an_archive_was_compiled_for_is_part_of_its_name(name):
    artifact = name.rpartition("-")[0]
    title = artifact.partition("_")[0]
    found = named(name, {"org/acme": 2}, Implementation_Title=title, Implementation_Vendor_Id="org.acme")
    assert found.split(":")[:2] == ["org.acme", artifact]


def test_a_known_name_is_only_believed_where_the_classes_agree():
    assert named("annotations-3.0.1.jar", {"edu/umd/cs/findbugs/annotations": 3}) == "com.google.code.findbugs:annotations:3.0.1"
    assert named("annotations-24.0.0.jar", {"org/jetbrains/annotations": 3}) == "org.jetbrains:annotations:24.0.0"
    assert named("guava-1.0.jar", {"com/evil/guava": 3}) == "com.evil.guava:guava:1.0"
    assert named("commons-io-2.15.jar", {"org/apache/commons/io": 3}) == "commons-io:commons-io:2.15"


def test_what_a_module_is_called_is_no_group():
    assert named("w-1.jar", {"com/acme/w": 1}, Automatic_Module_Name="org.other.module") == "com.acme.w:w:1"


def test_a_bundle_whose_name_fits_nothing_is_believed_where_its_classes_lie():
    assert named("lib-1.jar", {"org/acme/x": 1}, Bundle_SymbolicName="org.acme") == "org.acme:lib:1"
    assert named("lib-1.jar", {"net/real/x": 1}, Bundle_SymbolicName="org.acme") == "net.real.x:lib:1"


def test_a_group_is_guessed_from_the_packages_of_the_classes_and_said_to_be():
    found = identity("rocksdbjni-8.3.2.jar", jar({"org/rocksdb": 9, "org/rocksdb/util": 3}))
    assert found.own is not None and found.own.at.group == "org.rocksdb" and found.guess
    assert named("grpc-core-1.0.jar", {"io/grpc/internal": 9}) == "io.grpc:grpc-core:1.0"
    assert identity("x-1.jar", jar({"": 1})).guess == "nothing but its name"
    (one,) = catalogue_tree(SUBJECT, tree({"lib/w-1.jar": jar({"com/acme": 1})})).components
    assert one.facts["java:group"] == "guessed from the packages of its classes"


def test_what_was_merged_into_an_archive_does_not_say_whose_it_is():
    inside = {"META-INF/maven/org.dep/dep/pom.properties": "groupId=org.dep\nartifactId=dep\nversion=9\n"}
    inside["META-INF/MANIFEST.MF"] = "Manifest-Version: 1.0\r\nImplementation-Vendor-Id: org.dep.shaded\r\n\r\n"
    inside["META-INF/maven/org.dep.shaded/s/pom.properties"] = "groupId=org.dep.shaded\nartifactId=s\nversion=9\n"
    found = identity("shop-all-1.0.jar", jar({"org/dep": 50, "com/acme/shop": 5}, inside))
    assert found.own is not None and found.own.at == ("com.acme.shop", "shop-all", "1.0")
    assert {one.at.artifact for one in found.others} == {"dep", "s"}


def test_a_pom_of_a_part_does_not_name_the_whole():
    parts = ("ehcache-107", "ehcache-impl")
    inside = {f"META-INF/maven/org.ehcache.modules/{part}/pom.properties": PART.format(part) for part in parts}
    inside["META-INF/MANIFEST.MF"] = "Manifest-Version: 1.0\r\nImplementation-Vendor-Id: org.ehcache\r\n\r\n"
    found = identity("ehcache-3.10.8.jar", jar({"org/ehcache": 3}, inside))
    assert found.own is not None and found.own.at == ("org.ehcache", "ehcache", "3.10.8")


PART = "groupId=org.ehcache.modules\nartifactId={}\nversion=3.10.8\n"


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("netty-tcnative-2.0.62.Final-linux-x86_64.jar", "linux-x86_64"),
        ("mesos-1.4.3-shaded-protobuf.jar", "shaded-protobuf"),
        ("a-1.0-SNAPSHOT-tests.jar", "tests"),
    ],
)
def test_a_classifier_is_no_part_of_the_version(name, classifier):
    assert identity(name, jar({"org/acme": 1})).classifier == classifier


def test_an_archive_of_code_stays_where_another_package_lists_it_too():
    base = "site-packages/spark-1.dist-info"
    jars = {"site-packages/spark/jars/RoaringBitmap-0.9.45.jar": jar({"org/roaringbitmap": 3})}
    record = f"spark/jars/RoaringBitmap-0.9.45.jar,,\nspark-1.dist-info/METADATA,,\n{base}/RECORD,,\n"
    files = {f"{base}/METADATA": "Name: spark\nVersion: 1\n", f"{base}/RECORD": record, **jars}
    found = catalogue_tree(SUBJECT, tree(files))
    assert {one.purl for one in found.components} == {"pkg:pypi/spark@1", "pkg:maven/org.roaringbitmap/RoaringBitmap@0.9.45"}


@pytest.mark.parametrize("name", ["core.clj", "native/linux/libx.so", "x.dll", "a/B.sjsir", "a/B.tasty"])
def test_an_archive_of_code_that_is_no_class_is_one_too(name):
    (one,) = catalogue_tree(SUBJECT, tree({"lib/knot-1.2.jar": jar({}, {name: "x"})})).components
    assert (one.purl, one.facts["java:group"]) == ("pkg:maven/knot/knot@1.2", "guessed from nothing but its name")


def test_packages_are_summed_by_their_first_steps_and_strange_names_are_left_out():
    folders = {b"META-INF/versions/11/a/b/c/d/e": 2, b"a/b/c/d": 1, b"BOOT-INF/classes/x/y": 1, b"": 3, b"a b/c": 1, b"\xff/x": 1}
    assert summed(folders) == [["a.b.c.d", 3], ["x.y", 1]]
    assert lies_below([["a.b.c.d", 1]], "a.b") and not lies_below([["a.bc", 1]], "a.b")
    assert lies_below([["a.b.c.d", 1]], "a.b.c.d.e.f")


def test_the_main_package_is_where_most_classes_stay_together():
    assert main_package([["org.a.x", 5], ["org.a.y", 5], ["net.b", 2]], []) == "org.a"
    assert main_package([["org.a", 5], ["net.b", 5]], []) == "" and main_package([["oracle", 5]], []) == ""
    assert main_package([["org.a", 9], ["net.b", 5]], ["org.a"]) == "net.b"


@pytest.mark.parametrize(
    ("file", "package", "manifest", "coordinates"),
    [
        (
            "velocity-1.5.jar",
            "org/apache/velocity",
            {"Implementation_Vendor_Id": "org.apache"},
            "org.apache.velocity:velocity:1.5",
        ),
        ("velocity-1.4.jar", "org/apache/velocity", {"Implementation_Title": "Velocity"}, "velocity:velocity:1.4"),
        ("asm-3.3.1.jar", "org/objectweb/asm", {"Implementation_Title": "ASM"}, "asm:asm:3.3.1"),
        ("asm-util-9.6.jar", "org/objectweb/asm/util", {}, "org.ow2.asm:asm-util:9.6"),
        ("asm-util-3.1.jar", "org/objectweb/asm/util", {}, "asm:asm-util:3.1"),
        ("groovy-json-4.0.21.jar", "groovy/json", {}, "org.apache.groovy:groovy-json:4.0.21"),
        ("groovy-json-3.0.9.jar", "groovy/json", {}, "org.codehaus.groovy:groovy-json:3.0.9"),
        ("hibernate-core-6.4.4.Final.jar", "org/hibernate", {}, "org.hibernate.orm:hibernate-core:6.4.4.Final"),
        ("hibernate-core-5.6.15.Final.jar", "org/hibernate", {}, "org.hibernate:hibernate-core:5.6.15.Final"),
        ("netty-3.2.10.Final.jar", "org/jboss/netty", {}, "org.jboss.netty:netty:3.2.10.Final"),
        (
            "commons-validator-1.2.0.jar",
            "org/apache/commons/validator",
            {"Extension_Name": "commons-validator", "Implementation_Title": "org.apache.commons.validator"},
            "commons-validator:commons-validator:1.2.0",
        ),
        ("commons-math-1.2.jar", "org/apache/commons/math", {}, "commons-math:commons-math:1.2"),
        ("commons-math-2.2.jar", "org/apache/commons/math", {}, "org.apache.commons:commons-math:2.2"),
        (
            "plexus-container-default-1.0-alpha-9-stable-1.jar",
            "org/codehaus/plexus/component",
            {},
            "org.codehaus.plexus:plexus-container-default:1.0-alpha-9-stable-1",
        ),
    ],
)
def test_an_artifact_that_was_published_under_two_groups_has_that_of_its_version(file, package, manifest, coordinates):
    assert named(file, {package: 5}, **manifest) == coordinates


@pytest.mark.parametrize(
    ("file", "package", "coordinates"),
    [
        ("grpc-context-1.62.2.jar", "", "io.grpc:grpc-context:1.62.2"),
        ("mongodb-driver-sync-5.0.0.jar", "com/mongodb/client", "org.mongodb:mongodb-driver-sync:5.0.0"),
        ("picocli-4.7.5.jar", "picocli", "info.picocli:picocli:4.7.5"),
        ("retrofit-2.10.0.jar", "retrofit2", "com.squareup.retrofit2:retrofit:2.10.0"),
        ("spring-jcl-6.1.5.jar", "org/apache/commons/logging", "org.springframework:spring-jcl:6.1.5"),
        ("spotbugs-annotations-3.1.12.jar", "edu/umd/cs/findbugs/annotations", "com.github.spotbugs:spotbugs-annotations:3.1.12"),
        ("jodd-core-5.1.6.jar", "jodd/util", "org.jodd:jodd-core:5.1.6"),
        (
            "kotlinx-serialization-core-jvm-1.6.0.jar",
            "kotlinx/serialization",
            "org.jetbrains.kotlinx:kotlinx-serialization-core-jvm:1.6.0",
        ),
        ("reactor-core-3.6.4.jar", "reactor/core", "io.projectreactor:reactor-core:3.6.4"),
    ],
)
def test_archives_that_gradle_built_without_metadata_have_the_group_they_are_published_under(file, package, coordinates):
    assert named(file, {package: 5} if package else {}, Automatic_Module_Name="some.module") == coordinates


def test_of_one_name_in_several_groups_an_archive_is_the_one_that_its_bundle_is_called_after():
    def properties(group: str) -> dict[str, str]:
        return {f"META-INF/maven/{group}/jaxb-core/pom.properties": f"groupId={group}\nartifactId=jaxb-core\nversion=4.0.4\n"}

    manifest = {"META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\nBundle-SymbolicName: com.sun.xml.bind.jaxb-core\r\n\r\n"}
    found = identity(
        "jaxb-core-4.0.4.jar", jar({}, {**manifest, **properties("org.glassfish.jaxb"), **properties("com.sun.xml.bind")})
    )
    assert found.own is not None and found.own.at.group == "com.sun.xml.bind"
    assert [one.at.group for one in found.others] == ["org.glassfish.jaxb"]


def test_the_classes_of_an_android_library_are_the_library():
    classes = jar({"androidx/core/app": 3, "androidx/core/view": 3, "androidx/core": 1})
    files = {"AndroidManifest.xml": "<manifest/>", "classes.jar": classes}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    found = [one.purl for one in catalogue_tree(SUBJECT, tree({"libs/core-1.12.0.aar": out.getvalue()})).components]
    assert found == ["pkg:maven/androidx.core/core@1.12.0"]
