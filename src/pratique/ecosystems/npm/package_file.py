"""The archive of an npm package (npm, «npm pack»): `package/package.json`, moved to where npm unpacks it. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.package_file import PackageFile, one_line
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import table_or_empty, text_or_empty

FOLDER = "package/"
MANIFEST = f"{FOLDER}package.json"
_NAME = lazy(r"(?:@[A-Za-z0-9._~-]{1,214}/)?[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,213}")


def read_npm(contents: Mapping[str, bytes], paths: Iterable[str]) -> PackageFile | None:
    """`contents`: what was kept of it. `paths`: all that it holds. None for what is no npm package.

    npm packs into `package`, and unpacks whatever single folder there is.
    """
    folder = FOLDER if MANIFEST in contents else f"{_single(paths)}/"
    manifest = f"{folder}package.json"
    if manifest not in contents:
        return None
    try:
        document = read_json_object(contents[manifest])
    except Malformed:
        return None  # whoever reads it as a file tells what is wrong
    name = document.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    if folder != FOLDER and (not text_or_empty(document.get("version")) or document.get("private") is True):
        return None
    place = f"node_modules/{name}/"
    asked = table_or_empty(document.get("dependencies"))
    needs = tuple(one_line(f"{other}@{text_or_empty(version)}") for other, version in asked.items())
    return PackageFile(kind="npm package", identity=f"{place}package.json", origin=manifest, moved=(folder, place), needs=needs)


def _single(paths: Iterable[str]) -> str:
    """The one folder that all lies in; "" where there are several."""
    folders = {path.partition("/")[0] for path in paths}
    return folders.pop() if len(folders) == 1 else ""
