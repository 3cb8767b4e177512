"""Licences by their texts, after the SPDX matching guidelines (SPDX 2.3, Annex B): which of the listed texts stand in a file.

`data/licence_texts.bin`, made by `tools/make-licence-texts` out of SPDX's own templates, zlib: the vocabulary, a word a line; an
empty line; a line `ID KIND REQUIRED WHOLE` for each text with the lengths of its two rows; an empty line; all rows as 16-bit
little-endian word numbers. 0 is a place where the text may vary.

Four words in a row are one 64-bit number, read where they stand in memory: comparing texts is comparing sets of integers. A text
is found when nine tenths of what must stand in it does; where several are, the one that explains most is taken, what it explains
is set aside, and the rest is looked at again. A file may thus hold several licences. Found is what is written there: whether it
is the licence of anything, and of what, a text does not say. The text of a GNU licence does not say "or later": it is `-only`.
"""

import hashlib
import sys
import zlib
from array import array
from collections import Counter
from dataclasses import dataclass
from functools import cache
from heapq import heapify, heappop, heappush
from importlib.resources import files
from itertools import chain

from pratique.cataloging.licences.known import key_of, unpack
from pratique.cataloging.licences.words import EQUAL, split_words
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise

MAX_BYTES = 256 << 10
_NEEDED = 0.9
_NEEDED_SHORT = 0.97  # of texts under 40 grams, where one word decides
_SHORT = 40
_LEAST = 6  # grams; a shorter text would be found everywhere
_SAMPLES = 24
_OF_ITS_OWN = 0.6  # of a text must stand outside of the texts that were found before: licences borrow from each other
_MISSING_COSTS = 3  # a word that must stand there and does not, against one that does
_MAX_FOUND = 20
_UNKNOWN_WORD = 0xFFFF
_LANES = 0x0001_0001_0001_0001
_HIGH = 0x8000_8000_8000_8000
_KNOWN = 20_000
# SPDX 2.3, Annex B: copyright notices are not matched. Only lines that hold nothing else are sure to be one.
_COPYRIGHT = b"copyright"
_NOTICE = lazy(rb"[^a-z0-9\n]*+copyright[ \t]++(?:\(c\)|\xc2\xa9|[0-9]{4})[^\n]*+")


@dataclass(frozen=True, slots=True)
class _Text:
    """One listed text. `name`: its SPDX identifier. `notice`: what one writes to apply the licence, not the licence."""

    name: str
    notice: bool
    required: bytes
    whole: bytes

    def grams(self) -> tuple[frozenset[int], frozenset[int]]:
        """Of what must stand there, and of the text as it is listed, with all that may."""
        return _grams(self.required), _grams(self.whole)


class _Numbers(dict[bytes, int]):
    def __missing__(self, word: bytes) -> int:
        return _UNKNOWN_WORD


class _Library:
    """All listed texts; the grams of each are made when it is first looked at."""

    def __init__(self, data: bytes) -> None:
        words, _, rest = zlib.decompress(data).partition(b"\n\n")
        table, _, stream = rest.partition(b"\n\n")
        if sys.byteorder == "big":
            numbers = array("H", stream)
            numbers.byteswap()
            stream = numbers.tobytes()
        self._numbers = _Numbers({word: index + 1 for index, word in enumerate(words.split(b"\n"))})
        self._numbers.update({word: self._numbers[equal] for word, equal in EQUAL.items() if equal in self._numbers})
        self.texts: list[_Text] = []
        self._index: dict[int, list[int]] = {}
        self._samples: list[frozenset[int]] = []
        self._kept: dict[int, tuple[frozenset[int], frozenset[int]]] = {}
        at = 0
        for line in table.decode("ascii").split("\n"):
            name, kind, required, whole = line.split(" ")
            middle, end = at + 2 * int(required), at + 2 * (int(required) + int(whole))
            self.texts.append(_Text(name, kind == "notice", stream[at:middle], stream[middle:end]))
            self._sample(len(self.texts) - 1, stream[at:middle])
            at = end

    def _sample(self, row: int, required: bytes) -> None:
        """Every so many grams of those that begin at a multiple of four words, which can be read in one stride."""
        strides = memoryview(required)[: len(required) // 8 * 8].cast("Q")
        picked = strides[:: max(1, -(-len(strides) // _SAMPLES))].tolist()
        grams = frozenset([gram for gram in picked if not (gram - _LANES) & ~gram & _HIGH])  # `_whole`, without a call
        for gram in grams:
            self._index.setdefault(gram, []).append(row)
        self._samples.append(grams)

    def read(self, words: bytes) -> set[int]:
        """The grams of a file, whose words are parted by spaces."""
        numbers = array("H", map(self._numbers.__getitem__, words.split(b" ")))
        return set(_all_grams(numbers.tobytes()))

    def candidates(self, grams: set[int]) -> list[int]:
        """Texts of which two thirds of the samples are there."""
        hits = Counter(chain.from_iterable(map(self._index.__getitem__, grams & self._index.keys())))
        return [row for row, count in hits.items() if 3 * count >= 2 * len(self._samples[row])]

    def hardly_in(self, row: int, left: set[int]) -> bool:
        """Whether the samples of a text say that little of it is left: a look that spares making all its grams."""
        samples = self._samples[row]
        return 5 * len(samples & left) < 2 * len(samples)

    def grams_of(self, row: int) -> tuple[frozenset[int], frozenset[int]]:
        """See `_Text.grams`."""
        if row not in self._kept:
            self._kept[row] = self.texts[row].grams()
        return self._kept[row]


def find_licences(data: bytes) -> tuple[str, ...]:
    """SPDX identifiers of the licences whose texts or notices stand in `data` (its first MAX_BYTES), sorted. Never raises.

    Most licence files of a system are the same few texts under other names of authors: each is looked up once, and those that
    are met everywhere are known beforehand.
    """
    words = words_to_compare(data)
    known, key = _known(), key_of(words)
    if key not in known:
        if len(known) >= _KNOWN:
            known.clear()
        known[key] = compare(words)
    return known[key]


def words_to_compare(data: bytes) -> bytes:
    """The words of a file in their order, a space between, without notices of copyright (SPDX 2.3, Annex B)."""
    return b" ".join(split_words(_without_notices(data[:MAX_BYTES].lower())))


def _without_notices(text: bytes) -> bytes:
    """Only the lines with the word are looked at: few of a licence have it."""
    kept: list[bytes] = []
    done = 0
    at = text.find(_COPYRIGHT)
    while at >= 0:
        begin = text.rfind(b"\n", done, at) + 1 or done
        end = text.find(b"\n", at)
        if end < 0:
            end = len(text)
        if _NOTICE.fullmatch(text, begin, end):
            kept.append(text[done:begin])
            done = end
        at = text.find(_COPYRIGHT, end)
    kept.append(text[done:])
    return b"".join(kept)


def compare(words: bytes) -> tuple[str, ...]:
    """What stands in a file of these words, by comparing it with all texts: see the module."""
    library = _library()
    grams = library.read(words)
    found: list[_Text] = []
    # The best first; of equal texts the one with the shorter name.
    left = set(grams)
    # No text can explain more than its length, which is known before its grams are made.
    waiting = [(-(len(library.texts[row].whole) // 2), row) for row in library.candidates(grams)]
    heapify(waiting)
    while waiting and len(found) < _MAX_FOUND:
        stated, row = heappop(waiting)
        if library.hardly_in(row, left):
            continue
        score = _score(library, row, grams, left)
        if score != -stated:  # it can only have become less
            if score:
                heappush(waiting, (-score, row))
            continue
        found.append(library.texts[row])
        for explained in library.grams_of(row):
            left -= explained
    return _named(found)


def _score(library: _Library, row: int, grams: set[int], left: set[int]) -> int:
    """How much of what is left of the file a text explains; 0 when it is not there, or hardly differs from what was found."""
    required, whole = library.grams_of(row)
    there = len(required & grams)
    needed = _NEEDED if len(required) >= _SHORT else _NEEDED_SHORT
    if len(required) < _LEAST or there < needed * len(required):
        return 0
    if len(required & left) < _OF_ITS_OWN * len(required):
        return 0
    return max(0, len(whole & left) - _MISSING_COSTS * (len(required) - there))


def _named(found: list[_Text]) -> tuple[str, ...]:
    """A notice that names its version ("or later") says more than the text it stands beside."""
    notices = {normalise(text.name) for text in found if text.notice}
    families = {name.removesuffix("-only").removesuffix("-or-later") for name in notices}
    texts = {normalise(text.name) for text in found if not text.notice}
    return tuple(sorted(notices | {name for name in texts if name.removesuffix("-only") not in families or name in notices}))


def _whole(gram: int) -> bool:
    """Whether no lane is 0."""
    return not (gram - _LANES) & ~gram & _HIGH


def _all_grams(data: bytes) -> list[int]:
    """Every four numbers in a row as one, in no particular order: the bytes are read at each of the four offsets."""
    grams: list[int] = []
    view = memoryview(data)
    for offset in (0, 2, 4, 6):
        length = (len(data) - offset) // 8 * 8
        if length > 0:
            grams += view[offset : offset + length].cast("Q").tolist()
    return grams


def _grams(data: bytes) -> frozenset[int]:
    return frozenset(gram for gram in _all_grams(data) if _whole(gram))


@cache
def _known() -> dict[bytes, tuple[str, ...]]:
    return unpack(_data("known_texts.bin"), texts_digest())


def texts_digest() -> bytes:
    """SHA-256 of the texts that are compared with: 32 bytes."""
    return hashlib.sha256(_data("licence_texts.bin")).digest()


@cache
def _library() -> _Library:
    """Loaded when the first licence file is met that is not known."""
    return _Library(_data("licence_texts.bin"))


def _data(name: str) -> bytes:
    return files("pratique.cataloging.licences").joinpath("data", name).read_bytes()
