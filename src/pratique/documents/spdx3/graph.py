"""The elements of one SPDX 3 document by their identifiers, and what it takes to read any of them: what is called how, who made
it, by which tool, with which properties (SPDX 3.0.1, Core). Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pratique.documents.document import Party, Property, Tool
from pratique.documents.extra import rest_of
from pratique.documents.spdx3.members import agent_addresses, id_of, own_prefix, ref_of, text_of
from pratique.documents.spdx3.shape import model
from pratique.documents.spdx_common import tool_from

OWN_AGENT = "agent-pratique"
OWN_INFO = "_:creationInfo"
PART_CLASSES = frozenset({"software_Package", "software_File", "ai_AIPackage", "dataset_DatasetPackage"})
BOMS = frozenset({"software_Sbom", "Bom"})
AGENTS = {"Person": "person", "Organization": "organization", "SoftwareAgent": "software", "Agent": ""}
_AGENT = frozenset({"spdxId", "@id", "type", "creationInfo", "name"})


class Graph:
    """The elements. `root`: the document, or what stands for it; `used`: identifiers of what was taken over as something else."""

    def __init__(self, graph: Iterable[Mapping[str, Any]]) -> None:
        self.elements: dict[str, Mapping[str, Any]] = {id_of(one) or f"_:unnamed-{index}": one for index, one in enumerate(graph)}
        documents = [one for one in self.elements.values() if one["type"] == "SpdxDocument"]
        self.root: Mapping[str, Any] = documents[0] if documents else self.no_document()
        self.serial = id_of(self.root)
        self.used: set[str] = {self.serial}
        self.info = text_of(self.root.get("creationInfo"))
        self.parties: dict[str, Party | None] = {}  # one value of who is referred to by thousands

    def spoken_of(self, one: Mapping[str, Any]) -> Iterator[str]:
        """What an element refers to."""
        for member in model().ranges.get(one["type"], {}).keys() & one.keys():
            value = one[member]
            yield from (ref for ref in (value if isinstance(value, list) else (value,)) if isinstance(ref, str))

    def no_document(self) -> dict[str, Any]:
        """What stands for a document where the elements are not in one (SPDX 3.0.1, Core, SpdxDocument: at most one): about what
        its one bill of materials is about."""
        boms = [ref for ref, one in self.elements.items() if one["type"] in BOMS]
        infos = [one["creationInfo"] for one in self.elements.values() if "creationInfo" in one]
        return {"type": "SpdxDocument", "rootElement": boms, **({"creationInfo": infos[0]} if infos else {})}

    def own(self, name: str) -> str:
        """An identifier that our writer makes."""
        return own_prefix(self.serial) + name

    def ref(self, ref: str) -> str:
        """What an identifier is called in the neutral value: our writer's are what they were made of."""
        if ref == self.serial:
            return ""
        element = self.elements.get(ref)
        # What is kept as it is keeps its name.
        return ref_of(self.serial, ref) if element is None or element["type"] in PART_CLASSES else ref

    def creation_info(self, value: Any) -> Mapping[str, Any]:
        """Creation info, referred to or inline."""
        if isinstance(value, dict):
            return value
        self.used.add(value)
        return self.elements.get(value, {})

    def party(self, ref: Any) -> Party | None:
        """The agent of that identifier; None if it is not in the document."""
        if not isinstance(ref, str):
            return self.agent(ref)
        if ref not in self.parties:
            self.parties[ref] = self.agent(ref)
        return self.parties[ref]

    def agent(self, ref: Any) -> Party | None:
        """The same, made anew."""
        value = self.elements.get(ref) if isinstance(ref, str) else ref
        if not isinstance(value, dict) or value.get("type") not in AGENTS:
            return None
        self.used.add(id_of(value))
        extra = rest_of(value, _AGENT)
        addresses = agent_addresses(value.get("externalIdentifier", []))
        if addresses is not None:
            extra.pop("/externalIdentifier", None)
        email, urls = addresses or ("", ())
        return Party(name=value.get("name", ""), kind=AGENTS[value["type"]], email=email, urls=urls, extra=extra)

    def tool(self, ref: Any) -> Tool | None:
        """The tool of that identifier."""
        value = self.elements.get(ref) if isinstance(ref, str) else ref
        if not isinstance(value, dict) or value.get("type") != "Tool":
            return None
        self.used.add(id_of(value))
        return replace(tool_from(value.get("name", "")), extra=rest_of(value, _AGENT))

    def properties(self, value: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Property, ...]]:
        """CycloneDX properties, which have an extension of their own; and other extensions."""
        rows: list[Property] = []
        others: list[Any] = []
        for one in value.get("extension", ()):
            entries = one.get("extension_cdxProperty", ()) if isinstance(one, dict) else ()
            if not entries or one["type"] != "extension_CdxPropertiesExtension" or any(isinstance(row, str) for row in entries):
                others.append(one)
                continue
            for row in entries:
                rows.append(Property(row.get("extension_cdxPropName", ""), row.get("extension_cdxPropValue", "")))
        return ({"/extension": others} if others else {}), tuple(rows)
