import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.catalog.component_names import cpe_key, cpe_parts, is_called, key_of, names_of, spelled
from pratique.catalog.component_rows import ImportedComponent, ImportOrigin
from pratique.catalog.ledger import open_catalog
from pratique.catalog.search_pattern import parse_pattern
from pratique.errors import InputError
from pratique.lexicon.purl import build_purl
from pratique.model import ArtifactKind, Component, Digest, Subject

APP = Digest.of(b"app")
IMAGE = "sha256:" + "ab" * 32
PURLS = {
    "flask": "pkg:pypi/flask@2.0.1",
    "zope": "pkg:pypi/zope.interface@5.4",
    "log4j": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
    "sources": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?classifier=sources",
    "guava": "pkg:maven/com.google.guava/guava@31.1-jre",
    "babel": "pkg:npm/%40babel/core@7.0.1",
    "merge": "pkg:npm/lodash.merge@4.6.2",
    "dash-merge": "pkg:npm/lodash-merge@1.0.0",
    "toml": "pkg:golang/github.com/BurntSushi/toml@v1.2.0",
    "chi": "pkg:golang/github.com/go-chi/chi/v5@v5.0.8",
    "yaml": "pkg:golang/gopkg.in/yaml.v3@v3.0.1",
    "json": "pkg:nuget/Newtonsoft.Json@13.0.1",
    "monolog": "pkg:composer/monolog/monolog@2.8.0",
    "rack": "pkg:gem/rack@2.2.4",
    "RedCloth": "pkg:gem/RedCloth@4.3.2",
    "serde": "pkg:cargo/serde_json@1.0.91",
    "libssl": "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
    "magick": "pkg:rpm/redhat/ImageMagick@6.9.10-3?arch=x86_64&epoch=1",
    "alpine": f"pkg:oci/alpine@{IMAGE}?repository_url=docker.io%2Flibrary%2Falpine&tag=3.19",
    "nginx": "pkg:docker/library/nginx@1.25",
    "chart": "pkg:helm/postgresql@12.1.0",
    "under": "pkg:generic/a_b%25c@1",
    "moose": "pkg:cpan/ETHER/Moose-Util@1.0",
    "umlaut": "pkg:generic/gr%C3%BC%C3%9Fe@1",
}


def component(purl, name="", cpes=()):
    kind = purl.partition(":")[2].partition("/")[0]
    source = "pkg:deb/debian/openssl@3?arch=source" if "upstream=openssl" in purl else ""
    return Component(ref=purl, purl=purl, type=kind, name=name, version="", source=source, cpes=cpes)


def subject(digest=APP, name="registry.example.com/acme/app:1.0"):
    return Subject(kind=ArtifactKind.IMAGE, name=name, digest=digest)


def ship(catalog, components, *, digest=APP, name="registry.example.com/acme/app:1.0", location="", at=100):
    with catalog.transaction() as ledger:
        ledger.record_artifact(subject(digest, name), manifest_root=APP, location=location or name, at=at)
        ledger.record_components(digest, components)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    with open_catalog(tmp_path_factory.mktemp("catalog")) as catalog:
        ship(catalog, [component(purl) for purl in PURLS.values()])
        yield catalog


def found(catalog, pattern):
    by_purl = {purl: name for name, purl in PURLS.items()}
    return {by_purl.get(row.purl, row.purl) for row in catalog.search(pattern)}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        # PyPI: PEP 503
        ("Flask", {"flask"}),
        ("FLASK@2.*", {"flask"}),
        ("Flask==2.0.1", {"flask"}),
        ("Flask[async]==2.0.1", {"flask"}),
        ("flask@2.0.2", set()),
        ("zope-interface", {"zope"}),
        ("Zope_Interface", {"zope"}),
        ("zope..interface", {"zope"}),
        ("pkg:PyPI/Zope_Interface@5.4", {"zope"}),
        # Maven
        ("org.apache.logging.log4j:log4j-core", {"log4j", "sources"}),
        ("org.apache.logging.log4j/log4j-core", {"log4j", "sources"}),
        ("org.apache.logging.log4j:log4j-core:2.14.1", {"log4j", "sources"}),
        ("org.apache.logging.log4j:log4j-core:jar:2.14.1", {"log4j", "sources"}),
        ("org.apache.logging.log4j:log4j-core:2.17.0", set()),
        ("org.apache.logging.log4j:*", {"log4j", "sources"}),
        ("log4j-core", {"log4j", "sources"}),
        ("Log4J-Core", set()),
        ("log4j.core", set()),
        ("pkg:maven/org.apache.logging.log4j/log4j-core?classifier=sources", {"sources"}),
        ("pkg:maven/org.apache.logging.log4j/log4j-core?type=jar", {"log4j", "sources"}),
        ("pkg:maven/log4j-core", set()),
        # npm
        ("@babel/core", {"babel"}),
        ("%40babel/core", {"babel"}),
        ("%40babel%2Fcore@7.*", {"babel"}),
        ("@babel/core@7.0.1", {"babel"}),
        ("core", {"babel"}),
        ("@babel/*", {"babel"}),
        ("lodash.merge", {"merge"}),
        ("lodash-merge", {"dash-merge"}),
        ("pkg:npm/core", set()),
        # Go
        ("github.com/BurntSushi/toml", {"toml"}),
        ("github.com/burntsushi/toml", {"toml"}),
        ("github.com/!burnt!sushi/toml@v1.2.0", {"toml"}),
        ("github.com/burntsushi/toml@1.2.0", {"toml"}),
        ("pkg:golang/github.com/burntsushi/toml@v1.2.0", {"toml"}),
        ("toml", {"toml"}),
        ("github.com/go-chi/chi", {"chi"}),
        ("github.com/go-chi/chi/v5", {"chi"}),
        ("chi", {"chi"}),
        ("yaml", {"yaml"}),
        # case counts or does not, as it does there
        ("newtonsoft.json", {"json"}),
        ("pkg:nuget/newtonsoft.json", {"json"}),
        ("Monolog/Monolog", {"monolog"}),
        ("Rack", set()),
        ("redcloth", set()),
        ("RedCloth", {"RedCloth"}),
        ("serde-json", {"serde"}),
        ("Serde_Json", {"serde"}),
        ("Moose::Util", {"moose"}),
        ("GRÜSSE", set()),
        ("grüße", {"umlaut"}),
        # systems
        ("openssl", {"libssl"}),
        ("libssl3:amd64", {"libssl"}),
        ("libssl3:arm64", set()),
        ("libssl3 3.0.11-1~deb12u2", {"libssl"}),
        ("pkg:deb/debian/openssl?arch=source&distro=debian-12", {"libssl"}),
        ("gru\u0308\u00dfe", {"umlaut"}),
        ("deb\tlibssl3\t3.0.11-1~deb12u2\tOpenSSL", {"libssl"}),
        ("pkg:deb/debian/libssl3?distro=debian-12&arch=amd64", {"libssl"}),
        ("pkg:deb/debian/libssl3@3.0.11-1~deb12u2?upstream=openssl&arch=amd64&distro=debian-12.4", {"libssl"}),
        ("pkg:deb/debian/libssl3?distro=debian-11", set()),
        ("pkg:deb/debian/libssl3?arch=a*64", {"libssl"}),
        ("imagemagick", {"magick"}),
        ("pkg:rpm/rhel/ImageMagick@6.9.10-3?epoch=1", set()),
        ("pkg:rpm/rhel/ImageMagick@6.9.10-3", {"magick"}),
        # images and charts
        ("alpine:3.19", {"alpine"}),
        ("alpine:3.18", set()),
        ("docker.io/library/alpine", {"alpine"}),
        ("docker.io/library/alpine:3.19", {"alpine"}),
        (IMAGE, {"alpine"}),
        (IMAGE[:17].upper(), set()),
        (IMAGE[7:20], {"alpine"}),
        (IMAGE[7:20].upper(), {"alpine"}),
        (PURLS["alpine"], {"alpine"}),
        (PURLS["alpine"].replace("3.19", "3.18"), set()),
        ("pkg:oci/alpine?tag=3.1*", {"alpine"}),
        ("nginx:1.25", {"nginx"}),
        ("docker.io/nginx", {"nginx"}),
        ("postgresql@12.*", {"chart"}),
        # what would be a wildcard of the database is a letter
        ("a_b%c", {"under"}),
        ("a%", set()),
        ("_a_b%c", set()),
        ("a?b%c", set()),
        ("'; DROP TABLE components; --", set()),
        ("\\", set()),
        ("*ssl*", {"libssl"}),
        ("pkg:*/flask", {"flask"}),
    ],
)
def test_a_name_is_found_as_its_ecosystem_spells_it(full, pattern, names):
    assert found(full, pattern) - {""} == names


def test_a_star_finds_every_component_once(full):
    rows = full.search("*")
    assert sorted(row.purl for row in rows) == sorted(PURLS.values())


@pytest.mark.parametrize("text", ["registry.example.com/acme/app:1.0", "acme/app", "app:1.0", "ACME/App", APP, APP[7:15], "ap*"])
def test_an_artifact_is_found_by_its_own_name_and_digest(full, text):
    assert [(row.purl, row.artifact) for row in full.search(text)] == [("", APP)]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("cpe:2.3:a:openssl:openssl:3.0.11:*:*:*:*:*:*:*", {"libssl"}),
        ("cpe:/a:openssl:openssl", {"libssl"}),
        ("cpe:2.3:a:openssl:openssl:1.1.1:*:*:*:*:*:*:*", set()),
        ("cpe:2.3:a:apache:log4j", {"log4j", "sources"}),
        ("cpe:2.3:a:*:flask:2.0.1", {"flask"}),
        ("cpe:2.3:a:nobody:flask", set()),
        ("cpe:2.3:a:libssl3:libssl3:3.0.11-1\\~deb12u2:*:*:*:*:*:*:*", {"libssl"}),
        ("cpe:2.3:a:serde_json:serde_json:1.0.91", {"serde"}),
        ("cpe:2.3:a:*:guava:31.1-JRE", {"guava"}),
        ("CPE:2.3:A:APACHE:LOG4J:2.14.1", {"log4j", "sources"}),
    ],
)
def test_a_cpe_name_finds_what_the_dictionary_would_call_so(full, pattern, names):
    assert found(full, pattern) == names


def test_a_cpe_name_that_was_certain_is_found_without_guessing(tmp_path):
    with open_catalog(tmp_path) as catalog:
        odd = component("pkg:generic/thing@2.0", cpes=("cpe:2.3:a:acme\\!:the\\-thing:2.0:*:*:*:*:*:*:*", "no cpe"))
        ship(catalog, [odd])
        assert len(catalog.search("cpe:/a:acme%21:the-thing:2.0")) == 1
        assert catalog.search("cpe:2.3:a:acme:the-thing") == []
        assert catalog.search("*thing*:*") == []  # a CPE name is no name


@pytest.mark.parametrize("pattern", ["cpe:2.3:a:openssl", "cpe:2.3:a:openssl:*", "pkg:", "pkg:/x", "pkg: /x", "\x1b[31m"])
def test_a_pattern_that_names_nothing_is_one_line(pattern):
    with pytest.raises(InputError) as caught:
        parse_pattern(pattern)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("falsk", "pkg:pypi/flask@2.0.1"),
        ("lask", "pkg:pypi/flask@2.0.1"),
        ("xlask", "pkg:pypi/flask@2.0.1"),
        ("flask@9", "pkg:pypi/flask@2.0.1"),
        ("pkg:npm/flask", "pkg:pypi/flask@2.0.1"),
        ("pkg:maven/log4j-core", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"),
        ("Log4J_Core", "pkg:maven/org.apache.logging.log4j/log4j-core"),
        ("log4j", "pkg:maven/org.apache.logging.log4j/log4j-core"),
        ("babel/core", PURLS["babel"]),
        ("redcloth", PURLS["RedCloth"]),
        ("cpe:2.3:a:palletsprojects:flask", "pkg:pypi/flask@2.0.1"),
        ("acme/ap:1.0", "registry.example.com/acme/app:1.0"),
    ],
)
def test_what_finds_nothing_says_what_is_near(full, pattern, near):
    assert full.search(pattern) == []
    assert full.near(pattern)[0] == near


@pytest.mark.parametrize("pattern", ["qqqqqqqq", "%", "_", "*zz*", "0" * 64, "pkg:npm/zz*", "cpe:/a:x:zzzz"])
def test_nothing_near_is_nothing(full, pattern):
    assert full.search(pattern) == []
    assert full.near(pattern) == []


def test_of_many_versions_the_newest_are_near(tmp_path):
    with open_catalog(tmp_path) as catalog:
        ship(catalog, [component(f"pkg:npm/x@1.{number}.0") for number in range(12)])
        assert catalog.near("x@9") == [f"pkg:npm/x@1.{number}.0" for number in (11, 10, 9, 8, 7)]


def test_what_tables_show_is_found_even_where_the_purl_says_otherwise(tmp_path):
    with open_catalog(tmp_path) as catalog:
        ship(catalog, [component("pkg:generic/python@3.11", name="CPython runtime"), component("pkg:npm/a@1", name="a")])
        for text in ("cpython runtime", "CPython runtime 3.11", "CPython runtime@3.11"):
            assert [row.purl for row in catalog.search(text)] == ["pkg:generic/python@3.11"]
        assert catalog.search("1.0") == []  # of the artifact only the tag


def test_every_name_that_is_filed_is_found_by_itself():
    for purl in PURLS.values():
        kind, _, rest = purl[4:].partition("/")
        name = rest.partition("@")[0]
        for key, text in names_of(purl=purl, type_=kind, namespace="", name=name, version="1"):
            assert key == key_of(text or key)
            assert is_called(kind, text or key, text or key)


def test_one_package_has_one_spelling():
    assert spelled("pypi", "Zope.Interface") == spelled("pypi", "zope__interface") == "zope-interface"
    assert spelled("cargo", "Serde_JSON") == "serde-json"
    assert spelled("npm", "lodash.merge") == "lodash.merge"
    assert spelled("golang", "github.com/!burnt!sushi/toml") == "github.com/burntsushi/toml"
    assert spelled("maven", "g/A") == "g:A"


def test_both_bindings_of_a_cpe_name_come_to_one_key():
    assert cpe_key("cpe:2.3:a:Acme\\!:a\\:b:1") == cpe_key("cpe:/a:acme%21:a%3Ab") == "cpe:acme!:a:b"
    assert cpe_parts("cpe:2.3:a:x:y:-:*") == ("x", "y", "*")
    assert cpe_key("cpe:2.3:a:x:*") == cpe_key("nothing") == cpe_key("cpe:/a") == ""


# What somebody imports


def brought(purl="", name="", cpes=(), licences=()):
    if purl:
        return ImportedComponent(purl=purl, type="npm", name=name, cpes=cpes, licences=licences)
    return ImportedComponent(purl=f"library {name}", type="library", name=name, cpes=cpes, has_purl=False)


def bring(catalog, components, *, digest=APP, data=b"{}", at=500, name="vendor app"):
    origin = ImportOrigin(name=name, file="app.cdx.json", title="CycloneDX 1.6 JSON", media_type="application/json")
    with catalog.transaction() as ledger:
        return ledger.record_import(digest, data, components, origin=origin, at=at)


def test_what_is_imported_is_found_and_marked_and_changes_nothing_that_was_found(tmp_path):
    with open_catalog(tmp_path) as catalog:
        ship(catalog, [component("pkg:npm/a@1")])
        assert bring(catalog, [brought("pkg:npm/a@1", licences=("Evil",)), brought("pkg:npm/b@1"), brought(name="zlib")])
        rows = {row.purl: row for row in catalog.search("*")}
        assert rows["pkg:npm/a@1"].document is None
        assert (rows["pkg:npm/b@1"].document, rows["pkg:npm/b@1"].file) == (Digest.of(b"{}"), "app.cdx.json")
        assert [row.purl for row in catalog.search("ZLIB")] == ["library zlib"]
        assert catalog.count_components(APP) == 1
        assert catalog.documents_of(APP) == []
        assert catalog.signed_documents() == []
        artifact = catalog.find_artifacts(APP)[0]
        assert (artifact.name, artifact.locations) == (subject().name, (subject().name,))
        assert artifact.imported_from == ("app.cdx.json",)
        with catalog._engine.connect() as connection:
            licences = connection.exec_driver_sql("SELECT licences FROM components WHERE purl = 'pkg:npm/a@1'").scalar()
        assert licences == "[]"
        ship(catalog, [component("pkg:npm/c@1")], at=600)
        assert {row.purl for row in catalog.search("*")} == {"pkg:npm/a@1", "pkg:npm/b@1", "library zlib", "pkg:npm/c@1"}


def test_the_same_import_again_is_no_second_one_and_replaces_what_it_said(tmp_path):
    with open_catalog(tmp_path) as catalog:
        assert bring(catalog, [brought("pkg:npm/a@1"), brought("pkg:npm/b@1")])
        assert not bring(catalog, [brought("pkg:npm/a@1")], at=700)
        assert [row.purl for row in catalog.search("*")] == ["pkg:npm/a@1"]
        row = catalog.imports_of(APP)[0]
        assert (row.components, row.first_seen, row.last_seen, row.title) == (1, 500, 700, "CycloneDX 1.6 JSON")
        assert bring(catalog, [brought("pkg:npm/a@1")], data=b"[]")
        assert len(catalog.imports_of(APP)) == 2
        assert len(catalog.search("pkg:npm/a")) == 1


def test_a_document_cannot_have_a_package_found_by_a_name_that_is_not_its_own(tmp_path):
    with open_catalog(tmp_path) as catalog:
        bring(catalog, [brought("pkg:npm/harmless@1", name="openssl")])
        ship(catalog, [component("pkg:npm/harmless@1", name="harmless")])
        assert catalog.search("openssl") == []
        assert len(catalog.search("harmless")) == 1


def test_a_cpe_name_that_an_import_gives_a_package_is_said_of_that_import_alone(tmp_path):
    cpe = "cpe:2.3:a:openssl:openssl:1.0.0:*:*:*:*:*:*:*"
    other = Digest.of(b"other")
    with open_catalog(tmp_path) as catalog:
        ship(catalog, [component("pkg:npm/x@1.0.0")])
        bring(catalog, [brought("pkg:npm/x@1.0.0", cpes=(cpe,))], digest=other)
        bring(catalog, [brought("pkg:npm/x@1.0.0")], digest=Digest.of(b"third"), data=b"[]")
        for asked in ("cpe:2.3:a:openssl:openssl", "cpe:2.3:a:openssl:open*", "cpe:/a:openssl:openssl"):
            assert [(row.artifact, row.document) for row in catalog.search(asked)] == [(other, Digest.of(b"{}"))]
        assert len(catalog.search("pkg:npm/x")) == 3
        assert catalog.search("openssl") == [] == catalog.search("imported-cpe*")
        ship(catalog, [component("pkg:npm/x@1.0.0", cpes=(cpe,))])
        assert APP in {row.artifact for row in catalog.search("cpe:2.3:a:openssl:openssl") if row.document is None}


def test_an_imported_package_of_a_distribution_is_found_by_its_source(tmp_path):
    with open_catalog(tmp_path) as catalog:
        deb = "pkg:deb/debian/libssl3@3.0?upstream=openssl%403.0"
        rpm = "pkg:rpm/fedora/bash-libs@5-1?upstream=bash-5-1.src.rpm"
        bring(catalog, [brought(deb), brought(rpm)])
        assert [(row.purl, row.source) for row in catalog.search("openssl")] == [(deb, "openssl")]
        assert [(row.purl, row.source) for row in catalog.search("bash")] == [(rpm, "bash")]


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    rows = [
        ("registry.example.com/acme/app:1.0", ""),
        ("docker.io/library/alpine:3.19", ""),
        ("harbour.tar", "oci-archive:/srv/images/harbour.tar"),
        ("docker:24", ""),
        ("one.example/web:1", ""),
        ("two.example/web:2", ""),
        ("tool-1.0.tgz", ""),
    ]
    with open_catalog(tmp_path_factory.mktemp("names")) as catalog:
        for number, (name, location) in enumerate(rows):
            ship(catalog, [], digest=Digest.of(name.encode()), name=name, location=location, at=number)
        yield catalog


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("registry.example.com/acme/app:1.0", ["registry.example.com/acme/app:1.0"]),
        ("registry:registry.example.com/acme/app:1.0", ["registry.example.com/acme/app:1.0"]),
        ("registry.example.com/acme/app", ["registry.example.com/acme/app:1.0"]),
        ("acme/app:1.0", ["registry.example.com/acme/app:1.0"]),
        ("acme/app", ["registry.example.com/acme/app:1.0"]),
        ("app", ["registry.example.com/acme/app:1.0"]),
        ("APP", ["registry.example.com/acme/app:1.0"]),
        ("1.0", ["registry.example.com/acme/app:1.0"]),
        ("alpine", ["docker.io/library/alpine:3.19"]),
        ("docker.io/library/alpine:3.19", ["docker.io/library/alpine:3.19"]),
        ("alpine:3.19", ["docker.io/library/alpine:3.19"]),
        ("harbour.tar", ["harbour.tar"]),
        ("harbour", ["harbour.tar"]),
        ("/srv/images/harbour.tar", ["harbour.tar"]),
        ("oci-archive:/srv/images/harbour.tar", ["harbour.tar"]),
        ("docker:24", ["docker:24"]),
        ("docker", ["docker:24"]),
        ("web", ["two.example/web:2", "one.example/web:1"]),
        ("web:1", ["one.example/web:1"]),
        ("tool-1.0.tgz", ["tool-1.0.tgz"]),
        ("nothing", []),
        ("a_p", []),
        ("%", []),
        ("/", []),
        (":", []),
        ("", []),
    ],
)
def test_an_artifact_is_meant_by_as_much_of_its_name_as_tells_it_from_others(named, text, names):
    assert [row.name for row in named.find_artifacts(text)] == names


def test_a_pattern_of_a_thousand_letters_or_stars_ends_nothing(full):
    with pytest.raises(InputError):
        full.search("x" * 1001)
    assert full.search("*" * 900) == full.search("*")
    assert full.search("-" * 1000) == []
    assert full.search("a*" * 400) == []
    assert full.near("z" * 1000) == []


def test_hostile_names_are_kept_and_found_as_text(tmp_path):
    names = ["'; DROP TABLE components; --", "a\tb", "\u202egnp.exe", "x" * 3000, "名前", "*", "%", "{}", "a\nb"]
    with open_catalog(tmp_path) as catalog:
        ship(catalog, [component(build_purl("generic", name, "1")) for name in names])
        assert len(catalog.search("pkg:generic/*")) == len(names)
        assert len(catalog.search("名前")) == 1
        assert len(catalog.search("%")) == 1
        assert len(catalog.search("x" * 999 + "*")) == 1


def test_what_a_document_calls_an_artifact_is_shown_and_is_no_name_of_it(tmp_path):
    with open_catalog(tmp_path) as catalog:
        bring(catalog, [brought("pkg:npm/a@1")], name="registry.example.com/acme/app:1.0")
        row = catalog.find_artifacts("acme/app")[0]
        assert (row.name, row.is_named_by_import) == ("registry.example.com/acme/app:1.0", True)
        assert catalog.search("a")[-1].name == "registry.example.com/acme/app:1.0"
        assert catalog.near("acme/ap:1.0") == ["registry.example.com/acme/app:1.0"]
        with catalog.transaction() as ledger:
            ledger.record_location(APP, "registry.example.com/other:1", name="registry.example.com/other:1", at=900)
        row = catalog.find_artifacts(APP)[0]
        assert (row.name, row.is_named_by_import) == ("registry.example.com/other:1", False)
        assert catalog.search("a")[-1].name == "registry.example.com/other:1"
        assert catalog.find_artifacts("acme/app") == []


NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"), exclude_characters="*"),
    min_size=1,
    max_size=30,
)


@given(
    type_=st.sampled_from(["pypi", "npm", "maven", "golang", "generic", "gem", "cargo", "deb", "oci"]),
    name=NAMES,
    upper=st.booleans(),
)
def test_whatever_is_filed_is_found_by_the_key_of_what_is_typed(type_, name, upper):
    asked = name.upper() if upper and type_ in ("pypi", "npm", "cargo") and name.isascii() else name
    filed = names_of(purl="", type_=type_, namespace="", name=name, version="1")
    called = [text or key for key, text in filed if key == key_of(asked)]
    assert any(is_called(type_, one, asked) for one in called)
    if asked[:4].lower() not in ("pkg:", "cpe:"):
        assert any(one.name == asked for one in parse_pattern(asked).meanings)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_one_line(text):
    try:
        pattern = parse_pattern(text)
    except InputError as error:
        assert "\n" not in str(error)
    else:
        assert pattern.meanings or pattern.cpe
        for meaning in pattern.meanings:
            meaning.is_of("deb", "debian", "1:2", "pkg:deb/debian/x@1:2?arch=amd64&distro=debian-12")
