"""The archive of an extension of VS Code, `.vsix`: `extension/`, moved to where an editor unpacks it (VS Code, "Publishing
Extensions"). Pure.

Beside it stands a manifest in XML that says for which platform the archive was made.
"""

from collections.abc import Collection, Mapping

from pratique.cataloging.package_file import PackageFile
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml, read_json_object
from pratique.lexicon.values import list_or_empty, text_or_empty

FOLDER = "extension/"
MANIFEST = "extension.vsixmanifest"
_DESCRIPTION = f"{FOLDER}package.json"
_WORD = lazy(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,200}")


def read_vsix(contents: Mapping[str, bytes], paths: Collection[str]) -> PackageFile | None:
    """`contents`: what was kept of it. `paths`: all that it holds. None for what is no extension."""
    if MANIFEST not in paths or _DESCRIPTION not in contents:
        return None
    try:
        document = read_json_object(contents[_DESCRIPTION])
    except Malformed:
        return None  # whoever reads it as a file tells what is wrong
    publisher, name, version = (text_or_empty(document.get(key)) for key in ("publisher", "name", "version"))
    if not all(_WORD.fullmatch(word) for word in (publisher, name, version)):
        return None
    platform = _platform(contents.get(MANIFEST, b""))
    place = f".vscode/extensions/{publisher}.{name}-{version}{f'-{platform}' if platform else ''}/"
    needs = tuple(filter(None, map(text_or_empty, list_or_empty(document.get("extensionDependencies")))))
    identity = f"{place}package.json"
    return PackageFile(kind="extension of VS Code", identity=identity, origin=_DESCRIPTION, moved=(FOLDER, place), needs=needs)


def _platform(manifest: bytes) -> str:
    """ "" for one that is for all, or where the manifest cannot be read."""
    try:
        found = next((one for one in load_xml(manifest).iter() if one.tag.rpartition("}")[2] == "Identity"), None)
    except Malformed:
        return ""
    platform = found.get("TargetPlatform", "") if found is not None else ""
    return platform if _WORD.fullmatch(platform) else ""
