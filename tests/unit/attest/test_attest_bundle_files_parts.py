"""Files of bundles, taken apart: what each part is told by, what is passed over, and each limit at its bound."""

import json

import pytest

from pratique.attest.bundle import MAX_BUNDLE_SIZE
from pratique.attest.bundle_files import MAX_PARTS, BundlePart, PartKind, looks_like_json, split_bundles
from pratique.errors import LimitExceeded, Malformed

BOM = b"\xef\xbb\xbf"


def split(data):
    return [(part.kind, part.data) for part in split_bundles(data)]


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"mediaType": "x"}, PartKind.BUNDLE),
        ({"verificationMaterial": {}}, PartKind.BUNDLE),
        ({"verificationMaterial": {}, "base64Signature": "x"}, PartKind.BUNDLE),
        ({"base64Signature": "x"}, PartKind.COSIGN),
        ({"base64Signature": "x", "payloadType": "x"}, PartKind.COSIGN),
        ({"payloadType": "x"}, PartKind.ENVELOPE),
        ({"payload": "x"}, PartKind.UNKNOWN),
        ({}, PartKind.UNKNOWN),
    ],
)
def test_a_part_is_told_by_the_members_that_only_it_has(members, kind):
    data = json.dumps(members).encode()
    assert split_bundles(data) == (BundlePart(kind=kind, data=data),)


@pytest.mark.parametrize("item", [b"1", b'"text"', b"null", b"[]"])
def test_what_is_no_object_in_a_list_is_a_part_of_an_unknown_kind(item):
    assert split(b'[{"mediaType": 1}, ' + item + b"]") == [(PartKind.BUNDLE, b'{"mediaType": 1}'), (PartKind.UNKNOWN, item)]


def test_a_list_may_be_indented_and_begin_with_a_mark_of_its_encoding():
    for before in (b"", BOM, BOM + b" \n", b"\n\t"):
        data = before + b'[\n  {"mediaType": 1}\n]\n'
        assert split(data) == [(PartKind.BUNDLE, b'{"mediaType": 1}')]
        assert split(before + b'{"payloadType": 1}\n') == [(PartKind.ENVELOPE, b'{"payloadType": 1}')]


def test_of_attestations_those_without_a_bundle_are_passed_over():
    data = b'{"attestations": [{"bundle": {"mediaType": 1}}, {"other": 1}, {"bundle": {"payloadType": 2}}]}'
    assert split(data) == [(PartKind.BUNDLE, b'{"mediaType": 1}'), (PartKind.ENVELOPE, b'{"payloadType": 2}')]


@pytest.mark.parametrize("data", [b"[]", b'{"attestations": []}', b'{"attestations": [{"other": 1}]}'])
def test_a_file_that_holds_nothing_says_so(data):
    with pytest.raises(Malformed, match="no bundle in the file"):
        split_bundles(data)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"{", b"nonsense\n\n", b'{"attestations": [1]}', b'{"attestations": {}}'])
def test_what_is_no_json_says_so_even_in_one_line(data):
    with pytest.raises(Malformed, match="neither a bundle nor one a line"):
        split_bundles(data)


def test_one_line_that_cannot_be_read_makes_the_whole_file_unreadable():
    with pytest.raises(Malformed, match="neither a bundle nor one a line"):
        split_bundles(b'{"mediaType": 1}\nnonsense\n')


def test_each_line_may_hold_several():
    data = b'{"mediaType": 1}\n\n[{"payloadType": 1}, {"base64Signature": 1}]\n'
    assert [kind for kind, _ in split(data)] == [PartKind.BUNDLE, PartKind.ENVELOPE, PartKind.COSIGN]


def test_a_file_holds_as_many_parts_as_the_limit_says_and_no_more_in_each_of_its_forms():
    for many in (lambda count: b"[" + b",".join([b"{}"] * count) + b"]", lambda count: b"{}\n" * count):
        assert len(split_bundles(many(MAX_PARTS))) == MAX_PARTS
        with pytest.raises(LimitExceeded, match=f"{MAX_PARTS + 1} bundles in one file"):
            split_bundles(many(MAX_PARTS + 1))
    lists = b"[" + b",".join([b"{}"] * MAX_PARTS) + b"]\n"
    with pytest.raises(LimitExceeded, match=f"{2 * MAX_PARTS} bundles in one file"):
        split_bundles(lists * 2)


def test_more_lines_than_are_read_are_refused_before_the_first_is():
    with pytest.raises(LimitExceeded):
        split_bundles(b"nonsense\n" * (MAX_PARTS + 1))


def test_a_file_is_as_large_as_the_limit_says_and_no_larger():
    assert split(b'{"mediaType": 1}'.ljust(MAX_BUNDLE_SIZE)) == [(PartKind.BUNDLE, b'{"mediaType": 1}')]
    with pytest.raises(LimitExceeded, match="more than the limit"):
        split_bundles(b'{"mediaType": 1}'.ljust(MAX_BUNDLE_SIZE + 1))


@pytest.mark.parametrize(
    ("data", "like"),
    [(b"{", True), (b"[", True), (b" \n{", True), (BOM + b" [", True), (b"", False), (b"AAAA", False), (b"# v2 {", False)],
)
def test_json_is_known_by_its_first_character(data, like):
    assert looks_like_json(data) is like
