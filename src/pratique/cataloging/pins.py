"""Whether a requirement names one version, where it may as well be a word: a name that a program computes, a branch. Pure."""

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.text import clean

_NUMBERED = lazy(r"v?\d(?:[\w.+~!-]*\w)?")


def single_version(text: str) -> str:
    """The version, where `text` is nothing but one that begins with a number, else "": `1.2.3`, `v2`, `1.0-rc.1`.

    Not a range (`split_requirement` says what is one), nor `ref:main`, `Versions.akka`, `1.+`.
    """
    version, _ = split_requirement(clean(text, 200))
    return version if _NUMBERED.fullmatch(version) else ""
