"""Licence expressions: operators first, nothing cut, nothing lost, and what is written is valid SPDX."""

import re
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.expressions import MAX_CHARS, MAX_DEPTH, MAX_OPERANDS, parse_expression, render_expression
from pratique.lexicon.licence_spellings import identify, mentioned
from pratique.lexicon.licences import UNREAD, choice, is_prose, normalise, reference, valid_expression
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES

OPERANDS = [
    ("MIT", "MIT"),
    ("agpl-3.0-only", "AGPL-3.0-only"),
    ("GNU AGPL v3", "AGPL-3.0-only"),
    ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"),
    ("Apache License, Version 2.0", "Apache-2.0"),
    ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("GPL-2+ with Bison exception", "GPL-2.0-or-later WITH Bison-exception-2.2"),
    ("GPL v2 or any later version", "GPL-2.0-or-later"),
    ("Some Odd Licence of Ours", "LicenseRef-Some-Odd-Licence-of-Ours"),
    ("BSD with advertising", "LicenseRef-BSD-with-advertising"),
    ("LicenseRef-ours", "LicenseRef-ours"),
    ("MPL-1.1+", "MPL-1.1+"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "GPL-2.0-only WITH Classpath-exception-2.0 AND AGPL-3.0-only",
            "GPL-2.0-only WITH Classpath-exception-2.0 AND AGPL-3.0-only",
        ),
        ("MIT or Some Odd Licence or AGPL-3.0", "MIT OR LicenseRef-Some-Odd-Licence OR AGPL-3.0-only"),
        ("GPL-2 with Unheard-of exception and AGPLv3", "GPL-2.0-only AND AGPL-3.0-only"),
        ("GPL-3.0 with AGPL-3.0-only", "GPL-3.0-only AND AGPL-3.0-only"),
        ("MIT (AND AGPL-3.0-only)", "LicenseRef-MIT-AND-AGPL-3.0-only"),
        ("MIT, Apache License, Version 2.0; Foo", "MIT AND Apache-2.0 AND LicenseRef-Foo"),
        ("mit AND (apache-2.0 or agpl-3.0-only)", "MIT AND (Apache-2.0 OR AGPL-3.0-only)"),
        ("MIT OR Apache-2.0 AND GPL-2.0-only", "MIT OR (Apache-2.0 AND GPL-2.0-only)"),
        ("MIT | GPL-2 & ISC", "MIT OR (GPL-2.0-only AND ISC)"),
        ("Apache-2.0 WITH Unheard-of", "LicenseRef-Apache-2.0-with-Unheard-of"),
        ("GNU Affero General Public License, Version 3, 19 November 2007", "AGPL-3.0-only"),
        ("GPL (>= 2)", "GPL-2.0-or-later"),
        ("LGPL (v2.1 or later)", "LGPL-2.1-or-later"),
        ("MIT AND", "MIT"),
    ],
)
def test_operators_are_read_first_and_no_side_is_lost(text, expected):
    assert normalise(text) == expected


def expressions():
    leaf = st.sampled_from(OPERANDS)
    joined = st.tuples(st.sampled_from(["and", "AND", "or", "OR", "And"]), st.booleans())

    def extend(inner):
        return st.tuples(inner, joined, inner).map(lambda row: ("node", *row))

    return st.recursive(leaf, extend, max_leaves=12)


def written(tree):
    if tree[0] != "node":
        return tree[0]
    _, left, (operator, _), right = tree
    return f"({written(left)}) {operator} ({written(right)})"


def wanted(tree):
    if tree[0] != "node":
        return {tree[1]}
    return wanted(tree[1]) | wanted(tree[3])


def truth(tree, denied):
    """Whether no choice avoids what is denied."""
    if tree[0] != "node":
        return tree[1] in denied
    _, left, (operator, _), right = tree
    sides = truth(left, denied), truth(right, denied)
    return any(sides) if operator.upper() == "AND" else all(sides)


def value(node, denied):
    from license_expression import LicenseSymbol

    if isinstance(node, LicenseSymbol) or not getattr(node, "args", ()):
        return str(node) in denied
    found = [value(part, denied) for part in node.args]
    return any(found) if type(node).__name__ == "AND" else all(found)


@settings(max_examples=100, deadline=None)
@given(expressions(), st.sets(st.sampled_from([name for _, name in OPERANDS])))
def test_an_expression_means_after_it_what_it_meant_before(tree, denied):
    from license_expression import Licensing

    made = normalise(written(tree))
    assert value(Licensing().parse(made), denied) == truth(tree, denied)
    assert all(name in made for name in wanted(tree))
    assert normalise(made) == made
    assert valid_expression(made) == made


@settings(max_examples=50, deadline=None)
@given(expressions())
def test_what_is_written_is_valid_to_the_spdx_tools(tree):
    from spdx_tools.spdx.parser.jsonlikedict.license_expression_parser import LicenseExpressionParser
    from spdx_tools.spdx.validation.license_expression_validator import validate_license_expression

    made = normalise(written(tree)).replace("MPL-1.1+", "MPL-1.1")  # that library knows no `+`, which Annex D has
    parsed = LicenseExpressionParser().parse_license_expression(made)
    stated = [SimpleNamespace(license_id=name) for name in re.findall(r"LicenseRef-[\w.-]+", made)]
    document = SimpleNamespace(extracted_licensing_info=stated)
    assert validate_license_expression(parsed, document, "SPDXRef-x") == []


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["MIT", "some words", "(", ")", "and", "or", "with", "+", ",", "/", "x", "GPL", "(c)"]), max_size=16)
)
def test_any_heap_of_words_becomes_an_expression_that_stays_what_it_is(words):
    from license_expression import Licensing

    made = normalise(" ".join(words))
    assert made == "" or Licensing().parse(made) is not None
    assert normalise(made) == made
    assert made == "" or valid_expression(made) == made


def test_no_length_below_the_limit_changes_what_an_expression_means():
    names = sorted(name for name in LICENCES if name == normalise(name) and not name.startswith("AGPL"))[:400]
    text = " AND ".join(["MIT", *names, "AGPL-3.0-only"])
    assert len(text) > 4000
    assert normalise(text).endswith("AND AGPL-3.0-only")
    assert set(normalise(text).split(" AND ")) == {*names, "MIT", "AGPL-3.0-only"}


@pytest.mark.parametrize(
    "text",
    [
        "(" * (MAX_DEPTH + 1) + "MIT" + ")" * (MAX_DEPTH + 1),
        " AND ".join(f"x{number}" for number in range(MAX_OPERANDS + 1)),
        "MIT AND AGPL-3.0-only" + " " * 3 + "x" * MAX_CHARS,
    ],
)
def test_what_is_too_large_is_unread_as_a_whole_and_never_cut(text):
    with pytest.raises(LimitExceeded):
        parse_expression(text)
    assert normalise(text).startswith(UNREAD)
    assert normalise(text) == normalise(normalise(text))


def test_a_very_long_name_that_hides_a_licence_is_not_cut_before_it():
    assert reference("word " * 400 + "AGPL-3.0-only").startswith(UNREAD)
    assert reference("word " * 400).startswith("LicenseRef-word-word")
    assert reference("word " * 400) != reference("word " * 401)
    assert reference("LicenseRef-" + "a" * 500) == "LicenseRef-" + "a" * 500


@pytest.mark.parametrize("text", ["(MIT", "MIT)", "(MIT) (ISC)", "(MIT) ISC", "MIT (ISC"])
def test_parentheses_that_do_not_match_are_no_expression(text):
    with pytest.raises(Malformed):
        parse_expression(text)
    assert normalise(text).startswith("LicenseRef-")


def test_hostile_sizes_take_linear_time():
    for text in ("(" * 100_000, "((MIT)" * 20_000, "a (" * 60_000, "with " * 50_000, "or later " * 25_000, "GPL " * 60_000):
        normalise(text)
    list(mentioned("gnu general public license " * 5_000))


def test_every_identifier_and_exception_is_itself():
    for name in sorted(LICENCES):
        again = normalise(name)
        assert again == name or (again.startswith(("GPL", "LGPL", "AGPL", "GFDL")) and normalise(again) == again), name
        assert normalise(name.upper()) == again == normalise(name.lower())
    for name in sorted(EXCEPTIONS):
        assert normalise(f"GPL-2.0-only with {name.upper()}") == f"GPL-2.0-only WITH {name}"


def test_names_within_a_text_are_found_the_longest_first():
    text = "LicenseRef-see-AGPL-3.0-only-below, or GNU General Public License version 2 or any later; not MITigated"
    assert list(mentioned(text)) == ["AGPL-3.0-only", "GPL-2.0-or-later"]


def test_a_choice_keeps_all_of_a_long_list():
    names = sorted(name for name in LICENCES if name == normalise(name) and " " not in name)[:60]
    assert choice([*names, "AGPL-3.0-only"]) == (" OR ".join(dict.fromkeys([*names, "AGPL-3.0-only"])),)


def test_a_field_that_names_a_licence_among_others_is_no_prose():
    assert not is_prose("Foo Bar Baz License OR GNU Affero General Public License v3 or later")
    assert is_prose("You may do with this whatever you like and may not complain about it")
    assert identify("MIT AND AGPL-3.0-only") == ""


def test_an_expression_is_rendered_with_each_group_in_parentheses():
    node = parse_expression("a or b and (c or d)")
    assert node is not None
    assert render_expression(node) == "a OR (b AND (c OR d))"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mit or Apache-2.0", "MIT OR Apache-2.0"),
        (
            "GPL-2.0-only WITH Classpath-exception-2.0 AND Our Own",
            "GPL-2.0-only WITH Classpath-exception-2.0 AND LicenseRef-Our-Own",
        ),
        ("MIT AND (ISC AND Zlib)", "MIT AND (ISC AND Zlib)"),  # valid as it is
        ("MIT AND", "MIT"),
    ],
)
def test_an_expression_of_another_format_is_written_to_spdx_as_a_valid_one(text, written):
    from pratique.documents.names import parse_target
    from pratique.documents.read import read_value
    from pratique.documents.write import render_document

    part = {"type": "library", "name": "x", "licenses": [{"expression": text}]}
    source = read_value({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [part]}).document
    for target in ("spdx-json@2.3", "spdx-json@3.0.1", "spdx-tag-value"):
        data = render_document(source, parse_target(target), environ={}).data.decode()
        assert f'"{written}"' in data or f": {written}\n" in data, target
