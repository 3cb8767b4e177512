"""Who needs whom, where pub wrote it down: in `.dart_tool/package_graph.json`, or in the `pubspec.yaml` of each package, which
lies in the folder that `.dart_tool/package_config.json` gives for it (Dart, "Package Configuration File v2"). Pure.

pubspec.lock itself tells no edges.
"""

from collections.abc import Mapping
from posixpath import normpath
from typing import Any, NamedTuple
from urllib.parse import unquote

from pratique.cataloging.package_lists import File
from pratique.errors import Malformed
from pratique.lexicon.parse import load_yaml, read_json_object
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

GRAPH, CONFIG = "package_graph.json", "package_config.json"
_FOLDER = ".dart_tool"


class Resolution(NamedTuple):
    """`needs`: package → what it needs; of a package that is not in it nothing is known. `run`, `develop`: what the project and
    the members of its workspace ask for; None where nothing tells."""

    needs: Mapping[str, list[str]]
    run: list[str] | None = None
    develop: list[str] | None = None


def resolution_of(file: File) -> Resolution:
    """Of the lock file."""
    folder = f"{file.folder}/{_FOLDER}".lstrip("/")
    for name in (GRAPH, CONFIG):
        data = file.out.tree.contents.get(f"{folder}/{name}")
        if data is None:
            continue
        try:
            document = read_json_object(data)
        except Malformed as error:
            file.out.unread(f"{folder}/{name}", error.message)
            continue
        return _of_graph(document) if name == GRAPH else _of_config(file, folder, document)
    return Resolution({})


def lock_above(file: File, document: Mapping[str, Any]) -> str | None:
    """The folder of the lock file that a pubspec's packages are locked in: beside it, or, of a member of a workspace, above it;
    None where there is none."""
    folder = file.folder
    entries = file.out.tree.entries
    while f"{folder}/pubspec.lock".lstrip("/") not in entries:
        if not folder or text_or_empty(document.get("resolution")) != "workspace" or not file.out.step(file.path):
            return None
        folder = folder.rpartition("/")[0]
    return folder


def asked_by(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What a pubspec asks for: to run, and for development."""
    return list(table_or_empty(document.get("dependencies"))), list(table_or_empty(document.get("dev_dependencies")))


def _of_graph(document: Mapping[str, Any]) -> Resolution:
    roots = {text_or_empty(name) for name in list_or_empty(document.get("roots"))}
    needs: dict[str, list[str]] = {}
    run: list[str] = []
    develop: list[str] = []
    for entry in map(table_or_empty, list_or_empty(document.get("packages"))):
        name = text_or_empty(entry.get("name"))
        needs[name] = [text_or_empty(need) for need in list_or_empty(entry.get("dependencies"))]
        if name in roots:
            run += needs[name]
            develop += [text_or_empty(need) for need in list_or_empty(entry.get("devDependencies"))]
    return Resolution(needs, run, develop)


def _of_config(file: File, folder: str, document: Mapping[str, Any]) -> Resolution:
    needs: dict[str, list[str]] = {}
    contents = file.out.tree.contents
    for entry in map(table_or_empty, list_or_empty(document.get("packages"))):
        place = unquote(text_or_empty(entry.get("rootUri"))[:1000])
        # A package cache lies at an absolute place, which is one in the artifact if that is a whole system.
        root = place.removeprefix("file://").lstrip("/") if place.startswith("file:") else f"{folder}/{place}"
        data = contents.get(f"{normpath(root)}/pubspec.yaml".removeprefix("./"))
        if data is None or not file.out.step(file.path):
            continue
        try:
            needs[text_or_empty(entry.get("name"))], _ = asked_by(table_or_empty(load_yaml(data)))
        except Malformed:
            continue  # which is told where the file is read by itself
    return Resolution(needs)
