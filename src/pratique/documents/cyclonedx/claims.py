"""CycloneDX JSON of any tool, read for what is compared: what it is about, and its components. Pure.

Strict about the form (size, depth, members named twice) and about what Pratique itself states; lenient about the rest, which
other tools fill as they see fit. Refuses XML and documents that are no CycloneDX.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pratique.attest.strictjson import load_json
from pratique.errors import LimitExceeded, Malformed
from pratique.model import Digest

PREFIX = "pratique:"
MAX_BYTES = 64 << 20
MAX_DEPTH = 64
MAX_COMPONENTS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedComponent:
    """One component of somebody's document. `licences`: identifiers, names or expressions as written there, sorted."""

    purl: str
    name: str
    version: str
    licences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSbom:
    """What was read. `subject_digest`, `manifest_root`: None where the document does not say. `data`: the received bytes."""

    serial: str
    spec_version: str
    subject_digest: Digest | None
    manifest_root: Digest | None
    components: tuple[ParsedComponent, ...]
    data: bytes = b""


def parse_cyclonedx(data: bytes) -> ParsedSbom:
    """Read a document. Raises Malformed; LimitExceeded past 64 MiB, 64 levels or 500,000 components."""
    document = load_json(data, what="SBOM", max_size=MAX_BYTES, max_depth=MAX_DEPTH)
    if not isinstance(document, dict):
        raise Malformed("SBOM is not a JSON object")
    return replace(read_cyclonedx(document), data=data)


def read_cyclonedx(document: Mapping[str, Any]) -> ParsedSbom:
    """The same of a document that was parsed already, such as an attestation's predicate."""
    spec_version = document.get("specVersion")
    if document.get("bomFormat") != "CycloneDX" or not isinstance(spec_version, str):
        raise Malformed("SBOM is not CycloneDX JSON", hint="bomFormat is CycloneDX, specVersion 1.4 to 1.7")
    metadata = _mapping(document.get("metadata"))
    properties = _own_properties(metadata.get("properties"))
    return ParsedSbom(
        serial=_text(document.get("serialNumber")),
        spec_version=spec_version,
        subject_digest=_subject(properties.get("subject:digest"), _mapping(metadata.get("component"))),
        manifest_root=_digest(properties.get("manifest:root")),
        components=tuple(_components(document.get("components"))),
    )


def read_licences(value: Any) -> tuple[str, ...]:
    """The `licenses` of a component (ECMA-424, licenseChoice): sorted, without duplicates."""
    found: set[str] = set()
    for choice in value if isinstance(value, list) else []:
        licence = _mapping(_mapping(choice).get("license"))
        found.add(_text(licence.get("id")) or _text(licence.get("name")) or _text(_mapping(choice).get("expression")))
    return tuple(sorted(found - {""}))


def _components(value: Any) -> Iterator[ParsedComponent]:
    """Components in the order of the document; one that others are nested in comes before them. Without recursion."""
    waiting = [iter(_list(value))]
    count = 0
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
            continue
        if not isinstance(item, dict):
            raise Malformed(f"SBOM component {count} is not an object")
        count += 1
        if count > MAX_COMPONENTS:
            raise LimitExceeded(f"SBOM has more than {MAX_COMPONENTS} components")
        group, name = _text(item.get("group")), _text(item.get("name"))
        yield ParsedComponent(
            purl=_text(item.get("purl")),
            name=f"{group}/{name}" if group else name,
            version=_text(item.get("version")),
            licences=read_licences(item.get("licenses")),
        )
        waiting.append(iter(_list(item.get("components"))))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed("SBOM components are not a list")
    if None in value:
        raise Malformed("SBOM component is null")
    return value


def _own_properties(value: Any) -> dict[str, str]:
    """Properties that Pratique states once. Stated twice, two readers would see two documents: refused."""
    found: dict[str, str] = {}
    for row in value if isinstance(value, list) else []:
        name = _text(_mapping(row).get("name"))
        if name in (f"{PREFIX}subject:digest", f"{PREFIX}manifest:root"):
            short = name.removeprefix(PREFIX)
            if short in found:
                raise Malformed(f"SBOM states {name} twice")
            found[short] = _text(row.get("value"))
    return found


def _subject(stated: str | None, component: Mapping[str, Any]) -> Digest | None:
    digest = _digest(stated)
    if digest is None:
        return None
    hashes = component.get("hashes")
    for row in hashes if isinstance(hashes, list) else []:
        if _text(_mapping(row).get("alg")).replace("-", "").lower() == digest.algorithm and row.get("content") != digest.hex:
            raise Malformed("SBOM states two digests of what it is about")
    return digest


def _digest(text: str | None) -> Digest | None:
    return None if text is None else Digest.parse(text)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
