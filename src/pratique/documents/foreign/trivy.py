"""trivy's own JSON (report schema 2, made with --list-all-pkgs) to a `Document`: packages, dependencies, system, image. Pure.

Takes values that `SHAPES` let pass, or repaired ones. Findings of vulnerabilities, secrets and the like are not read.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.documents.document import DEPENDS_ON, Basis, Document, DocumentForm, Family, Licence, Part, Property, Relation, Tool
from pratique.lexicon.licences import is_known

_PACKAGE = {
    "members": {
        "ID": "s",
        "Name": "s",
        "Version": "s",
        "Release": "s",
        "Epoch": "i",
        "Identifier": {"members": {"PURL": "s", "UID": "s", "BOMRef": "s"}, "open": 1},
        "Licenses": {"list": "s"},
        "DependsOn": {"list": "s"},
        "Layer": {"members": {"DiffID": "s", "Digest": "s"}, "open": 1},
        "FilePath": "s",
        "Dev": "b",
        "SrcName": "s",
        "SrcVersion": "s",
        "SrcRelease": "s",
        "SrcEpoch": "i",
    },
    "open": 1,
    "needs": ["Name"],
}
_TEXTS = {"list": "s"}
SHAPES: dict[str, Any] = {
    "trivy": {
        "members": {
            "SchemaVersion": {"enum": [2]},
            "CreatedAt": "s",
            "ArtifactName": "s",
            "ArtifactType": "s",
            "Metadata": {
                "members": {
                    "OS": {"members": {"Family": "s", "Name": "s"}, "open": 1},
                    "ImageID": "s",
                    "RepoTags": _TEXTS,
                    "RepoDigests": _TEXTS,
                },
                "open": 1,
            },
            "Results": {
                "list": {"members": {"Target": "s", "Class": "s", "Type": "s", "Packages": {"list": _PACKAGE}}, "open": 1}
            },
        },
        "open": 1,
        "needs": ["SchemaVersion", "ArtifactName"],
    }
}
_SUBJECT = "artifact"
_KINDS = {"container_image": "container", "filesystem": "application", "repository": "application", "vm": "application"}


def document_from_trivy(value: Mapping[str, Any]) -> Document:
    """The whole document."""
    metadata = value.get("Metadata") or {}
    system = metadata.get("OS") or {}
    parts: list[Part] = []
    relations: list[Relation] = []
    if system.get("Family"):
        name, version = system["Family"], system.get("Name", "")
        parts.append(Part(ref=f"os:{name}@{version}", name=name, version=version, kind="operating-system"))
    taken = {one.ref for one in parts}
    listed: set[str] = set()
    for index, result in enumerate(value.get("Results", ())):
        rows = result.get("Packages", ())
        refs = {one.get("ID") or one["Name"]: _ref(one, f"{index}-{number}", taken) for number, one in enumerate(rows)}
        for one in rows:
            ref = refs[one.get("ID") or one["Name"]]
            if ref in listed:
                continue  # one package, listed twice in one place
            listed.add(ref)
            parts.append(_part(one, ref, result))
            targets = tuple(refs.get(name, name) for name in one.get("DependsOn", ()))
            if targets:
                relations.append(Relation(source=ref, kind=DEPENDS_ON, targets=targets))
    return Document(
        family=Family.CYCLONEDX,
        timestamp=value.get("CreatedAt", ""),
        tools=(Tool(name="trivy"),),
        subject=_subject(value, metadata),
        parts=tuple(parts),
        relations=tuple(relations),
    )


def _subject(value: Mapping[str, Any], metadata: Mapping[str, Any]) -> Part:
    rows = [("ImageID", metadata.get("ImageID", ""))]
    rows += [("RepoTag", one) for one in metadata.get("RepoTags", ())]
    rows += [("RepoDigest", one) for one in metadata.get("RepoDigests", ())]
    return Part(
        ref=_SUBJECT,
        name=value["ArtifactName"],
        kind=_KINDS.get(value.get("ArtifactType", ""), ""),
        properties=tuple(Property(f"aquasecurity:trivy:{name}", text) for name, text in rows if text),
    )


def _ref(one: Mapping[str, Any], own: str, taken: set[str]) -> str:
    identifier = one.get("Identifier") or {}
    names = (identifier.get("BOMRef", ""), identifier.get("UID", ""), identifier.get("PURL", ""), f"package-{own}")
    found = next(name for name in names if name and name not in taken)
    taken.add(found)
    return found


def _part(one: Mapping[str, Any], ref: str, result: Mapping[str, Any]) -> Part:
    epoch, version, release = one.get("Epoch", 0), one.get("Version", ""), one.get("Release", "")
    full = f"{f'{epoch}:' if epoch else ''}{version}{f'-{release}' if release else ''}"
    layer = one.get("Layer") or {}
    facts = [("LayerDiffID", layer.get("DiffID", "")), ("SrcName", one.get("SrcName", ""))]
    facts += [("SrcVersion", one.get("SrcVersion", "")), ("SrcRelease", one.get("SrcRelease", ""))]
    facts += [("SrcEpoch", str(one.get("SrcEpoch") or "")), ("PkgType", result.get("Type", ""))]
    place = one.get("FilePath") or (result.get("Target", "") if result.get("Class") == "lang-pkgs" else "")
    return Part(
        ref=ref,
        name=one["Name"],
        kind="library",
        version=full,
        purl=(one.get("Identifier") or {}).get("PURL", ""),
        licences=tuple(_licences(one.get("Licenses", ()))),
        scope="excluded" if one.get("Dev") else "",
        occurrences=(place.lstrip("/"),) if place else (),
        properties=tuple(Property(f"aquasecurity:trivy:{name}", text) for name, text in facts if text),
    )


def _licences(rows: Any) -> Iterator[Licence]:
    for text in rows:
        if text:
            yield Licence(value=text, form=DocumentForm.ID if is_known(text) else DocumentForm.NAME, basis=Basis.DECLARED)
