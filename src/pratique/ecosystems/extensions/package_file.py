"""Archives of extensions, with what is in them moved to where they are unpacked: `.vsix` of VS Code ("Publishing Extensions"),
`.crx` of Chromium (`components/crx_file/crx3.proto`). Pure.

A `.vsix` has `extension/`, and beside it a manifest in XML that says for which platform it was made. A `.crx` is a zip behind a
header, which has the extension's id, or the key that it is the digest of. Signatures are not checked: the id names, and proves
nothing.
"""

import hashlib
from collections.abc import Collection, Mapping

from pratique.cataloging.package_file import PackageFile
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml, read_json_object
from pratique.lexicon.values import list_or_empty, text_or_empty

FOLDER = "extension/"
MANIFEST = "extension.vsixmanifest"
DESCRIPTION = f"{FOLDER}package.json"
SIGNED = b"Cr24"
_BROWSERS = "manifest.json"
HEADER_BYTES = 64 << 10
"""Of the header of a `.crx`, as far as it is read: keys and signatures of a few proofs."""
_SIGNED_DATA, _ID = 10_000, 1  # fields of the header's message
_LENGTH = 2  # the wire type of what has its length before it
_WORD = lazy(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,200}")


def read_vsix(contents: Mapping[str, bytes], paths: Collection[str]) -> PackageFile | None:
    """`contents`: what was kept of it. `paths`: all that it holds. None for what is no extension. Raises Malformed for
    one that does not say which, or not in words that can be of a folder."""
    if MANIFEST not in paths or DESCRIPTION not in contents:
        return None
    try:
        document = read_json_object(contents[DESCRIPTION])
    except Malformed:
        return None  # whoever reads it as a file tells what is wrong
    publisher, name, version = (text_or_empty(document.get(key)) for key in ("publisher", "name", "version"))
    if not all(_WORD.fullmatch(word) for word in (publisher, name, version)):
        raise Malformed("an extension of VS Code without a publisher, a name and a version that are each a word")
    platform = _platform(contents.get(MANIFEST, b""))
    place = f".vscode/extensions/{publisher}.{name}-{version}{f'-{platform}' if platform else ''}/"
    needs = tuple(filter(None, map(text_or_empty, list_or_empty(document.get("extensionDependencies")))))
    identity = f"{place}package.json"
    return PackageFile(kind="extension of VS Code", identity=identity, origin=DESCRIPTION, moved=(FOLDER, place), needs=needs)


def _platform(manifest: bytes) -> str:
    """ "" for one that is for all, or where the manifest cannot be read."""
    try:
        found = next((one for one in load_xml(manifest).iter() if one.tag.rpartition("}")[2] == "Identity"), None)
    except Malformed:
        return ""
    platform = found.get("TargetPlatform", "") if found is not None else ""
    return platform if _WORD.fullmatch(platform) else ""


def read_crx(header: bytes, contents: Mapping[str, bytes]) -> PackageFile | None:
    """`header`: the first `HEADER_BYTES` of the file. None for what is no extension of a browser, or does not say which."""
    if not header.startswith(SIGNED) or _BROWSERS not in contents:
        return None
    version, first, second = (int.from_bytes(header[at : at + 4], "little") for at in (4, 8, 12))
    if not header.startswith(b"PK\3\4", 16 + first + second if version == 2 else 12 + first):
        return None
    if version == 2:  # the key's length, the signature's, the key
        key = header[16 : 16 + first]
        number = hashlib.sha256(key).digest()[:16] if key else b""
    else:
        number = _field(_field(header[12 : 12 + first], _SIGNED_DATA), _ID) if version == 3 else b""
    if len(number) != 16:
        return None
    name = "".join(chr(ord("a") + int(digit, 16)) for digit in number.hex())
    place = f"Extensions/{name}/archive/"
    return PackageFile(kind="extension of Chromium", identity=f"{place}{_BROWSERS}", origin=_BROWSERS, moved=("", place))


def _field(message: bytes, wanted: int) -> bytes:
    """The first field of that number in a message of protocol buffers, if it is bytes; else none. What is torn has none."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 != _LENGTH:
            return b""  # the header has no fields of another kind
        size, at = _varint(message, at)
        if tag >> 3 == wanted:
            return message[at : at + size]
        at += size
    return b""


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    for byte in message[at : at + 5]:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at
    return 0, len(message)
