"""Packages in a conda environment: `conda-meta/NAME-VERSION-BUILD.json`, which conda writes when it links a package.

The purl carries build, channel, platform and archive type, as purl-spec has it. The file list comes with SHA-256 digests.
"""

from collections.abc import Iterator
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_PLACE = "conda-meta/"
_ARCHIVES = (".tar.bz2", ".conda")


def _read(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    name, licence = text_or_empty(document.get("name")), normalise(text_or_empty(document.get("license")))
    archive = text_or_empty(document.get("fn"))
    qualifiers = {
        "build": text_or_empty(document.get("build")) or text_or_empty(document.get("build_string")),
        "channel": _channel(text_or_empty(document.get("channel")), text_or_empty(document.get("subdir"))),
        "subdir": text_or_empty(document.get("subdir")),
        "type": next((ending[1:] for ending in _ARCHIVES if archive.endswith(ending)), ""),
    }
    component = file.package(
        "conda",
        name,
        text_or_empty(document.get("version")),
        qualifiers=qualifiers,
        licences=(licence,) if licence else (),
        hashes=read_hex("sha256", text_or_empty(document.get("sha256"))) | read_hex("md5", text_or_empty(document.get("md5"))),
        facts={"resolved": clean_url(document.get("url"))},
    )
    if component is None:
        return
    listed = (text_or_empty(one).partition(" ")[0].lower() for one in list_or_empty(document.get("depends")))
    needs = [name for name in listed if not name.startswith("__")]  # those are asked of the machine
    yield Found(component, (name.lower(),), needs, _claims(file, document))


def _channel(channel: str, subdir: str) -> str:
    """`https://conda.example/conda-forge/linux-64` → `conda-forge`; `defaults` stays."""
    steps = [step for step in clean_url(channel).partition("://")[2].split("/") if step] if "://" in channel else [channel]
    if len(steps) > 1 and steps[-1] == subdir:
        steps.pop()
    if len(steps) > 2 and steps[1] == "pkgs":
        return "/".join(steps[1:])
    return steps[-1] if steps else ""


def _claims(file: File, document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The files of the package, relative to the environment; a digest only of those whose prefix was not replaced."""
    base = file.path[: file.path.rfind(_PLACE)]
    yield file.path, "", ""
    listed = list_or_empty(table_or_empty(document.get("paths_data")).get("paths"))
    for entry in map(table_or_empty, listed):
        path = text_or_empty(entry.get("_path"))
        # What conda wrote in place of the prefix changed the bytes: sha256_in_prefix is of the file as it is now.
        digest = read_hex("sha256", text_or_empty(entry.get("sha256_in_prefix")))
        if not digest and not entry.get("prefix_placeholder") and entry.get("path_type") == "hardlink":
            digest = read_hex("sha256", text_or_empty(entry.get("sha256")))
        if path and ".." not in path.split("/"):
            yield base + path, "sha256" if digest else "", digest.get("sha256", "")
    if not listed:
        for path in map(text_or_empty, list_or_empty(document.get("files"))):
            if path and ".." not in path.split("/"):
                yield base + path, "", ""


CONDA = FileCataloger(
    "conda",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".json",),
        accepts=lambda path: folder_of(path).endswith("conda-meta"),
        scope=folder_of,
    ),
)
