"""The words of a licence text, as the SPDX matching guidelines compare them: without case, punctuation, quotes, comment marks
and white space (SPDX 2.3, Annex B). Pure.
"""

from string import ascii_letters, digits

_KEPT = frozenset((ascii_letters + digits).encode())
_TO_WORDS = bytes(byte if byte in _KEPT else ord(" ") for byte in range(256)).lower()
# Spellings that the guidelines call equal (B.11 to B.13)
EQUAL = {
    b"licence": b"license",
    b"licences": b"licenses",
    b"licenced": b"licensed",
    b"acknowledgement": b"acknowledgment",
    b"organisation": b"organization",
    b"favour": b"favor",
    b"fulfil": b"fulfill",
    b"whilst": b"while",
    b"https": b"http",
}


def split_words(data: bytes) -> list[bytes]:
    """Lower-case words as they are spelled, in order; letters beyond ASCII are passed over."""
    return data.translate(_TO_WORDS).split()


def words_of(data: bytes) -> list[str]:
    """The same with one spelling for those that are called equal."""
    return [EQUAL.get(word, word).decode("ascii") for word in split_words(data)]
