"""Patterns over names: anchored at both ends, `*` for any run of characters, case as written. Pure.

Each part between stars is looked for once, from the left: no pattern makes a text of strangers expensive.
"""


def glob(pattern: str, text: str) -> bool:
    """Whether the whole text is meant."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    last = rest.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in rest:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def glob_path(pattern: str, path: str) -> bool:
    """The same of names with slashes: a star stands for no slash."""
    parts, steps = pattern.split("/"), path.split("/")
    return len(parts) == len(steps) and all(map(glob, parts, steps))
