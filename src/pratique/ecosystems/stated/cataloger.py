"""Bills of materials that lie in an artifact: what somebody says is there, each component STATED by the path of the document.

Read are CycloneDX (JSON, XML), SPDX 2 and 3, and syft's own JSON, by their usual names and in the places where they are put:
beside a program, in `META-INF/sbom` (also in a jar), in `*.dist-info/sboms` (PEP 770), in the packages of Wolfi
(`var/lib/db/sbom`) and of Bitnami (`.spdx-NAME.spdx`). Nobody vouches for them: what was found counts, and
`inventory/statements.py` lays what is stated over it.
"""

from dataclasses import replace
from itertools import chain

from pratique.artifact.selection import Interest
from pratique.cataloging.carried_documents import carried_documents
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.ecosystems.stated.cyclonedx import read_cyclonedx, read_cyclonedx_xml
from pratique.ecosystems.stated.spdx import read_spdx2, read_spdx3, read_tag_value
from pratique.ecosystems.stated.statement import Stated, Statements
from pratique.ecosystems.stated.syft import read_syft
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json
from pratique.lexicon.purl import build_purl
from pratique.lexicon.purl_read import parse_purl
from pratique.lexicon.text import clean, shown_path
from pratique.model import STATED_BY, Component, Presence, Tree

_NAMES = frozenset({"bom.json", "sbom.json", "bom.xml", "sbom.xml", "bom.spdx", "sbom.spdx"})
_STEMS = ("cdx", "cyclonedx", "spdx", "spdx3", "bom", "sbom", "syft")
_ENDINGS = tuple(f"{mark}{stem}{ending}" for mark in ".-_" for stem in _STEMS for ending in (".json", ".xml"))
_FORMATS = (".json", ".xml", ".spdx")
_FOLDERS = ("/META-INF/sbom/", ".dist-info/sboms/", "/usr/share/sbom/", "/var/lib/db/sbom/")
_OTHERS = "vcpkg.spdx.json"  # read as what vcpkg installed
_CPE = "cpe:2.3:"


class StatedCataloger:
    """See the module."""

    name = "stated"
    version = 2
    interest = Interest(endings=frozenset(_FORMATS))
    probes = ()

    def keeps(self, path: str) -> bool:
        """Documents by their names, and all documents in the folders that are for them."""
        name = path[path.rfind("/") + 1 :].lower()
        if name == _OTHERS or not name.endswith(_FORMATS):
            return False
        if name in _NAMES or name.endswith(".spdx") or name.endswith(_ENDINGS):
            return True
        slashed = f"/{path}"
        return any(folder in slashed for folder in _FOLDERS)

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each that a document states."""
        out = Collector(tree)
        documents = chain(
            ((path, path, tree.contents[path]) for path in tree.kept((), _FORMATS) if self.keeps(path)),
            carried_documents(tree),
        )
        for file, path, data in documents:
            try:
                found = _read(data)
            except Malformed as error:
                out.unread(path, error.message)
                continue
            _add(out, file, path, found)
        return out.result()


def _read(data: bytes) -> Statements:
    """What one document states. Raises Malformed."""
    begin = data.removeprefix(b"\xef\xbb\xbf")[:1_000].lstrip()
    if begin.startswith(b"<"):
        return read_cyclonedx_xml(data)
    if not begin.startswith((b"{", b"[")):
        if begin.startswith((b"SPDXVersion:", b"#")) or b"\nSPDXVersion:" in begin:
            return read_tag_value(data.decode("utf-8", "replace").replace("\r\n", "\n"))
        raise Malformed("no bill of materials of a known format")
    document = read_json(data)
    if isinstance(document, dict):
        # What a registry keeps for an image is wrapped: the document is the predicate of a statement.
        document = document["predicate"] if isinstance(document.get("predicate"), dict) else document
        if document.get("bomFormat") == "CycloneDX":
            return read_cyclonedx(document)
        if isinstance(document.get("spdxVersion"), str):
            return read_spdx2(document)
        if isinstance(document.get("@graph"), list):
            return read_spdx3(document)
        if isinstance(document.get("artifacts"), list) and isinstance(document.get("descriptor"), dict):
            return read_syft(document)
    raise Malformed("no bill of materials of a known format")


def _add(out: Collector, file: str, path: str, found: Statements) -> None:
    components: dict[str, Component] = {}
    wrong = 0
    for stated in found.parts:
        component, is_right = _component(out, file, path, stated)
        wrong += not is_right
        if component is not None:
            components.setdefault(stated.key or component.ref, component)
    for key, component in components.items():
        needs = found.needs.get(key, ())
        if not out.step(path, 1 + len(needs)):
            break
        refs = {components[need].ref for need in needs if need in components} - {component.ref}
        if not out.component(replace(component, depends=tuple(sorted(refs)))):
            break
    if wrong:
        out.unread(path, f"{wrong} package URLs that break the rules")
    if not components:
        out.unknown(path, "a bill of materials that names no package at a version")


def _component(out: Collector, file: str, path: str, stated: Stated) -> tuple[Component | None, bool]:
    """The component, None for what is no package; and whether its package URL, if it has one, is right."""
    if not stated.is_package:
        return None, True
    name, version, group = clean(stated.name, 300), clean(stated.version, 200), clean(stated.group, 200)
    type_, purl, is_right = "generic", "", True
    if stated.purl:
        try:
            parsed = parse_purl(stated.purl.strip())
            type_, purl, version = parsed.type, str(parsed), version or parsed.version
        except Malformed:
            is_right = False
    if not name:
        return None, is_right
    return Component(
        ref=purl or build_purl("generic", name, version, namespace=group),
        purl=purl or build_purl("generic", name, version, namespace=group),
        type=type_,
        name=_shown(type_, group, name),
        version=version,
        licences=stated.licences,
        supplier=clean(stated.supplier),
        description=clean(stated.description),
        homepage=clean(stated.homepage),
        hashes=stated.hashes,
        hash_covers="what the document means" if stated.hashes else "",
        cpes=tuple(cpe for cpe in stated.cpes if cpe.startswith(_CPE) and len(cpe) < 1_000),
        kind=stated.component_kind,
        presence=Presence.STATED,
        evidence=(path,),
        layer=out.layer_of(file),
        facts={STATED_BY: shown_path(path)},
    ), is_right


def _shown(type_: str, group: str, name: str) -> str:
    mark = {"maven": ":", "npm": "/", "golang": "/", "composer": "/"}.get(type_, "")
    return f"{group}{mark}{name}" if group and mark and not name.startswith(f"{group}{mark}") else name
