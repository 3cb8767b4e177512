"""One NuGet package that is asked for: its version, and where it is from. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.cataloger import Collector
from pratique.cataloging.origins import at_registry
from pratique.cataloging.package_lists import local_ref
from pratique.ecosystems.dotnet.deps_json import nuget
from pratique.ecosystems.dotnet.feeds import is_elsewhere
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.model import Component, Presence

_PUBLIC = ("api.nuget.org/v3/index.json", "www.nuget.org/api/v2", "nuget.org/api/v2", "api.nuget.org")
_VERSION = lazy(r"\d+(?:\.\d+){0,3}(?:[-+][\w.+-]+)?")
_EXACT = lazy(r"\[\s*([^,\s\]]+)\s*\]")


def declared(
    out: Collector, path: str, name: str, version: str, feeds: Iterable[str] = (), facts: Mapping[str, str] | None = None
) -> Component:
    """`version`: as asked for: of what is at least wanted NuGet takes the least (NuGet, "Package versioning"); one that names no
    single release is kept among the facts. `feeds`: addresses that it may be from. Raises Malformed: no name.
    """
    name, version = clean(name, 300), clean(version, 300)
    exact = _EXACT.fullmatch(version)
    version = exact[1] if exact else version
    asked = "" if _VERSION.fullmatch(version) else version
    version = "" if asked else version
    if not name:
        raise Malformed("a package without a name")
    told = {key: value for key, value in (facts or {}).items() if value}
    if asked:
        told["nuget:requirement"] = asked
    feed, folder = _origin(feeds)
    purl = "" if folder else nuget(name, version, feed)
    if folder:
        told["location"] = folder
    return Component(
        ref=purl or local_ref("nuget", name, version, folder),
        purl=purl,
        type="nuget",
        name=name,
        version=version,
        presence=Presence.DECLARED,
        evidence=(path,),
        layer=out.layer_of(path),
        facts=told,
    )


def _origin(feeds: Iterable[str]) -> tuple[str, str]:
    """(address, "") of the feed that a package is from, where it is sure that it is one and not the public one; ("", place) where
    it is from folders alone, or from a feed that the settings of some machine name: nobody else could fetch it there."""
    known = list(dict.fromkeys(feeds))
    if known and all(is_elsewhere(feed) for feed in known):
        return "", known[0]
    origins = {at_registry(feed, *_PUBLIC).qualifiers.get("repository_url", "") for feed in known if not is_elsewhere(feed)}
    return (origins.pop(), "") if len(origins) == 1 else ("", "")
