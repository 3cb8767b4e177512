"""A conda package, `.conda` or `.tar.bz2` (CEP 26, «info/» folder), as conda notes it when it links it. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from pratique.cataloging.package_file import PackageFile, one_line
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import list_or_empty, text_or_empty

INDEX, PATHS, FILES = "info/index.json", "info/paths.json", "info/files"
_PLACE = "conda-meta/conda-package.json"


def read_conda(contents: Mapping[str, bytes], ending: str) -> PackageFile | None:
    """`contents`: of its `info` folder. `ending`: `.conda` or `.tar.bz2`. None for what is no conda package. Raises Malformed."""
    if INDEX not in contents:
        return None
    note: dict[str, Any] = read_json_object(contents[INDEX])
    if not isinstance(note.get("name"), str) or "version" not in note:
        return None
    note["fn"] = f"package{ending}"
    if PATHS in contents:
        try:
            note["paths_data"] = read_json_object(contents[PATHS])
        except Malformed:
            note.pop("paths_data", None)
    if FILES in contents:
        note["files"] = contents[FILES].decode("utf-8", "replace").splitlines()
    needs = tuple(one_line(text_or_empty(one)) for one in list_or_empty(note.get("depends")))
    laid = {_PLACE: json.dumps(note).encode("utf-8", "replace")}
    return PackageFile(kind="conda package", identity=_PLACE, origin=INDEX, contents=laid, needs=needs)
