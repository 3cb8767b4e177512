"""Components as rows of the ledger: those that were found in an artifact, and those that somebody's document names. Pure."""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pratique.errors import InputError
from pratique.model import Component

if TYPE_CHECKING:
    from packageurl import PackageURL

_RPM = re.compile(r"(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedComponent:
    """What a document says is there. `purl`: canonical; of what has none, a name that nothing else in the ledger has."""

    purl: str
    type: str
    name: str
    version: str = ""
    licences: tuple[str, ...] = ()
    cpes: tuple[str, ...] = ()
    has_purl: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrigin:
    """Where an imported document is from. `name`: what it calls what it is about; `file`: its own name; `title`: its format."""

    name: str
    file: str
    title: str
    media_type: str


def component_key(component: Component) -> str:
    """What names it in the catalog: its purl, or, of a folder that has none, what names it in its inventory."""
    return component.purl or component.ref


def component_row(component: Component) -> dict[str, Any]:
    """The row of a component that was found. Raises InputError for a bad purl."""
    if not component.purl:
        return _unnamed(component.ref, component.type, component.name, component.version, licences_text(component))
    return _named(component.purl, component.version, licences_text(component), component.source)


def imported_row(component: ImportedComponent) -> dict[str, Any]:
    """The row of a component that a document names. Raises InputError for a bad purl."""
    licences = json.dumps(component.licences, ensure_ascii=False)
    if not component.has_purl:
        return _unnamed(component.purl, component.type, component.name, component.version, licences)
    return _named(component.purl, component.version, licences, "")


def licences_text(component: Component) -> str:
    """Licences as the ledger keeps them: a JSON list."""
    return json.dumps(component.licences, ensure_ascii=False)


def _unnamed(ref: str, type_: str, name: str, version: str, licences: str) -> dict[str, Any]:
    row = {"purl": ref, "type": type_, "namespace": "", "name": name, "version": version, "licences": licences}
    return row | {"source": ""}


def _named(text: str, version: str, licences: str, source: str) -> dict[str, Any]:
    from packageurl import PackageURL

    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise InputError(f"not a purl: {text[:200]}") from error
    stated = _source_name(source, purl.name) if source else _upstream(purl.type, _qualifiers(purl).get("upstream", ""))
    return {
        "purl": text,
        "type": purl.type,
        "namespace": purl.namespace or "",
        "name": purl.name,
        "version": purl.version or version,
        "licences": licences,
        "source": "" if stated == purl.name else stated,
    }


def _qualifiers(purl: "PackageURL") -> dict[str, str]:
    return purl.qualifiers if isinstance(purl.qualifiers, dict) else {}


def _upstream(type_: str, upstream: str) -> str:
    """The source's name in that qualifier: deb and apk have it there, perhaps with a version, rpm the name of a file."""
    built = _RPM.fullmatch(upstream) if type_ == "rpm" else None
    return built[1] if built is not None else upstream.partition("@")[0]


def _source_name(source: str, name: str) -> str:
    """The name in the purl of a source package; empty where it is the package's own."""
    found = unquote(source.partition("?")[0].rpartition("/")[2].partition("@")[0])
    return "" if found == name else found
