"""CycloneDX (1.0 to 1.7, JSON and XML) as far as it names components, their licences, digests and edges. Pure and tolerant."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pratique.ecosystems.stated.statement import Stated, Statements, bounded, digests, edges, licences_of, walk
from pratique.errors import Malformed
from pratique.lexicon.parse import load_xml
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def read_cyclonedx(document: dict[str, Any]) -> Statements:
    """What a document that calls itself CycloneDX states. Raises LimitExceeded."""
    subject = table_or_empty(document.get("metadata")).get("component")
    roots = [*([subject] if isinstance(subject, dict) else []), *list_or_empty(document.get("components"))]
    parts = bounded(_stated(table_or_empty(one)) for one in walk(roots))
    return Statements(parts, edges(_edges(document)))


def read_cyclonedx_xml(data: bytes) -> Statements:
    """The same of XML. Raises Malformed."""
    root = load_xml(data)
    if _local(root) != "bom" or "cyclonedx" not in root.tag:
        raise Malformed("no bill of materials of a known format")
    return read_cyclonedx(_table(root))


def _stated(entry: dict[str, Any]) -> Stated:
    group, name = text_or_empty(entry.get("group")), text_or_empty(entry.get("name"))
    supplier = table_or_empty(entry.get("supplier")).get("name") or entry.get("publisher") or entry.get("author")
    return Stated(
        key=text_or_empty(entry.get("bom-ref")) or text_or_empty(entry.get("purl")),
        name=name,
        version=text_or_empty(entry.get("version")),
        purl=text_or_empty(entry.get("purl")),
        group=group,
        kind=text_or_empty(entry.get("type")),
        licences=licences_of(_licences(entry)),
        hashes=digests((one.get("alg"), one.get("content")) for one in map(table_or_empty, list_or_empty(entry.get("hashes")))),
        supplier=text_or_empty(supplier),
        description=text_or_empty(entry.get("description")),
        homepage=next(_websites(entry), ""),
        cpes=tuple(filter(None, [text_or_empty(entry.get("cpe"))])),
    )


def _licences(entry: dict[str, Any]) -> Iterator[Any]:
    for choice in map(table_or_empty, list_or_empty(entry.get("licenses"))):
        licence = table_or_empty(choice.get("license"))
        yield choice.get("expression") or licence.get("id") or licence.get("name")


def _websites(entry: dict[str, Any]) -> Iterator[str]:
    for reference in map(table_or_empty, list_or_empty(entry.get("externalReferences"))):
        if reference.get("type") == "website":
            yield text_or_empty(reference.get("url"))


def _edges(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in map(table_or_empty, list_or_empty(document.get("dependencies"))):
        for other in list_or_empty(entry.get("dependsOn")):
            yield text_or_empty(entry.get("ref")), text_or_empty(other)


_LISTS = frozenset({"components", "licenses", "hashes", "dependencies", "externalReferences"})


def _table(element: "Element") -> dict[str, Any]:
    """An element as JSON has it, of the few that are read. Depth is bounded by the parser."""
    found: dict[str, Any] = dict(element.attrib)
    for child in element:
        name = _local(child)
        if name in _LISTS:
            found[name] = [_item(name, one) for one in child]
        elif len(child):
            found[name] = _table(child)
        else:
            found[name] = (child.text or "").strip()
    return found


def _item(name: str, element: "Element") -> Any:
    if name == "licenses":
        return {_local(element): _table(element) if len(element) else (element.text or "").strip()}
    if name == "hashes":
        return {"alg": element.get("alg"), "content": (element.text or "").strip()}
    if name == "dependencies":
        return {"ref": element.get("ref"), "dependsOn": [one.get("ref") for one in element]}
    return _table(element)


def _local(element: "Element") -> str:
    return element.tag.rpartition("}")[2]
