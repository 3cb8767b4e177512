"""A `.crate` (The Cargo Book, «Publishing»): `NAME-VERSION/Cargo.toml`, of which what is said of the crate itself is laid apart.

A lock file in it covers the manifest, and tells of the crate's own tests; the crate is one all the same. Pure.
"""

import json
from collections.abc import Iterable, Mapping

from pratique.cataloging.package_file import PackageFile
from pratique.errors import Malformed
from pratique.lexicon.parse import load_toml
from pratique.lexicon.values import table_or_empty, text_or_empty

_MANIFEST = "/Cargo.toml"
_PLACE = "package/Cargo.toml"
_FIELDS = ("name", "version", "license", "description", "homepage", "repository")


def read_crate(contents: Mapping[str, bytes], paths: Iterable[str]) -> PackageFile | None:
    """`contents`: what was kept of it. `paths`: all that it holds. None for what is no crate."""
    folders = {path.partition("/")[0] for path in paths}
    if len(folders) != 1:
        return None
    (folder,) = folders
    path = f"{folder}{_MANIFEST}"
    try:
        package = table_or_empty(load_toml(contents[path]).get("package")) if path in contents else {}
    except Malformed:
        return None  # whoever reads it as a file tells what is wrong
    if f"{text_or_empty(package.get('name'))}-{text_or_empty(package.get('version'))}" != folder:
        return None
    # A string of JSON is one of TOML, too.
    lines = [f"{field} = {json.dumps(text)}" for field in _FIELDS if (text := text_or_empty(package.get(field)))]
    own = "\n".join(["[package]", *lines, ""]).encode("utf-8", "replace")
    return PackageFile(kind="Rust crate", identity=_PLACE, origin=path, contents={_PLACE: own})
