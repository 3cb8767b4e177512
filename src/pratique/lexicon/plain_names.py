"""Names and versions of strangers without what does not show: one spelling for what a reader takes for the same. Pure."""

import unicodedata
from functools import lru_cache

from pratique.lexicon.lazy_regex import lazy

_UNSEEN = lazy("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")
"""What shows nothing and is no control or format character (Unicode, Default_Ignorable_Code_Point; the empty Braille cell)."""


@lru_cache(maxsize=4096)
def plain_name(text: str) -> str:
    """`text` in compatibility form (Unicode, NFKC), without control, format and other characters that do not show."""
    if text.isascii() and text.isprintable():
        return text
    # Twice: what is composed may hide behind what does not show.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
        text = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return text
