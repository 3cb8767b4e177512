"""Documents of the CycloneDX and SPDX projects' test data merge with each other, in every format, and find each other's parts."""

from hashlib import sha256
from itertools import pairwise

import pytest
from vector_files import VECTORS

from pratique.documents.document import Family
from pratique.documents.merge.merge import Input, merge_documents
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document
from pratique.errors import Malformed

FAMILIES = {
    "cyclonedx-json@1.4": Family.CYCLONEDX,
    "cyclonedx-json@1.7": Family.CYCLONEDX,
    "cyclonedx-xml@1.6": Family.CYCLONEDX,
    "spdx-json@2.3": Family.SPDX2,
    "spdx-tag-value": Family.SPDX2,
    "spdx-json@3.0.1": Family.SPDX3,
    "json": None,
}


def opened(path):
    """An input, or None for a document that is refused."""
    data = path.read_bytes()
    try:
        return Input(document=read_document(data).document, sha256=sha256(data).hexdigest(), label=path.name)
    except Malformed:
        return None


def everything(document):
    return [*([document.subject] if document.subject else []), *document.walk(), *document.files]


def raw_names(value):
    """What raw members name."""
    if isinstance(value, dict):
        own = [value[key] for key in ("bom-ref", "spdxId", "@id", "SPDXID", "externalSpdxId") if isinstance(value.get(key), str)]
        return own + [name for one in value.values() for name in raw_names(one)]
    return [name for one in value for name in raw_names(one)] if isinstance(value, list) else []


def dangling(document):
    defined = {part.ref for part in everything(document)} | {""}
    for part in everything(document):
        defined.update(raw_names(dict(part.extra)), raw_names([dict(one.extra) for one in part.licences]))
    defined.update(raw_names(dict(document.extra)), raw_names(list(document.vulnerabilities)))
    used = {ref for one in document.relations for ref in (one.source, *one.targets)}
    used |= {ref for one in document.completeness for ref in (*one.assemblies, *one.dependencies)}
    used |= {ref for one in document.annotations for ref in one.subjects}
    return {ref for ref in used - defined if not ref.startswith(("urn:cdx:", "DocumentRef-"))}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("folder", ["cyclonedx/tools", "spdx"])
def test_neighbours_merge_in_every_format_and_what_is_written_is_read(folder, name):
    if not (VECTORS / folder).exists():
        pytest.skip(f"the public vectors {folder} are not here")
    paths = sorted(path for path in (VECTORS / folder).rglob("*") if path.suffix in (".json", ".xml", ".spdx"))
    found = [one for one in map(opened, paths) if one is not None]
    assert len(found) > 40
    other = found[len(found) // 2]
    for one, next_ in [*pairwise(found), *((one, other) for one in found)]:
        merged = merge_documents([one, next_], family=FAMILIES[name], name="p", version="1")
        again = read_document(render_document(merged.document, parse_target(name), environ={}).data).document
        assert len(everything(again)) == len(everything(merged.document)), (one.label, next_.label)
        assert dangling(merged.document) == set(), (one.label, next_.label)


@pytest.mark.parametrize("folder", ["example3", "example4", "example5", "example6"])
def test_documents_that_speak_of_each_others_parts_find_them(folder):
    """Binaries are said to be made of sources that another document lists: `DocumentRef-main-src:SPDXRef-main-src`."""
    paths = sorted((VECTORS / "spdx" / "software" / folder / "spdx2.2").glob("*.spdx"))
    if not paths:
        pytest.skip("the public vectors spdx are not here")
    found = [opened(path) for path in paths]
    alone = merge_documents(found[:1], family=Family.SPDX2)
    merged = merge_documents(found, family=Family.SPDX2, name="p", version="1")
    assert external(alone.document) and external(merged.document) == []
    assert merged.left_out == ()


def external(document):
    refs = [ref for one in document.relations for ref in (one.source, *one.targets)]
    return [ref for ref in refs if ref.startswith("DocumentRef-")]
