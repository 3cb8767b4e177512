"""How the elements of one SPDX 3 document are made: identifiers, relationships, agents and tools, what was kept of a document of
the same family and is put back (SPDX 3.0.1, Core). What they say is `render`'s. Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from pratique.documents.crossing.vulnerabilities_in import elements_of
from pratique.documents.document import Document, Family, Party
from pratique.documents.extra import extras_that_matter, put_back
from pratique.documents.parties import said_in_spdx3
from pratique.documents.shape import Problem
from pratique.documents.spdx3.graph import OWN_INFO
from pratique.documents.spdx3.members import agent_identifiers, id_of, identifier, own_prefix, serial_of
from pratique.documents.spdx_common import short_hash
from pratique.lexicon.values import list_or_empty

_CLASSES = {"person": "Person", "organization": "Organization", "software": "SoftwareAgent", "tool": "SoftwareAgent"}


@dataclass(slots=True)
class Elements:
    """What was made so far. `same`: the document was of SPDX 3 before; `rest`: its elements that are kept as they were, `taken`:
    their identifiers. `left_out`: what cannot be said.
    """

    source: Document
    left_out: list[Problem] = field(default_factory=list)
    serial: str = field(init=False)
    same: bool = field(init=False)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    relationships: list[dict[str, Any]] = field(default_factory=list)
    taken: set[str] = field(init=False)
    rest: list[Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.same = self.source.family is Family.SPDX3
        self.serial = serial_of(self.source)
        self.rest = elements_of(self.source) if self.same else []
        self.taken = {id_of(one) for one in self.rest}
        odd = len(list_or_empty(self.source.extra.get("/@graph"))) - len(self.rest) if self.same else 0
        if odd:
            self.left_out.append(Problem("/@graph", f"{odd} that are no elements of SPDX 3"))

    def id(self, name: str) -> str:
        """The identifier of what we name ourselves."""
        return own_prefix(self.serial) + name

    def numbered(self, word: str, before: int) -> str:
        """A name that nothing has which is kept as it was."""
        number = before + 1
        while self.id(f"{word}-{number}") in self.taken:
            number += len(self.taken)
        return f"{word}-{number}"

    def ref(self, ref: str) -> str:
        """The identifier of a part: what it was in SPDX 3, or its ref within this document."""
        if not ref:
            return self.serial
        return identifier(self.serial, ref) if self.same else self.id(quote(ref, safe="/@:+~"))

    def element(self, kind: str, own: str, **members: Any) -> dict[str, Any]:
        """An element that we name ourselves; members that say nothing are left out."""
        out: dict[str, Any] = {"type": kind, "spdxId": self.id(own), "creationInfo": OWN_INFO}
        return out | {key: one for key, one in members.items() if one}

    def relationship(self, source: str, kind: str, targets: list[str], **members: Any) -> dict[str, Any]:
        """One more relationship."""
        name = self.numbered("relationship", len(self.relationships))
        row = self.element(members.pop("type", "Relationship"), name, relationshipType=kind, **members)
        row["from"] = source
        row["to"] = targets
        self.relationships.append(row)
        return row

    def organization(self, name: str) -> str:
        """The identifier of an organisation of which only the name is known."""
        return self.agent(Party(name=name, kind="organization"))

    def agent(self, party: Party) -> str:
        """The identifier of a party, which is in the document once."""
        party, extra = said_in_spdx3(party), party.extra
        words = json.dumps(
            [party.name, party.kind, party.email, party.urls, extra if self.same else {}], sort_keys=True, default=str
        )
        name = f"agent-{short_hash(words)}"
        if name not in self.agents:
            row = self.element(_CLASSES.get(party.kind, "Agent"), name, name=party.name)
            row |= agent_identifiers(party)
            self.agents[name] = self.restore(row, extra, f"{party.name} ")
        return self.id(name)

    def tool(self, text: str, extra: Any) -> str:
        """The identifier of a tool."""
        name = f"tool-{short_hash(text + (json.dumps(extra, sort_keys=True) if self.same else ''))}"
        self.tools[name] = self.restore(self.element("Tool", name, name=text), extra, f"tool {text} ")
        return self.id(name)

    def restore(self, value: dict[str, Any], extra: Any, place: str) -> dict[str, Any]:
        """Extras of the same family, put back; of others, named."""
        if self.same:
            return put_back(value, extra)
        self.left_out += [
            Problem(pointer, f"has no place outside of {self.source.family.value}")
            for pointer in extras_that_matter(extra, place)
        ]
        return value
