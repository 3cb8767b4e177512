"""The archive of an npm package (npm, «npm pack»): `package/package.json`, moved to where npm unpacks it. Pure."""

from collections.abc import Mapping

from pratique.errors import Malformed
from pratique.inventory.common.package_file import PackageFile, one_line
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import table_or_empty, text_or_empty

FOLDER = "package/"
MANIFEST = f"{FOLDER}package.json"
_NAME = lazy(r"(?:@[A-Za-z0-9._~-]{1,214}/)?[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,213}")


def read_npm(contents: Mapping[str, bytes]) -> PackageFile | None:
    """`contents`: of the files in its folder. None for what is no npm package."""
    if MANIFEST not in contents:
        return None
    try:
        document = read_json_object(contents[MANIFEST])
    except Malformed:
        return None  # whoever reads it as a file tells what is wrong
    name = document.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return None
    place = f"node_modules/{name}/"
    asked = table_or_empty(document.get("dependencies"))
    needs = tuple(one_line(f"{other}@{text_or_empty(version)}") for other, version in asked.items())
    return PackageFile(kind="npm package", identity=f"{place}package.json", origin=MANIFEST, moved=(FOLDER, place), needs=needs)
