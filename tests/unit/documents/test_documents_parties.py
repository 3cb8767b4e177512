"""Who made the document, who supplies, who made and who wrote a component: kept from each format into every other and back."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_schemas import WRITTEN, problems_by_schema
from sbom_documents import READABLE, differences, full_document, rendered

from pratique.cli.main import run
from pratique.documents.document import Document, Family, Part, Party, Tool
from pratique.documents.naming import Naming, named
from pratique.documents.parties import parse_party
from pratique.documents.read import read_document
from pratique.errors import InputError

JO = Party(name="Jo Doe", kind="person", email="jo@example.org")
AL = Party(name="Al", kind="person")
ACME = Party(name="Acme", kind="organization", email="sbom@acme.example", urls=("https://acme.example",))
MILL = Party(name="The Mill", kind="organization")
PLAIN = [JO, AL, MILL, Party(name="Acme", kind="organization", email="sbom@acme.example")]
ODD = [
    ACME,
    Party(name="Anne", kind="person", phone="+1 2", email="no address"),
    Party(name="Big", kind="organization", contacts=(JO, Party(name="", kind="person", phone="3"), AL)),
    Party(name="Big (Ltd)", kind="organization", phone="4", urls=("https://a.example", "no address at [all")),
    Party(name="Nobody in particular", kind=""),
    Party(name=" spaced  out ", kind="person"),
    Party(name="A <a@b>", kind="organization"),
    Party(name="", kind="organization", urls=("https://b.example",)),
    Party(name="tool-1.0", kind="software"),
]
MEMBERS = ("supplier", "manufacturer", "originators", "authors", "author", "publisher")
FAMILIES = [Family.CYCLONEDX, Family.SPDX2, Family.SPDX3]
EVERYBODY = [*PLAIN, *(one for one in ODD if one.kind != "software")]


def part(ref, **members):
    return Part(ref=ref, name="x", kind="library", version="1", **members)


def document(family=Family.SPDX2, subject=None, **members):
    return Document(
        family=family,
        serial="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        name="n",
        timestamp="2024-01-02T03:04:05Z",
        tools=(Tool(name="made", version="1.2"),),
        subject=part("SPDXRef-root", **(subject or {})),
        **members,
    )


def parties(found):
    rows = {name: getattr(found, name) for name in ("authors", "manufacturer", "supplier", "tools")}
    parts = [found.subject, *found.walk()]
    return rows | {"parts": [{name: getattr(one, name) for name in MEMBERS} for one in parts]}


def through(value, *names):
    for name in names:
        value = read_document(rendered(value, name)).document
    return value


OPTIONAL = st.none() | st.sampled_from(EVERYBODY)
MANY = st.lists(st.sampled_from(EVERYBODY), max_size=3, unique_by=repr).map(tuple)
TEXT = st.sampled_from(["", "Jo Doe <jo@example.org>", "Somebody", "Jo Doe <jo@example.org>, Al", "Acme <sbom@acme.example>"])


@st.composite
def makers(draw):
    return {
        "supplier": draw(OPTIONAL),
        "manufacturer": draw(OPTIONAL),
        "originators": draw(MANY),
        "authors": draw(MANY),
        "author": draw(TEXT),
        "publisher": draw(TEXT),
    }


@st.composite
def documents(draw):
    return document(
        draw(st.sampled_from(FAMILIES)),
        draw(makers()),
        authors=draw(st.lists(st.sampled_from([*EVERYBODY, ODD[-1]]), max_size=3, unique_by=repr).map(tuple)),
        manufacturer=draw(OPTIONAL),
        supplier=draw(OPTIONAL),
        parts=(part("SPDXRef-a", **draw(makers())),),
    )


@pytest.mark.parametrize("name", READABLE)
@settings(max_examples=40, deadline=None)
@given(value=documents())
def test_everybody_comes_back_from_every_format(name, value):
    data = rendered(value, name)
    assert name not in WRITTEN or problems_by_schema(data, name) == []
    assert differences(parties(read_document(data).document), parties(value)) == []


@pytest.mark.parametrize(("name", "other"), list(itertools.permutations(READABLE, 2)))
@settings(max_examples=4, deadline=None)
@given(value=documents())
def test_everybody_is_kept_from_each_format_into_every_other_and_back(name, other, value):
    once = through(value, name)
    assert differences(parties(through(once, other, name)), parties(once)) == []


@pytest.mark.parametrize("name", [one for one in READABLE if one != "json"])
def test_what_only_its_own_format_knows_of_somebody_stays_there(name):
    value = json.loads(rendered(document(Family.CYCLONEDX, supplier=MILL), "cyclonedx-json@1.6"))
    value["metadata"]["supplier"] |= {"bom-ref": "x", "address": {"country": "NL"}}
    read = read_document(json.dumps(value).encode()).document
    again = read_document(rendered(read, name)).document
    assert again.supplier.name == MILL.name
    assert ("/address" in again.supplier.extra) == (name.startswith("cyclonedx") and name[-3:] >= "1.6")


def said_of(value, name):
    return json.loads(rendered(value, name))


def test_authors_and_the_manufacturer_are_originators_to_readers_of_spdx():
    value = document(Family.CYCLONEDX, parts=(part("SPDXRef-a", authors=(JO, AL), manufacturer=MILL, supplier=ACME),))
    package = said_of(value, "spdx-json@2.3")["packages"][1]
    assert package["originator"] == "Person: Jo Doe (jo@example.org)"
    assert package["supplier"] == "Organization: Acme (sbom@acme.example)"
    graph = said_of(value, "spdx-json@3.0.1")["@graph"]
    agents = {one["spdxId"]: (one["type"], one["name"]) for one in graph if one["type"] in ("Person", "Organization")}
    package = next(one for one in graph if one["type"] == "software_Package" and "suppliedBy" in one)
    assert agents[package["suppliedBy"]] == ("Organization", "Acme")
    originators = [agents[one] for one in package["originatedBy"]]
    assert originators == [("Person", "Jo Doe"), ("Person", "Al"), ("Organization", "The Mill")]


def test_a_manufacturer_alone_is_the_originator_to_readers_of_spdx_2():
    value = document(Family.CYCLONEDX, parts=(part("SPDXRef-a", manufacturer=MILL),))
    assert said_of(value, "spdx-json@2.3")["packages"][1]["originator"] == "Organization: The Mill"


@pytest.mark.parametrize("family", [Family.SPDX2, Family.SPDX3])
def test_persons_among_originators_are_authors_to_readers_of_cyclonedx_and_organisations_the_manufacturer(family):
    value = document(family, parts=(part("SPDXRef-a", originators=(MILL, JO, AL)),))
    component = said_of(value, "cyclonedx-json@1.6")["components"][0]
    assert component["authors"] == [{"name": "Jo Doe", "email": "jo@example.org"}, {"name": "Al"}]
    assert component["manufacturer"] == {"name": "The Mill"}
    component = said_of(value, "cyclonedx-json@1.5")["components"][0]
    assert component["author"] == "Jo Doe <jo@example.org>, Al, The Mill"
    assert not component.keys() & {"authors", "manufacturer"}


def test_an_organisation_that_made_the_document_is_its_manufacturer_to_cyclonedx_from_1_6_on():
    value = document(authors=(ACME, JO))
    metadata = said_of(value, "cyclonedx-json@1.6")["metadata"]
    assert metadata["manufacturer"]["name"] == "Acme" and metadata["authors"] == [{"name": "Jo Doe", "email": "jo@example.org"}]
    assert metadata["manufacturer"]["contact"] == [{"email": "sbom@acme.example"}]
    metadata = said_of(value, "cyclonedx-json@1.5")["metadata"]
    assert [one["name"] for one in metadata["authors"]] == ["Acme", "Jo Doe"] and "manufacture" not in metadata
    assert said_of(value, "spdx-json@2.3")["creationInfo"]["creators"] == [
        "Organization: Acme (sbom@acme.example)",
        "Person: Jo Doe (jo@example.org)",
        "Tool: made-1.2",
    ]


def test_what_cyclonedx_says_of_the_subject_beside_it_is_said_of_it_in_spdx():
    value = document(Family.CYCLONEDX, supplier=ACME, manufacturer=MILL)
    package = said_of(value, "spdx-json@2.3")["packages"][0]
    assert package["supplier"] == "Organization: Acme (sbom@acme.example)"
    assert package["originator"] == "Organization: The Mill"
    own = document(Family.CYCLONEDX, {"supplier": MILL}, supplier=ACME)
    assert said_of(own, "spdx-json@2.3")["packages"][0]["supplier"] == "Organization: The Mill"


def test_a_program_among_the_creators_of_spdx_3_is_a_tool_to_the_others():
    value = document(Family.SPDX3, authors=(Party(name="scanner-2", kind="software"), JO))
    assert said_of(value, "spdx-json@2.3")["creationInfo"]["creators"] == [
        "Person: Jo Doe (jo@example.org)",
        "Tool: made-1.2",
        "Tool: scanner-2",
    ]
    metadata = said_of(value, "cyclonedx-json@1.6")["metadata"]
    assert [one["name"] for one in metadata["tools"]["components"]] == ["made", "scanner-2"]
    assert [one["name"] for one in metadata["authors"]] == ["Jo Doe"]


def test_an_address_of_an_organisation_is_one_in_spdx_3():
    graph = said_of(document(authors=(ACME,)), "spdx-json@3.0.1")["@graph"]
    (agent,) = [one for one in graph if one["type"] == "Organization"]
    identifiers = {one["externalIdentifierType"]: one["identifier"] for one in agent["externalIdentifier"]}
    assert identifiers == {"email": "sbom@acme.example", "urlScheme": "https://acme.example"}


@pytest.mark.parametrize(
    ("text", "kind", "party"),
    [
        ("Jo Doe <jo@example.org>", "person", JO),
        ("Al", "person", AL),
        ("Organization: The Mill", "person", MILL),
        ("organisation: The Mill", "person", MILL),
        ("Person: Al", "organization", AL),
        (
            "The Mill <https://mill.example/x>",
            "organization",
            Party(name="The Mill", kind="organization", urls=("https://mill.example/x",)),
        ),
    ],
)
def test_a_party_is_named_as_people_write_it(text, kind, party):
    assert parse_party(text, kind=kind) == party


@pytest.mark.parametrize(
    "text", ["", " ", "<a@b.example>", "Jo <a b>", "Jo <nothing>", "Jo <a@b> x", "a\nb", "Person:", "Jo <mailto:a@b.x>"]
)
def test_what_names_nobody_is_refused(text):
    with pytest.raises(InputError):
        parse_party(text, kind="person")


def test_another_author_or_supplier_gives_the_document_another_serial_number():
    value = full_document()
    serials = {
        named(value, naming).serial
        for naming in (
            Naming(),
            Naming(authors=(JO,)),
            Naming(authors=(AL,)),
            Naming(authors=(JO, AL)),
            Naming(supplier=MILL),
            Naming(supplier=JO),
        )
    }
    assert len(serials) == 6


STATED = [
    "--author",
    "Jo Doe <jo@example.org>",
    "--author",
    "Organization: The Mill <https://mill.example>",
    "--supplier",
    "Acme <a@acme.example>",
]


@pytest.mark.parametrize("name", [one for one in WRITTEN if one.startswith(("cyclonedx-json", "spdx"))])
def test_the_command_line_says_who_the_document_is_by_and_who_supplies_the_artifact(name, tmp_path, capsys):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "thing", "version": "1"}')
    for arguments in (
        ["sbom", f"dir:{folder}", "-o", f"{name}={tmp_path / 'a'}"],
        ["sbom", "merge", str(tmp_path / "a"), "-o", name],
    ):
        assert run([*arguments, *STATED]) == 0
        out = capsys.readouterr().out
        data = (tmp_path / "a").read_bytes() if arguments[1] != "merge" else out.encode()
        assert problems_by_schema(data, name) == []
        found = read_document(data).document
        mill = Party(name="The Mill", kind="organization", urls=("https://mill.example",))
        assert sorted(found.authors, key=repr) == sorted((JO, mill), key=repr)
        assert found.subject.supplier == Party(name="Acme", kind="organization", email="a@acme.example")
    assert run(["sbom", f"dir:{folder}", "-o", name, "--author", "<a@b.example>"]) == 2
    assert "no name of anybody" in capsys.readouterr().err
