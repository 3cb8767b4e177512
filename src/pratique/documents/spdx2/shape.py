"""What SPDX 2.2 and 2.3 allow (SPDX 2.3, clauses 6 to 13; JSON as its schema lays it out), as shapes. Pure.

Beyond the schema: identifiers are unique, and relationships, `hasFiles` and `documentDescribes` name what the document defines.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pratique.documents.shape import Check, Found, compile_shape
from pratique.documents.spdx_vocabulary import ALGORITHMS, OLD_ALGORITHMS, PURPOSES, RELATIONS

VERSIONS = ("2.2", "2.3")
# Underscore and plus are no characters of an identifier; tools wrote them, and no reader minds.
_ID = {"is": "string", "pattern": r"^SPDXRef-[A-Za-z0-9.+_-]+$"}
_LICENCE_ID = {"is": "string", "pattern": r"^LicenseRef-[A-Za-z0-9.+_-]+$"}
_EXTERNAL_ID = {"is": "string", "pattern": r"^DocumentRef-[A-Za-z0-9.+_-]+$"}
_TIME = {"is": "string", "format": "date-time"}
_PARTY = {"is": "string", "pattern": r"^(?:(?:Person|Organization): ?.+|NOASSERTION)$"}
_CREATOR = {"is": "string", "pattern": r"^(?:Person|Organization|Tool): ?"}
_ANNOTATOR = {"is": "string", "pattern": r"^(?:Person|Organization|Tool): ?.+"}
_URI = {"is": "string", "pattern": r"^[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+$"}
_NEW_RELATIONS = frozenset({"REQUIREMENT_DESCRIPTION_FOR", "SPECIFICATION_FOR"})
_FILE_TYPES = "ARCHIVE BINARY SOURCE APPLICATION AUDIO IMAGE TEXT VIDEO DOCUMENTATION SPDX OTHER".split()
_CATEGORIES = ["OTHER", "PERSISTENT-ID", "PERSISTENT_ID", "SECURITY", "PACKAGE-MANAGER", "PACKAGE_MANAGER"]
_ANYWHERE = frozenset({"NONE", "NOASSERTION"})


def _object(needs: str, **members: Any) -> dict[str, Any]:
    return {"members": members, "needs": needs.split()}


def _list(of: Any) -> dict[str, Any]:
    return {"list": of}


_LICENSED: dict[str, Any] = {
    "licenseConcluded": "s",
    "licenseComments": "s",
    "copyrightText": "s",
    "attributionTexts": _list("s"),
}
_SHAPES: dict[str, Any] = {
    "document": _object(
        "spdxVersion dataLicense SPDXID name documentNamespace creationInfo",
        spdxVersion={"enum": ["SPDX-2.2", "SPDX-2.3"]},
        dataLicense={"enum": ["CC0-1.0"]},
        SPDXID={"enum": ["SPDXRef-DOCUMENT"]},
        name="s",
        documentNamespace=_URI,
        externalDocumentRefs=_list({"ref": "external-document"}),
        comment="s",
        creationInfo=_object(
            "created creators",
            created=_TIME,
            creators={"list": _CREATOR, "least": 1},
            comment="s",
            licenseListVersion="s",
        ),
        packages=_list({"ref": "package"}),
        files=_list({"ref": "file"}),
        snippets=_list({"ref": "snippet"}),
        hasExtractedLicensingInfos=_list({"ref": "licence"}),
        relationships=_list({"ref": "relationship"}),
        annotations=_list({"ref": "annotation"}),
        documentDescribes=_list("s"),
        revieweds=_list("*"),
    ),
    "package": _object(
        "name SPDXID downloadLocation",
        name="s",
        SPDXID=_ID,
        versionInfo="s",
        packageFileName="s",
        supplier=_PARTY,
        originator=_PARTY,
        downloadLocation="s",
        filesAnalyzed="b",
        packageVerificationCode=_object(
            "packageVerificationCodeValue", packageVerificationCodeValue="s", packageVerificationCodeExcludedFiles=_list("s")
        ),
        checksums=_list({"ref": "checksum"}),
        homepage="s",
        sourceInfo="s",
        licenseInfoFromFiles=_list("s"),
        licenseDeclared="s",
        summary="s",
        description="s",
        comment="s",
        externalRefs=_list({"ref": "external-reference"}),
        annotations=_list({"ref": "annotation"}),
        hasFiles=_list("s"),
        primaryPackagePurpose={"enum": [*PURPOSES.values(), "OPERATING-SYSTEM"]},
        releaseDate=_TIME,
        builtDate=_TIME,
        validUntilDate=_TIME,
        **_LICENSED,
    ),
    "file": _object(
        "fileName SPDXID checksums",
        fileName="s",
        SPDXID=_ID,
        fileTypes=_list({"enum": _FILE_TYPES}),
        checksums={"list": {"ref": "checksum"}, "least": 1},
        licenseInfoInFiles=_list("s"),
        comment="s",
        noticeText="s",
        fileContributors=_list("s"),
        fileDependencies=_list("s"),
        artifactOfs=_list("*"),
        annotations=_list({"ref": "annotation"}),
        **_LICENSED,
    ),
    "snippet": _object(
        "SPDXID snippetFromFile ranges",
        SPDXID=_ID,
        snippetFromFile="s",
        ranges=_list("*"),
        licenseInfoInSnippets=_list("s"),
        comment="s",
        name="s",
        annotations=_list({"ref": "annotation"}),
        **_LICENSED,
    ),
    "licence": _object(
        "licenseId extractedText",
        licenseId=_LICENCE_ID,
        extractedText="s",
        name="s",
        seeAlsos=_list("s"),
        crossRefs=_list("*"),
        comment="s",
    ),
    "relationship": _object(
        "spdxElementId relatedSpdxElement relationshipType",
        spdxElementId="s",
        relatedSpdxElement="s",
        relationshipType={"enum": list(RELATIONS)},
        comment="s",
    ),
    "annotation": _object(
        "annotationDate annotationType annotator comment",
        annotationDate=_TIME,
        annotationType={"enum": ["OTHER", "REVIEW"]},
        annotator=_ANNOTATOR,
        comment="s",
    ),
    "checksum": _object(
        "algorithm checksumValue",
        algorithm={"enum": list(ALGORITHMS.values())},
        checksumValue={"is": "string", "pattern": r"^[0-9A-Fa-f]+$"},
    ),
    "external-document": _object(
        "externalDocumentId spdxDocument checksum",
        externalDocumentId=_EXTERNAL_ID,
        spdxDocument="s",
        checksum={"ref": "checksum"},
    ),
    "external-reference": _object(
        "referenceCategory referenceLocator referenceType",
        referenceCategory={"enum": _CATEGORIES},
        referenceLocator="s",
        referenceType="s",
        comment="s",
    ),
}


def _old_shapes() -> dict[str, Any]:
    """2.2: fewer algorithms, purposes and dates; licences and copyright are mandatory."""
    package, file, checksum = _SHAPES["package"], _SHAPES["file"], _SHAPES["checksum"]
    new = ("primaryPackagePurpose", "releaseDate", "builtDate", "validUntilDate")
    members = {name: one for name, one in package["members"].items() if name not in new}
    relations = [name for name in RELATIONS if name not in _NEW_RELATIONS]
    relationship = _SHAPES["relationship"]["members"] | {"relationshipType": {"enum": relations}}
    return _SHAPES | {
        "package": {"members": members, "needs": [*package["needs"], "licenseConcluded", "licenseDeclared", "copyrightText"]},
        "file": {"members": file["members"], "needs": [*file["needs"], "licenseConcluded", "copyrightText"]},
        "relationship": {"members": relationship, "needs": _SHAPES["relationship"]["needs"]},
        "checksum": {
            "members": checksum["members"] | {"algorithm": {"enum": sorted(OLD_ALGORITHMS)}},
            "needs": checksum["needs"],
        },
    }


@cache
def spdx2_check(version: str) -> Check:
    """The check of a whole document of that version."""
    shape = compile_shape({"ref": "document"}, _SHAPES if version >= "2.3" else _old_shapes())

    def check(document: Any) -> Found:
        return shape(document) or list(_references(document))

    return check


def _references(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    defined = {document["SPDXID"]}
    for name in ("packages", "files", "snippets"):
        for index, one in enumerate(document.get(name, ())):
            if one["SPDXID"] in defined:
                yield f"/{name}/{index}", f"has the identifier {one['SPDXID']}, which is taken"
            defined.add(one["SPDXID"])

    def known(ref: str) -> bool:
        return ref in defined or ref in _ANYWHERE or ref.startswith("DocumentRef-")

    for index, one in enumerate(document.get("relationships", ())):
        for name in ("spdxElementId", "relatedSpdxElement"):
            if not known(one[name]):
                yield f"/relationships/{index}", f"names {one[name]}, which is not defined"
                break
    for index, ref in enumerate(document.get("documentDescribes", ())):
        if not known(ref):
            yield f"/documentDescribes/{index}", f"names {ref}, which is not defined"
    for number, package in enumerate(document.get("packages", ())):
        for index, ref in enumerate(package.get("hasFiles", ())):
            if not known(ref):
                yield f"/packages/{number}/hasFiles/{index}", f"names {ref}, which is not defined"
