"""Extensions of VS Code, of what descends from it, and of Chromium: `package.json` and `manifest.json` in their folders of
extensions.

An editor's extension is named by publisher and name (VS Code, "Extension Manifest"), a browser's by the 32 letters of its key
(Chrome Extensions, "Manifest file format"); a title may be a place-holder, `__MSG_name__`, that a file of translations fills.
"""

from collections.abc import Iterator

from pratique.cataloging.editor_extensions import editor_extension
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_BROWSER = lazy(r"(?:.*/)?Extensions/([a-p]{32})/([^/]+)/manifest\.json")
_PLATFORM = lazy(r".*-((?:linux|darwin|win32|alpine|web)(?:-\w+)?)")


def _read_editor(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    publisher, name = text_or_empty(document.get("publisher")), text_or_empty(document.get("name"))
    if "vscode" not in table_or_empty(document.get("engines")):
        raise Malformed("the description of an extension that names no editor")
    target = _PLATFORM.fullmatch(editor_extension(file.path))
    licence = normalise(text_or_empty(document.get("license")))
    # One without a publisher is built into the editor: the marketplace has none of that name.
    component = file.package(
        "vscode-extension" if publisher else "generic",
        name,
        text_or_empty(document.get("version")),
        namespace=publisher,
        qualifiers={"platform": target[1] if target and publisher else ""},
        shown=f"{publisher}.{name}".lstrip("."),
        licences=(licence,) if licence and not licence.startswith("LicenseRef-SEE-LICENSE") else (),
        description=clean(document.get("description")),
        kind=ComponentKind.APPLICATION,
    )
    if component is not None:
        needs = [text_or_empty(one).lower() for one in list_or_empty(document.get("extensionDependencies"))]
        yield Found(component, (component.name.lower(),), needs, folders=(file.folder,))


def _read_browser(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    place = _BROWSER.fullmatch(file.path)
    title = clean(document.get("name"), 200)
    component = file.package(
        "chrome-extension",
        place[1] if place else "",
        text_or_empty(document.get("version")),
        shown="" if title.startswith("__MSG_") else title,
        description=clean(document.get("description")),
        kind=ComponentKind.APPLICATION,
    )
    if component is not None:
        yield Found(component, folders=(file.folder,))


EXTENSIONS = FileCataloger(
    "extensions",
    1,
    ListSource(
        read=_read_editor,
        presence=Presence.INSTALLED,
        names=("package.json",),
        accepts=lambda path: bool(editor_extension(path)),
        scope=lambda _path: "",
    ),
    ListSource(
        read=_read_browser,
        presence=Presence.INSTALLED,
        names=("manifest.json",),
        accepts=lambda path: _BROWSER.fullmatch(path) is not None,
    ),
)
