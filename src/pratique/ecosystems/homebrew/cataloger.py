"""Homebrew: kegs of the Cellar, each with its `INSTALL_RECEIPT.json`, and casks (Homebrew documentation, "Formula Cookbook").

A keg lies at `Cellar/NAME/VERSION[_REVISION]`; the receipt tells its tap and what it was linked with. Where it was removed, the
copy of the formula, `.brew/NAME.rb`, is still there: a program, of which no more than its place is read. Casks have a receipt at
`Caskroom/NAME/.metadata` since Homebrew 4.3.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import clean_url, list_or_empty, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_KEG = lazy(r"(?:.*/)?Cellar/([^/]+)/([^/]+)/INSTALL_RECEIPT\.json")
_CASK = lazy(r"(?:.*/)?Caskroom/([^/]+)/\.metadata/INSTALL_RECEIPT\.json")
_FORMULA = lazy(r"((?:.*/)?Cellar/([^/]+)/([^/]+))/\.brew/[^/]+\.rb")
_CORE = ("homebrew/core", "homebrew/cask")


def _read(file: File) -> Iterator[Found]:
    keg, cask = _KEG.fullmatch(file.path), _CASK.fullmatch(file.path)
    document = read_json_object(file.data)
    source = table_or_empty(document.get("source"))
    tap = text_or_empty(source.get("tap")).lower()
    name = keg[1] if keg else cask[1] if cask else ""
    stated = source.get("version") if cask else table_or_empty(source.get("versions")).get("stable")
    # The folder has the revision of the formula, too: that is what is installed.
    version = keg[2] if keg else text_or_empty(stated)
    component = file.package(
        "brew" if tap in _CORE or not tap else "generic",
        name,
        version,
        namespace="" if tap == "homebrew/core" else tap,
        kind=ComponentKind.APPLICATION if cask else ComponentKind.LIBRARY,
        facts={
            "tap": tap,
            "tap-commit": text_or_empty(source.get("tap_git_head"))[:64],
            "poured-from-bottle": "yes" if document.get("poured_from_bottle") is True else "",
            "resolved": clean_url(source.get("url")),
        },
    )
    if component is None:
        return
    # null, or nothing at all, in receipts of older versions: nothing is known, then.
    listed = document.get("runtime_dependencies")
    needs = [text_or_empty(table_or_empty(one).get("full_name")).rpartition("/")[2] for one in list_or_empty(listed)]
    yield Found(
        component, (name,), needs if isinstance(listed, list) else None, [(file.path, "", "")], (file.folder,) if keg else ()
    )


def _read_formula(file: File) -> Iterator[Found]:
    keg = _FORMULA.fullmatch(file.path)
    if keg is None or f"{keg[1]}/INSTALL_RECEIPT.json" in file.out.tree.entries:
        return
    component = file.package("brew", keg[2], keg[3])
    if component is not None:
        yield Found(component, (keg[2],), folders=(keg[1],))


HOMEBREW = FileCataloger(
    "homebrew",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("INSTALL_RECEIPT.json",),
        accepts=lambda path: _KEG.fullmatch(path) is not None or _CASK.fullmatch(path) is not None,
        scope=lambda path: path.partition("Cellar/")[0],
    ),
    ListSource(
        read=_read_formula,
        presence=Presence.INSTALLED,
        endings=(".rb",),
        accepts=lambda path: "/.brew/" in path and _FORMULA.fullmatch(path) is not None,
        scope=lambda path: path.partition("Cellar/")[0],
    ),
)
