"""`--cpe`: names that a dictionary would have, for those who need them; marked as guesses, and never there unasked."""

import json
from dataclasses import replace

import pytest
from official_schemas import WRITTEN, problems_by_schema
from sbom_documents import READABLE, full_document, rendered

from pratique.cli.main import run
from pratique.documents.document import Document, Family, Part, Property
from pratique.documents.guessed_cpes import GUESSED, MOST, guessed_cpes, with_guessed_cpes
from pratique.documents.read import read_document
from pratique.lexicon.cpe import bind_cpe, cpe_version


def package(purl, version="1.2.3", **members):
    return Part(ref=purl, name=purl.partition("@")[0].rpartition("/")[2], kind="library", version=version, purl=purl, **members)


def short(names):
    """vendor:product:version:update of each."""
    return [":".join(name.split(":")[3:7]).removesuffix(":*") for name in names]


@pytest.mark.parametrize(
    ("purl", "first"),
    [
        ("pkg:npm/lodash@4.17.20", "lodash:lodash:4.17.20"),
        ("pkg:npm/%40angular/core@1.0.0-rc.2", "angular:core:1.0.0:rc2"),
        ("pkg:pypi/jinja2@3.1.2", "python-jinja2:jinja2:3.1.2"),
        ("pkg:pypi/django@5.0b1", "python-django:django:5.0:beta1"),
        ("pkg:maven/org.apache.logging.log4j/log4j-core@2.17.1", "apache:log4j-core:2.17.1"),
        ("pkg:maven/com.fasterxml.jackson.core/jackson-databind@2.15.0", "fasterxml:jackson-databind:2.15.0"),
        ("pkg:maven/junit/junit@4.13", "junit:junit:4.13"),
        ("pkg:maven/io.github.someone.thing/lib@1", "someone:lib:1"),
        ("pkg:maven/org.springframework/spring-core@5.3.0.RELEASE", "springframework:spring-core:5.3.0"),
        ("pkg:golang/github.com/gin-gonic/gin@v1.9.0", "gin-gonic:gin:1.9.0"),
        ("pkg:golang/github.com/docker/docker/client@v20.10.7%2Bincompatible", "docker:docker:20.10.7"),
        ("pkg:golang/github.com/go-jose/go-jose/v4@v4.0.1", "go-jose:go-jose:4.0.1"),
        ("pkg:golang/golang.org/x/net@v0.1.0", "golang:net:0.1.0"),
        ("pkg:golang/gopkg.in/yaml.v3@v3.0.1", "yaml:yaml:3.0.1"),
        ("pkg:golang/stdlib@1.22.1", "golang:go:1.22.1"),
        ("pkg:deb/debian/libcurl4@7.88.1-10%2Bdeb12u5?upstream=curl", "haxx:curl:7.88.1"),
        ("pkg:deb/debian/vim-tiny@2:9.0.1378-2?upstream=vim", "vim:vim:9.0.1378"),
        ("pkg:deb/debian/openssh-client@1:9.2p1-2?upstream=openssh", "openbsd:openssh:9.2:p1"),
        ("pkg:deb/debian/unheard@1.0%2Bdfsg1-3", "unheard:unheard:1.0"),
        ("pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?upstream=openssl", "openssl:openssl:3.0.7"),
        ("pkg:apk/alpine/busybox@1.36.1-r5", "busybox:busybox:1.36.1"),
        ("pkg:apk/alpine/thing@1.0_rc1-r0", "thing:thing:1.0:rc1"),
        ("pkg:composer/symfony/http-kernel@6.0.0", "symfony:http-kernel:6.0.0"),
        ("pkg:nuget/Newtonsoft.Json@13.0.1", "newtonsoft:newtonsoft.json:13.0.1"),
        ("pkg:cargo/regex@1.0.0%2Bbuild", "regex:regex:1.0.0"),
        ("pkg:gem/rack@2.2.3", "rack:rack:2.2.3"),
        ("pkg:generic/nginx@1.25.0", "f5:nginx:1.25.0"),
    ],
)
def test_the_likeliest_name_follows_the_habits_of_the_dictionary(purl, first):
    assert short(guessed_cpes(package(purl)))[0] == first


def test_a_distributions_package_has_the_name_of_the_source_that_our_property_states():
    source = Property("pratique:source", "pkg:deb/debian/glibc@2.36-9?arch=source")
    assert short(guessed_cpes(package("pkg:deb/debian/libc6@2.36-9", properties=(source,)))) == ["gnu:glibc:2.36"]


def test_a_kernel_and_an_operating_system_are_systems():
    assert guessed_cpes(package("pkg:deb/debian/linux-image-x@6.1.9-1?upstream=linux"))[0].startswith(
        "cpe:2.3:o:linux:linux_kernel:"
    )
    system = Part(ref="os", name="debian", version="12", kind="operating-system")
    assert guessed_cpes(system) == ("cpe:2.3:o:debian:debian_linux:12:*:*:*:*:*:*:*",)
    assert guessed_cpes(replace(system, name="unheard of")) == ()


@pytest.mark.parametrize(
    "part",
    [
        package("pkg:npm/a", version=""),
        package("pkg:oci/image@sha256:aa"),
        package("pkg:github/actions/checkout@v4"),
        package("pkg:npm/%E6%97%A5%E6%9C%AC@1"),
        package("nonsense"),
        replace(package("pkg:npm/a@1"), kind="file"),
        replace(package("pkg:npm/a@1"), purl=""),
        package(f"pkg:npm/{'a' * 3000}@1"),
    ],
)
def test_what_has_no_version_or_is_no_product_or_has_no_spelling_gets_no_name(part):
    assert guessed_cpes(part) == ()


@pytest.mark.parametrize(
    "purl",
    [
        "pkg:npm/a%20b%3Ac@1%3A2%3F%2A",
        "pkg:generic/%5C%5C@1",
        "pkg:generic/-@1",
        "pkg:generic/a@-",
        "pkg:maven/../x@1",
        "pkg:golang/x@v",
        "pkg:golang/a%0Ab/c@1",
        "pkg:deb/debian/%2A@~",
    ],
)
def test_each_guess_of_an_odd_name_is_a_valid_name_of_version_2_3(purl):
    assert all(cpe_version(name) == "2.3" for name in guessed_cpes(package(purl)))


def test_what_the_binding_reserves_is_quoted_and_a_lone_hyphen_says_nothing():
    assert bind_cpe("a", "C++", "a:b c", "1.0-2+x") == r"cpe:2.3:a:c\+\+:a\:b_c:1.0-2\+x:*:*:*:*:*:*:*"
    assert bind_cpe("a", "-", "b", "1") == bind_cpe("a", "a", "", "1") == bind_cpe("a", "ä", "b", "1") == ""


def test_a_component_gets_a_few_names_and_each_is_marked_and_what_is_known_stays():
    known = package("pkg:npm/known@1", cpes=("cpe:2.3:a:x:y:1:*:*:*:*:*:*:*",))
    outer = replace(package("pkg:npm/outer@1"), parts=(package("pkg:pypi/inner@1"), known))
    found = with_guessed_cpes(Document(family=Family.OWN, serial="urn:uuid:x", parts=(outer,)))
    for part in found.walk():
        marks = tuple(one.value for one in part.properties if one.name == GUESSED)
        assert marks == (() if part.ref == known.ref else part.cpes)
        assert 1 <= len(part.cpes) <= MOST
    assert found.serial != "urn:uuid:x"


def test_nothing_is_guessed_unasked_and_a_document_without_guesses_stays_itself():
    document = full_document()
    assert not any(one.name == GUESSED for part in document.walk() for one in part.properties)
    plain = Document(family=Family.OWN, serial="urn:uuid:x", parts=(package("pkg:oci/a@1"),))
    assert with_guessed_cpes(plain) == plain


@pytest.mark.parametrize("name", [one for one in READABLE if one != "json"])
def test_guesses_and_their_marks_come_back_from_every_format(name):
    guessed = with_guessed_cpes(full_document())
    expected = {part.purl: part.cpes for part in guessed.walk() if part.purl}
    back = read_document(rendered(guessed, name)).document
    assert {part.purl: part.cpes for part in back.walk() if part.purl} == expected
    marks = [
        sorted(row.value for part in one.walk() for row in part.properties if row.name == GUESSED) for one in (guessed, back)
    ]
    assert marks[0] and marks[0] == marks[1]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_document_with_guesses_is_valid(name):
    assert problems_by_schema(rendered(with_guessed_cpes(full_document()), name), name) == []


def test_the_command_line_guesses_when_asked_and_says_where_it_cannot(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "app" / "node_modules" / "left"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name":"left","version":"1.0.0"}')
    plain, asked, converted = (tmp_path / name for name in ("plain", "asked", "converted"))
    source = f"dir:{tmp_path / 'app'}"
    assert run(["sbom", source, "-o", f"cyclonedx-json={plain}"]) == 0
    assert run(["sbom", source, "--cpe", "-o", f"cyclonedx-json={asked}", "-o", f"json={tmp_path / 'own'}"]) == 0
    assert "no guessed CPE" in capfd.readouterr().err
    assert run(["sbom", "convert", str(plain), "--cpe", "-o", "spdx-json", "--file", str(converted)]) == 0
    name = "cpe:2.3:a:left:left:1.0.0:*:*:*:*:*:*:*"
    assert "cpe" not in json.loads(plain.read_bytes())["components"][0]
    assert json.loads(asked.read_bytes())["components"][0]["cpe"] == name
    assert name.encode() in converted.read_bytes()
