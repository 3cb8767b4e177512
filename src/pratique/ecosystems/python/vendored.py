"""What Python distributions carry inside their own packages: `pip/_vendor/vendor.txt` and lists like it. Pure.

The lists are requirements with one exact version each, in the form that the tool "vendoring" reads. Where nothing lies beside the
list, a distribution of an operating system took the copies out: then there are none.
"""

from collections.abc import Collection, Iterable

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

_FOLDERS = frozenset({"_vendor", "vendor", "_vendored", "vendored", "patched", "_patched", "extern", "_extern"})
_PINNED = lazy(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*+(?:\[[^\]]*\])?\s*+(?:===?\s*+([^\s;#,]+))?(?=[\s;#,<>~!]|\Z)")

VENDOR_LISTS = frozenset({"vendor.txt", "vendored.txt", "patched.txt"})
_SHELL = frozenset({*VENDOR_LISTS, "__init__.py"})


def is_vendor_list(path: str) -> bool:
    """Whether a file is a list of copies beside which these lie."""
    *_, folder, name = ["", *path.split("/")]
    return name in VENDOR_LISTS and folder in _FOLDERS


def read_vendor_list(text: str) -> list[tuple[str, str]]:
    """(name, version) in their order; the version is "" where the list names no single one."""
    found: dict[tuple[str, str], None] = {}
    for line in text.split("\n"):
        match = _PINNED.match(line.strip())
        if match:
            version = clean(match[2] or "", 200)
            found[clean(match[1], 200), "" if "*" in version else version] = None
    return list(found)


def folders_with_copies(folders: Collection[str], paths: Iterable[str]) -> set[str]:
    """Of the folders of such lists, those in which anything but the list and an empty shell lies. `paths`: of all files."""
    found: set[str] = set()
    seen: set[str] = set()
    for path in paths if folders else ():
        folder, _, name = path.rpartition("/")
        if folder in seen or folder.endswith("/__pycache__") or (folder in folders and name in _SHELL):
            continue
        while folder and folder not in seen:
            seen.add(folder)
            if folder in folders:
                found.add(folder)
            folder = folder.rpartition("/")[0]
    return found
