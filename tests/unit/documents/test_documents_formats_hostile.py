"""Documents of strangers, broken in every way: refused or repaired, never a crash; and what was repaired can be written again."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_documents import full_document, rendered

from pratique.documents.claims import stated_by
from pratique.documents.read import read_document
from pratique.errors import LimitExceeded, Malformed, PratiqueError

JSON = {
    name: json.loads(rendered(full_document(files=True), name))
    for name in ("cyclonedx-json@1.7", "spdx-json@2.3", "spdx-json@3.0.1")
}
JSON["json"] = json.loads(rendered(full_document(), "json"))
TEXT = {name: rendered(full_document(), name) for name in ("cyclonedx-xml@1.6", "spdx-tag-value")}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "x", "SPDXRef-DOCUMENT", "NOASSERTION", "contains", "2.3"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "name", "spdxId", "license", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)
TARGETS = [
    "cyclonedx-json",
    "cyclonedx-json@1.4",
    "cyclonedx-xml",
    "spdx-json",
    "spdx-json@3.0.1",
    "spdx-tag-value",
    "github-json",
    "table",
    "json",
]


def places(value, way=()):
    yield way
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in rows:
        yield from places(one, (*way, key))


PLACES = {name: list(places(value)) for name, value in JSON.items()}


def read_both_ways(data):
    """Strictly, or else leniently; what is read is written in every format."""
    try:
        reading = read_document(data)
    except Malformed:
        try:
            reading = read_document(data, lenient=True)
        except Malformed:
            return
    for target in TARGETS:
        rendered(reading.document, target)
    try:
        stated_by(reading.document)
    except PratiqueError as error:
        assert str(error)


@pytest.mark.parametrize("name", JSON)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_member_that_is_anything_is_refused_or_repaired(name, data):
    value = copy.deepcopy(JSON[name])
    for _ in range(data.draw(st.integers(1, 2))):
        way = data.draw(st.sampled_from(PLACES[name]))
        place = value
        try:
            for key in way[:-1]:
                place = place[key]
            if not way:
                value = data.draw(ANYTHING)
            elif data.draw(st.booleans()):
                place[way[-1]] = data.draw(ANYTHING)
            else:
                del place[way[-1]]
        except (KeyError, IndexError, TypeError):
            continue  # the first change took the place away
    read_both_ways(json.dumps(value).encode())


@pytest.mark.parametrize("name", TEXT)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_text_with_bytes_changed_is_refused_or_repaired(name, data):
    text = bytearray(TEXT[name])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 40))] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"<text>", b"</text>", b"\n", b"</name>"])
        )
    read_both_ways(bytes(text))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda data: b"SPDXVersion: SPDX-2.3\n" + data))
def test_any_bytes_are_refused_or_read(data):
    for lenient in (False, True):
        try:
            read_document(data, lenient=lenient)
        except Malformed as error:
            assert str(error)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no bill of materials"),
        (b"hello", "no bill of materials"),
        (b"[]", "no bill of materials"),
        (b"{}", "no bill of materials"),
        (b'{"bomFormat":"CycloneDX"}', "specVersion"),
        (b'{"bomFormat":"CycloneDX","specVersion":"9"}', "not known"),
        (b'{"spdxVersion":"SPDX-1.2"}', "not known"),
        (b'{"@context":"https://example.org"}', "context of SPDX 3.0"),
        (b'{"_type":"https://in-toto.io/Statement/v1"}', "give its predicate"),
        (b'{"pratique":"document","version":9}', "version 9"),
        (b'{"pratique":"else","version":1}', "neither"),
        (b"<html/>", "not CycloneDX XML"),
        (b"<bom", "not XML, line 1"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>', "entities"),
        (b"\xff\xfe{", "UTF-16, and is none"),
        (b"\xff\xfe{\x00", "not valid JSON|not JSON"),
        (b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"components":[]}', "twice"),
    ],
)
def test_what_is_no_document_is_refused_and_says_why(data, said):
    with pytest.raises(Malformed, match=said):
        read_document(data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", ["cyclonedx-json@1.7", "cyclonedx-xml@1.6", "spdx-json@2.3", "spdx-tag-value", "json"])
def test_a_document_in_another_encoding_that_says_so_at_its_start_is_read_as_in_utf_8(name, encoding):
    data = rendered(full_document(), name)
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    wide = (mark + data.decode()).encode(encoding)
    assert read_document(wide).document == read_document(data).document
    assert read_document(wide, lenient=True).document == read_document(data).document


def test_errors_of_tag_value_are_named_with_their_line():
    with pytest.raises(Malformed, match=r"line 3 has the tag 'Nonsense'"):
        read_document(b"SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nNonsense: x\n")


def test_errors_of_json_are_named_with_their_pointer():
    data = (
        b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"a"},{"type":"thing","name":"b"}]}'
    )
    with pytest.raises(Malformed, match=r"/components/1/type is 'thing'"):
        read_document(data)
    reading = read_document(data, lenient=True)
    assert [(part.name, part.kind) for part in reading.document.parts] == [("a", "library"), ("b", "library")]
    assert [one.pointer for one in reading.repaired] == ["/components/1/type"]


def test_a_relationship_to_what_is_not_defined_is_refused():
    value = copy.deepcopy(JSON["spdx-json@2.3"])
    value["relationships"][0]["relatedSpdxElement"] = "SPDXRef-nowhere"
    with pytest.raises(Malformed, match="SPDXRef-nowhere, which is not defined"):
        read_document(json.dumps(value).encode())


@pytest.mark.parametrize("name", ["cyclonedx-json@1.7", "spdx-json@2.3", "spdx-json@3.0.1"])
def test_an_identifier_used_twice_is_refused(name):
    value = copy.deepcopy(JSON[name])
    rows = value.get("components") or value.get("packages") or value["@graph"]
    rows.append({**rows[-1], "comment" if name == "spdx-json@3.0.1" else "name": "another"})
    with pytest.raises(Malformed, match="taken"):
        read_document(json.dumps(value).encode())


def test_a_document_that_is_too_deep_or_holds_too_much_is_refused(monkeypatch):
    deep = b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[' + b'{"components":[' * 200 + b"]}" * 200 + b"]}"
    with pytest.raises(LimitExceeded):
        read_document(deep)
    with pytest.raises(LimitExceeded):
        read_document(deep, lenient=True)
    monkeypatch.setattr("pratique.documents.read.MAX_PARTS", 3)
    for name in ("cyclonedx-json@1.7", "spdx-json@2.3"):
        with pytest.raises(LimitExceeded):
            read_document(json.dumps(JSON[name]).encode())
    monkeypatch.setattr("pratique.documents.read.MAX_BYTES", 10)
    with pytest.raises(LimitExceeded):
        read_document(b" " * 11)
