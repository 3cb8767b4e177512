"""What the pass takes of a file besides its SHA-256: form, digests, facts, bytes; the same whole and in pieces."""

import hashlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.artifact import content as content_module
from pratique.artifact.content import FileContent, spooled
from pratique.artifact.examine import Examiner
from pratique.artifact.form import form_of
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Chosen, Interest
from pratique.errors import Malformed
from pratique.model import FileForm


class Counting:
    """A probe of files that begin with an exclamation mark and a letter."""

    name = "counting"
    interest = Interest(magics=frozenset({b"!a", b"!b"}), endings=frozenset({".odd"}))

    def __init__(self) -> None:
        self.asked: list[str] = []

    def applies(self, path, size, head):
        self.asked.append(path)
        return size > 2

    def read(self, content):
        if content.read(0, 2) == b"!b":
            raise Malformed("begins with b")
        with content.file() as file:
            file.seek(-1, 2)
            return b"%d %s" % (len(content), file.read())


def examiner(probe, keep=True, digests=(), aside=False):
    selection = Chosen(keep=lambda _: keep, probes=(probe,), digests=lambda: lambda _: digests)
    return Examiner(selection, Limits(max_wanted_file_bytes=1000), aside=aside)


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=8))
def test_a_file_in_pieces_is_examined_as_the_same_file_in_one(data, sizes):
    data = b"!a" + data
    one = examiner(Counting(), digests=("md5", "sha1"))
    plan = one.plan("x", len(data))
    view, pieces, at = memoryview(data), [], 0
    for size in [*sizes, len(data)]:
        pieces.append(view[at : at + size])
        at += size
    whole = one.whole(plan, view)
    assert one.pieces(plan, iter(pieces)) == whole
    assert whole.sha256 == hashlib.sha256(data).hexdigest()
    md5, sha1 = hashlib.md5(data).hexdigest(), hashlib.sha1(data).hexdigest()
    assert one.digests == {"md5": {whole.sha256: md5}, "sha1": {whole.sha256: sha1}}
    assert whole.data == data
    assert dict(whole.facts) == ({"counting": b"%d %s" % (len(data), data[-1:])} if len(data) > 2 else {})


@pytest.mark.parametrize("aside", [False, True])
def test_digests_are_the_same_at_once_and_in_a_thread(monkeypatch, aside):
    monkeypatch.setattr("pratique.artifact.digesting._IN_HAND", 100_000)
    files = [bytes([number]) * (number * 9000) for number in range(30)]
    with examiner(Counting(), digests=("md5", "sha1"), aside=aside) as one:
        for data in files:
            view = memoryview(data)
            one.whole(one.plan("x", len(data)), view)
            one.pieces(one.plan("x", len(data)), iter([view[:1000], view[1000:]]))
    assert one.digests["md5"] == {hashlib.sha256(data).hexdigest(): hashlib.md5(data).hexdigest() for data in files}
    assert one.digests["sha1"] == {hashlib.sha256(data).hexdigest(): hashlib.sha1(data).hexdigest() for data in files}


def test_a_probe_is_asked_only_about_what_it_is_interested_in():
    probe = Counting()
    one = examiner(probe)
    for path, data in [("a", b"nothing"), ("b.odd", b"nothing"), ("c", b"!abc"), ("d.ODD", b"x"), (".odd/e", b"x")]:
        one.whole(one.plan(path, len(data)), memoryview(data))
    assert probe.asked == ["b.odd", "c"]


def test_what_a_probe_cannot_read_is_said_and_costs_nothing_else():
    one = examiner(Counting())
    found = one.whole(one.plan("x", 4), memoryview(b"!bcd"))
    assert found.problems == ("counting: begins with b",)
    assert found.facts == ()
    assert found.data == b"!bcd"


def test_a_wanted_file_over_the_limit_is_planned_as_too_large():
    plan = examiner(Counting()).plan("x", 1001)
    assert (plan.keep, plan.too_large) == (False, True)


def test_a_large_file_is_spooled_to_disk_and_read_at_random(monkeypatch, tmp_path):
    monkeypatch.setattr(content_module, "IN_MEMORY", 10)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with spooled(iter([memoryview(b"0123456"), memoryview(b"789abc")]), 13) as content:
        assert content.read(5, 4) == b"5678"
        assert content.read(-1, 4) == content.read(13, 1) == b""
        assert content.file().read() == b"0123456789abc"
    assert list(tmp_path.iterdir()) == []
    with spooled(iter([]), 13) as content:
        assert len(content) == 0


def test_a_view_is_a_file_that_can_be_sought_in():
    with FileContent(memoryview(b"hello")).file() as file:
        assert file.seek(-3, 2) == 2
        assert file.read(2) == b"ll"
        assert file.seek(-9, 1) == 0


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"\x7fELF\x02", FileForm.ELF),
        (b"#!/bin/sh\n", FileForm.SCRIPT),
        (b"MZ\x90", FileForm.PE),
        (b"PK\x03\x04", FileForm.ARCHIVE),
        (b"\x1f\x8b\x08", FileForm.ARCHIVE),
        (b"\xca\xfe\xba\xbe\0\0\0\x34", FileForm.BYTECODE),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", FileForm.MACHO),
        (b"\0asm", FileForm.WASM),
        (b"", FileForm.DATA),
        (b"hello", FileForm.DATA),
    ],
)
def test_a_file_is_what_it_begins_like(head, form):
    assert form_of(head) is form
