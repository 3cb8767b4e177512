"""Licence files that are known beforehand, against comparing them."""

import sysconfig
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pratique.cataloging.licences import texts
from pratique.cataloging.licences.known import KEY_BYTES, key_of, pack, unpack

KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
NAMES = st.lists(st.sampled_from(("MIT", "ISC", "BSD-3-Clause", "GPL-2.0-or-later")), max_size=3, unique=True).map(tuple)


@given(st.dictionaries(KEYS, NAMES), st.binary(min_size=32, max_size=32))
def test_what_was_packed_is_unpacked(answers, digest):
    assert unpack(pack(answers, digest), digest) == answers


def test_answers_of_other_texts_are_no_answers():
    assert unpack(pack({bytes(KEY_BYTES): ("MIT",)}, bytes(32)), b"\1" * 32) == {}


def test_the_answers_that_are_shipped_belong_to_the_texts_that_are_shipped():
    assert len(texts._known()) > 500


def test_the_licences_that_are_installed_here_are_known_as_comparing_says_they_are():
    known = texts._known()
    checked = 0
    for path in sorted(Path(sysconfig.get_path("purelib")).rglob("LICEN[SC]E*"))[:200]:
        if path.is_file():
            words = texts.words_to_compare(path.read_bytes())
            answer = known.get(key_of(words))
            if answer is not None:
                assert answer == texts.compare(words), path
                checked += 1
    assert checked > 20
