"""The words of a licence text, as the SPDX matching guidelines compare them: without case, punctuation, quotes, comment marks
and white space (SPDX 2.3, Annex B). Pure.
"""

from pratique.lexicon.lazy_regex import lazy

WORD = lazy(rb"[a-z0-9]+")
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


def words_of(data: bytes) -> list[str]:
    """Lower-case words, in order; letters beyond ASCII are passed over."""
    return [EQUAL.get(word, word).decode("ascii") for word in WORD.findall(data.lower())]
