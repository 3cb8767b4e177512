"""JSON, TOML and YAML of strangers: what is read, and what is refused within bounds."""

import pytest

from pratique.errors import Malformed
from pratique.lexicon.parse import load_jsonc, load_toml, load_xml, load_yaml, load_yaml_documents, read_json, read_json_object


def test_each_format_is_read():
    assert read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    assert load_toml(b'a = "x"\n[b]\nc = 1\n') == {"a": "x", "b": {"c": 1}}
    assert load_yaml_documents(b"a: 1\n---\n- 2024-01-02\n- yes\n") == [{"a": 1}, ["2024-01-02", True]]
    assert load_yaml(b"") is None
    root = load_xml(b'<a xmlns="urn:x" b="1"><c>text</c></a>')
    assert (root.tag, root.attrib, root[0].tag, root[0].text) == ("{urn:x}a", {"b": "1"}, "{urn:x}c", "text")


@pytest.mark.parametrize(
    ("load", "data", "message"),
    [
        (read_json, b'{\n"a":,}', "line 2"),
        (read_json, b"\xff", "not JSON"),
        (read_json, b"[" * 100_000, "too deep"),
        (read_json_object, b"[]", "not a JSON object"),
        (load_toml, b"a = \n", "not TOML"),
        (load_toml, b"\xff", "not TOML"),
        (load_yaml, b"a: [\n", "line"),
        (load_yaml, b"a: &x 1\nb: *x\n", "alias"),
        (load_yaml, b"[" * 100_000, "deeper"),
        (load_yaml, b"!!python/object:os.system {}\n", "not YAML"),
        (load_yaml, b"a\0b", "not YAML"),
        (load_yaml, b"a: !!int ''\n", "not YAML"),
        (load_yaml, b"a: !!float ''\n", "not YAML"),
        (load_yaml, b"a: !!bool x\n", "not YAML"),
        (load_yaml, b"a: !!timestamp [1]\n", "not YAML"),
        (load_xml, b"<a>\n</b>", "line 2"),
        (load_xml, b"", "not XML"),
        (load_xml, b"<a>" * 1000, "deeper"),
        (load_xml, b'<?xml version="1.0" encoding="no-such"?><a/>', "not XML"),
        (load_xml, b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "entities"),
        (load_xml, b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "entities"),
        (load_yaml, b"? [a]\n: 1\n", "not YAML"),
    ],
)
def test_what_is_broken_or_hostile_is_refused_with_a_reason(load, data, message):
    with pytest.raises(Malformed) as caught:
        load(data)
    assert message in str(caught.value)


def test_a_billion_laughs_are_refused_at_the_first():
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    with pytest.raises(Malformed):
        load_yaml("\n".join(lines).encode())


LONG = "1" + ":1" * 1_000_000  # the time that YAML 1.1 takes for such a number grows with the square of its length


@pytest.mark.parametrize("text", ["2026-01-31", "2026-02-31", "1:30", "!!timestamp x", "!!int 1:30", LONG, f"!!float {LONG}.5"])
def test_a_time_or_a_number_to_base_60_in_yaml_is_text_as_it_is_written(text):
    assert load_yaml(f"a: {text}".encode()) == {"a": text.rpartition(" ")[2]}


def test_json_with_comments_and_trailing_commas_is_read():
    assert load_jsonc(b'{ // x\n "a": [1, 2, /* , */ ],\n "b//": "/* \\" ,] */",}') == {"a": [1, 2], "b//": '/* " ,] */'}
    with pytest.raises(Malformed, match="line 3"):
        load_jsonc(b'{\n"a": 1,\n,}')


def test_json_with_comments_takes_time_by_its_length_only():
    for data in (b'"' * 300_000, b"/*" * 300_000, b"," * 300_000, b'"\\' * 300_000):
        with pytest.raises(Malformed):
            load_jsonc(data)


def test_a_toml_key_of_very_many_parts_is_refused():
    with pytest.raises(Malformed, match="parts"):
        load_toml(b'a."b" . ' * 50_000 + b"c = 1\n")
    assert load_toml(b'version = "' + b"1." * 500 + b'0"\n')["version"].startswith("1.1.")
