"""Package URLs of strangers, read strictly (purl-spec, and the rules that its types have for their parts). Pure.

packageurl-python reads them; here stands what it lets through or spells otherwise than the specification's own tests.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean

MAX_CHARS = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Purl:
    """The parts of a package URL, decoded and spelled as the type demands; "" for what is absent."""

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: Mapping[str, str]
    subpath: str

    def __str__(self) -> str:
        return build_purl(
            self.type, self.name, self.version, namespace=self.namespace, qualifiers=self.qualifiers, subpath=self.subpath
        )


_WITHOUT_NAMESPACE = frozenset({"otp", "vcpkg"})
_WITH_NAMESPACE = frozenset({"swift", "vscode-extension"})
_CHROME_NAME = lazy(r"[a-p]{32}")
_CHROME_VERSION = lazy(r"[0-9]+(?:\.[0-9]+){0,3}")


def parse_purl(text: str) -> Purl:
    """The package URL this text spells. Raises Malformed, which says why."""
    from packageurl import PackageURL

    if len(text) > MAX_CHARS:
        raise Malformed(f"a package URL of more than {MAX_CHARS} characters")
    try:
        found = PackageURL.from_string(text)
    except (ValueError, TypeError, UnicodeError) as error:
        raise Malformed(f"no package URL: {clean(str(error), 160)}") from error
    if text.partition("#")[0].partition("?")[0].rpartition("/")[2].startswith("@"):
        raise Malformed("no package URL: it has no name")
    purl = Purl(
        type=found.type,
        namespace=found.namespace or "",
        name=found.name,
        version=found.version or "",
        qualifiers=dict(found.qualifiers) if isinstance(found.qualifiers, dict) else {},
        subpath=found.subpath or "",
    )
    purl = _SPELLINGS.get(purl.type, _as_it_is)(purl)
    reason = _broken(purl)
    if reason:
        raise Malformed(f"no package URL of the type {purl.type}: {reason}")
    return purl


def _broken(purl: Purl) -> str:
    """Which rule of its type it breaks."""
    if purl.type in _WITHOUT_NAMESPACE and purl.namespace:
        return "it has a namespace"
    if purl.type in _WITH_NAMESPACE and not purl.namespace:
        return "it has no namespace"
    if purl.type == "cpan" and "::" in purl.name:
        return "its name is a module's, not a distribution's"
    if purl.type == "julia" and not purl.qualifiers.get("uuid"):
        return "it has no uuid"
    if purl.type == "chrome-extension":
        if not _CHROME_NAME.fullmatch(purl.name):
            return "its name is not 32 letters from a to p"
        if purl.version and not _CHROME_VERSION.fullmatch(purl.version):
            return "its version is not one to four numbers"
    return ""


def _as_it_is(purl: Purl) -> Purl:
    return purl


def _lowered(purl: Purl) -> Purl:
    return Purl(
        type=purl.type,
        namespace=purl.namespace.lower(),
        name=purl.name.lower(),
        version=purl.version,
        qualifiers=purl.qualifiers,
        subpath=purl.subpath,
    )


def _git(purl: Purl) -> Purl:
    """The host is the namespace, all the rest the name; hosts that do not tell upper from lower case are spelled in lower."""
    host, _, folders = purl.namespace.partition("/")
    name = f"{folders}/{purl.name}" if folders else purl.name
    lowered = host.lower() in ("github", "github.com", "bitbucket", "bitbucket.org")
    return Purl(
        type=purl.type,
        namespace=host.lower() if lowered else host,
        name=name.lower() if lowered else name,
        version=purl.version,
        qualifiers=purl.qualifiers,
        subpath=purl.subpath,
    )


_SPELLINGS: dict[str, Callable[[Purl], Purl]] = {"brew": _lowered, "git": _git}
