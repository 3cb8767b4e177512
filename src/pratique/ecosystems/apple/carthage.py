"""Carthage: Cartfile.resolved, a line for each dependency (Carthage documentation, "Artifacts").

`github "owner/name" "tag"`, `git "address" "commit or tag"`, `binary "address of a list" "version"`.
"""

from collections.abc import Iterator

from pratique.cataloging.origins import at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.values import clean_url
from pratique.model import Presence

_LINE = lazy(r'(github|git|binary)\s+"([^"\n]{1,500})"\s+"([^"\n]{1,200})"\s*(?:#.*)?')
_GITHUB = lazy(r"(?:https://github\.com/)?([\w.-]+)/([\w.-]+?)(?:\.git)?")


def _read(file: File) -> Iterator[Found]:
    wrong = 0
    for line in file.text.split("\n"):
        match = _LINE.fullmatch(line.strip())
        if match is None:
            wrong += bool(line.strip()) and not line.strip().startswith("#")
            continue
        kind, place, version = match.groups()
        on_github = _GITHUB.fullmatch(place) if kind == "github" else None
        url = clean_url(place)
        if on_github:
            owner, name = on_github.groups()
            component = file.package("github", name, version, namespace=owner, shown=f"{owner}/{name}")
        elif kind == "binary":
            name = url.rpartition("/")[2].removesuffix(".json")
            component = file.package("generic", name, version, facts={"resolved": url})
        else:
            name = url.rstrip("/").rpartition("/")[2].removesuffix(".git")
            origin = at_repository(place, version)
            component = file.package("generic", name, version, origin=origin)
        if component is not None:
            yield Found(component)
    if wrong:
        if wrong == sum(1 for line in file.text.split("\n") if line.strip()):
            raise Malformed("not a Cartfile.resolved")
        file.unread(f"{wrong} lines that name no dependency")


CARTHAGE = FileCataloger("carthage", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("Cartfile.resolved",)))
