"""A `Document` as syft's own JSON (schema 16.1.13, as of syft 1.57), and what it cannot say. Pure.

What grype and syft read again: packages with their types, places, licences, CPE names and source packages, the distribution of
the first operating system, what contains or needs what, the source. What else a document says of packages is told as a count.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pratique import __version__
from pratique.documents.containment import flattened
from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    NEEDING,
    Basis,
    Document,
    DocumentForm,
    Family,
    Licence,
    Part,
    Relation,
)
from pratique.documents.for_others import system_id
from pratique.documents.shape import Problem
from pratique.errors import Malformed
from pratique.lexicon.cpe import cpe_version
from pratique.lexicon.licences import is_known
from pratique.lexicon.purl_read import Purl, parse_purl
from pratique.lexicon.text import clean

SCHEMA = "16.1.13"
_TYPES = {
    "alpm": ("alpm", ""),
    "apk": ("apk", ""),
    "cargo": ("rust-crate", "rust"),
    "cocoapods": ("pod", "swift"),
    "composer": ("php-composer", "php"),
    "conan": ("conan", "c++"),
    "conda": ("conda", ""),
    "cran": ("R-package", "R"),
    "deb": ("deb", ""),
    "ebuild": ("portage", ""),
    "gem": ("gem", "ruby"),
    "generic": ("binary", ""),
    "github": ("github-action", ""),
    "golang": ("go-module", "go"),
    "hackage": ("hackage", "haskell"),
    "hex": ("hex", "elixir"),
    "huggingface": ("model", ""),
    "luarocks": ("lua-rocks", "lua"),
    "maven": ("java-archive", "java"),
    "nix": ("nix", ""),
    "npm": ("npm", "javascript"),
    "nuget": ("dotnet", "dotnet"),
    "opam": ("opam", "ocaml"),
    "otp": ("erlang-otp", "erlang"),
    "pub": ("dart-pub", "dart"),
    "pypi": ("python", "python"),
    "rpm": ("rpm", ""),
    "swift": ("swift", "swift"),
    "terraform": ("terraform", ""),
}
"""purl type → syft's type of a package, and its language."""
_KINDS = {"container": "image", "file": "file"}
_LAYER = "pratique:layer"
_TRIVY = "aquasecurity:trivy:"
_DIGEST_LENGTHS = {"sha256": 64, "sha512": 128}
_UNSAID = (
    ("hashes", "hashes"),
    ("supplier", "a supplier"),
    ("originators", "an originator"),
    ("description", "a description"),
    ("scope", "a scope"),
    ("copyright", "a copyright"),
    ("references", "external references"),
    ("extra", "members of their own format"),
)
"""Field of a part that syft's JSON has no place for → its name for people."""


def document_to_syft(document: Document) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The JSON value, and what was left out of it."""
    document = flattened(document)
    writer = _Writer(document)
    return writer.value(), tuple(writer.left_out)


@dataclass(slots=True)
class _Writer:
    """One document on its way out."""

    source: Document
    left_out: list[Problem] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def value(self) -> dict[str, Any]:
        """The whole."""
        source = self.source
        systems = [one for one in source.parts if one.kind == "operating-system"]
        for one in systems[1:]:
            self.left_out.append(Problem(one.ref or one.name, "is another operating system, of which syft's JSON names one"))
        packages = [one for one in source.parts if one.kind != "operating-system"]
        subject = _source(source.subject, source.name)
        for part in (*packages, *source.files):
            self.ids[part.ref] = _id(part.ref)
        if source.subject is not None:
            self.ids[source.subject.ref] = subject["id"]
        dropped = {one.ref for one in systems}
        relations = [row for one in source.relations for row in self.relation(one, dropped)]
        self.tell(packages)
        tool = source.tools[0] if source.tools else None
        made = {"name": tool.name, "version": tool.version} if tool is not None else {"name": "pratique", "version": __version__}
        return {
            "artifacts": [_artifact(one, self.ids[one.ref]) for one in packages],
            "artifactRelationships": relations,
            "files": [_file(one, self.ids[one.ref]) for one in source.files],
            "source": subject,
            "distro": _distro(systems[0]) if systems else {},
            "descriptor": made | ({"timestamp": source.timestamp} if source.timestamp else {}),
            "schema": {
                "version": SCHEMA,
                "url": f"https://raw.githubusercontent.com/anchore/syft/main/schema/json/schema-{SCHEMA}.json",
            },
        }

    def relation(self, one: Relation, dropped: set[str]) -> Iterator[dict[str, str]]:
        """`dependency-of` and `contains`: the others have no word there."""
        if one.kind not in NEEDING and one.kind != CONTAINS:
            self.left_out.append(Problem(f"{one.source} {one.kind}", "has no word in syft's JSON"))
            return
        if one.kind in NEEDING and one.kind != DEPENDS_ON and one.targets:
            self.left_out.append(Problem(f"{one.source} {one.kind}", "is any dependency there"))
        subject = self.source.subject
        if one.kind in NEEDING and subject is not None and one.source == subject.ref:
            # Packages are in the source there; that it needs them is what an inventory of ours adds.
            if self.source.family is not Family.OWN and one.targets:
                self.left_out.append(Problem(one.source, f"that it needs {len(one.targets)} packages itself"))
            return
        for ref in (one.source, *one.targets):
            if ref not in self.ids and ref not in dropped and ref:
                self.left_out.append(Problem(f"{one.source} {one.kind}", f"names {clean(ref, 80)}, which is not in the document"))
        if one.source not in self.ids:
            return
        for target in one.targets:
            if target not in self.ids:
                continue
            source, to = self.ids[one.source], self.ids[target]
            if one.kind == CONTAINS:
                yield {"parent": source, "child": to, "type": "contains"}
            else:
                yield {"parent": to, "child": source, "type": "dependency-of"}

    def tell(self, packages: list[Part]) -> None:
        """What is known of packages and has no place, each kind of fact once."""
        for name, words in _UNSAID:
            count = sum(1 for one in packages if getattr(one, name))
            if count:
                self.left_out.append(Problem("", f"{words} of {count} components"))
        for rows, words in (
            (self.source.annotations, "annotations"),
            (self.source.vulnerabilities, "vulnerabilities"),
            (self.source.completeness, "statements on completeness"),
            (self.source.properties, "properties of the document"),
        ):
            if rows:
                self.left_out.append(Problem("", f"{len(rows)} {words}"))


def _id(ref: str) -> str:
    """Sixteen hexadecimal digits, as syft's identifiers have."""
    return hashlib.sha256(ref.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _artifact(part: Part, own: str) -> dict[str, Any]:
    purl: Purl | None
    try:
        purl = parse_purl(part.purl) if part.purl else None
    except Malformed:
        purl = None
    type_, language = _TYPES.get(purl.type, ("UnknownPackage", "")) if purl is not None else ("UnknownPackage", "")
    layer = part.property(_LAYER) or part.property(f"{_TRIVY}LayerDiffID")
    out: dict[str, Any] = {
        "id": own,
        "name": part.name if type_ == "java-archive" else part.full_name,
        "version": part.version,
        "type": type_,
        "foundBy": "pratique",
        "locations": [
            {
                "path": f"/{one.lstrip('/')}",
                **({"layerID": layer} if layer else {}),
                "accessPath": f"/{one.lstrip('/')}",
                "annotations": {"evidence": "primary"},
            }
            for one in part.occurrences
        ],
        "licenses": [_licence(one) for one in part.licences if one.form is not DocumentForm.NONE],
        "language": language,
        "cpes": [{"cpe": one, "source": "pratique"} for one in part.cpes if cpe_version(one)],
        "purl": part.purl,
    }
    kind, metadata = _metadata(part, purl) if purl is not None else ("", {})
    return out | {"metadataType": kind, "metadata": metadata} if kind else out


def _metadata(part: Part, purl: Purl) -> tuple[str, dict[str, Any]]:
    """What a distribution's package was built from, where grype looks for it."""
    arch = purl.qualifiers.get("arch", "")
    source, version = part.property(f"{_TRIVY}SrcName"), part.property(f"{_TRIVY}SrcVersion")
    release, epoch = part.property(f"{_TRIVY}SrcRelease"), part.property(f"{_TRIVY}SrcEpoch")
    if not source:
        source, _, version = purl.qualifiers.get("upstream", "").partition("@")
        release = epoch = ""
    full = f"{epoch + ':' if epoch else ''}{version}{'-' + release if release else ''}"
    if purl.type == "deb":
        return "dpkg-db-entry", {
            "package": part.name,
            "source": "" if source == part.name else source,
            "version": part.version,
            "sourceVersion": "" if full == part.version else full,
            "architecture": arch,
            "maintainer": part.publisher,
            "files": [],
        }
    if purl.type == "apk":
        facts: dict[str, Any] = {"package": part.name, "originPackage": source, "maintainer": part.publisher}
        facts |= {"version": part.version, "architecture": arch, "description": part.description, "files": []}
        return "apk-db-entry", facts
    if purl.type == "rpm":
        _, _, rest = part.version.rpartition(":")
        number, _, build = rest.rpartition("-")
        stated = purl.qualifiers.get("epoch", "")
        facts = {"name": part.name, "version": number or rest, "epoch": int(stated) if stated.isdecimal() else None, "arch": arch}
        archive = source if source.endswith(".rpm") else f"{source}-{version}-{release}.src.rpm" if source and release else ""
        facts |= {"release": build if number else "", "sourceRpm": archive, "vendor": part.publisher, "files": []}
        return "rpm-db-entry", facts
    if purl.type == "maven":
        ids = {"groupId": purl.namespace.replace("/", "."), "artifactId": purl.name, "version": part.version}
        return "java-archive", {
            "virtualPath": part.occurrences[0] if part.occurrences else "",
            "pomProperties": {"path": "", "name": "", **ids},
        }
    return "", {}


def _licence(one: Licence) -> dict[str, Any]:
    is_expression = one.form is DocumentForm.EXPRESSION or (one.form is DocumentForm.ID and is_known(one.value))
    return {
        "value": one.value,
        "spdxExpression": one.value if is_expression else "",
        "type": "concluded" if one.basis in (Basis.CONCLUDED, Basis.FOUND) else "declared",
        "urls": [one.url] if one.url else [],
        "locations": [],
    }


def _file(part: Part, own: str) -> dict[str, Any]:
    rows = [{"algorithm": one.algorithm, "value": one.value} for one in part.hashes]
    return {"id": own, "location": {"path": f"/{part.name.lstrip('/')}"}, "digests": rows}


def _distro(part: Part) -> dict[str, Any]:
    name = part.property("syft:distro:id") or system_id(part.name)
    version = part.property("syft:distro:versionID") or part.version
    pretty = part.property("syft:distro:prettyName") or f"{name} {version}".strip()
    return {"prettyName": pretty, "name": name, "id": name, "versionID": version}


def _source(subject: Part | None, name: str) -> dict[str, Any]:
    """What the packages are in: an image by its digests, a file or a folder by its name."""
    if subject is None:
        return {"id": _id(name), "name": name, "version": "", "type": "directory", "metadata": {"path": name}}
    kind = _KINDS.get(subject.kind, "directory")
    out = {"id": _source_id(subject.ref), "name": subject.full_name, "version": subject.version, "type": kind}
    if kind == "file":
        rows = [{"algorithm": one.algorithm, "value": one.value} for one in subject.hashes]
        return out | {"metadata": {"path": subject.full_name, "digests": rows, "mimeType": subject.mime_type}}
    if kind == "directory":
        return out | {"metadata": {"path": subject.full_name}}
    stated = subject.property("syft:image:manifestDigest") or next(
        (f"{one.algorithm}:{one.value}" for one in subject.hashes if len(one.value) == _DIGEST_LENGTHS.get(one.algorithm)), ""
    )
    tag = subject.property(f"{_TRIVY}RepoTag")
    labels = {
        one.name.removeprefix(f"{_TRIVY}Labels:"): one.value
        for one in subject.properties
        if one.name.startswith(f"{_TRIVY}Labels:")
    }
    return out | {
        "metadata": {
            "userInput": subject.full_name,
            "imageID": subject.property("syft:image:imageID") or subject.property(f"{_TRIVY}ImageID"),
            "manifestDigest": stated,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "tags": [tag] if tag else [],
            "layers": [],
            "repoDigests": [],
            "labels": labels,
        }
    }


def _source_id(ref: str) -> str:
    algorithm, colon, digest = ref.partition(":")
    return digest if colon and len(digest) == _DIGEST_LENGTHS.get(algorithm) else _id(ref)
