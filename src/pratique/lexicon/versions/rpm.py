"""Versions of RPM packages: `[epoch:]version[-release]` (rpm-version(7); `rpmvercmp` for each part). Pure.

Any text is a version: what is neither letter, digit, tilde nor caret only parts the rest. Refuses an empty one.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import number

_EPOCH = re.compile(r"([0-9]+):")
_TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_TILDE, _END, _CARET, _LETTERS, _DIGITS = range(5)


def rpm_key(version: str) -> tuple[Any, ...]:
    """Epoch, version, release; an absent epoch is zero. Raises Malformed."""
    if not version:
        raise Malformed("an empty version")
    epoch = _EPOCH.match(version)
    rest = version[epoch.end() :] if epoch else version
    head, _, release = rest.rpartition("-") if "-" in rest else (rest, "", "")
    # An empty release is still one: it comes after none.
    return (number(epoch[1] if epoch else ""), _tokens(head), "-" in rest, _tokens(release))


def _tokens(text: str) -> tuple[Any, ...]:
    return (*(_token(one) for one in _TOKEN.findall(text)), (_END, 0, ""))


def _token(text: str) -> tuple[int, int, str]:
    if text in "~^":
        return (_TILDE if text == "~" else _CARET, 0, "")
    return (_DIGITS, *number(text)) if text[0].isdigit() else (_LETTERS, 0, text)
