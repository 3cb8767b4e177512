"""A document of any tool in any of the formats, recognised by its content, as a `Document`. Pure.

Strict unless told otherwise: a document with errors is refused, and the first of them are named with their place. Leniently,
what is wrong is taken out, and every part taken out is named. Never read, either way: more than 256 MiB, deeper than 64
levels, more than 500,000 parts, nor what says more than ten times as much with what it refers to put in place.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

from pratique.attest import strictjson
from pratique.documents.document import Document
from pratique.documents.repair import repair
from pratique.documents.shape import Check, Found, Problem, compile_shape, cyclonedx_check, problems_of
from pratique.documents.spread import check_spread_of_parts
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object

MAX_BYTES = 256 << 20
MAX_DEPTH = 64
MAX_PARTS = 500_000
_TAG = lazy(rb"^[ \t]*SPDXVersion[ \t]*:", re.MULTILINE)
_ENCODING = lazy(rb"^(\s*<\?xml[^>]{0,200}?)\s+encoding\s*=\s*[\"'][^\"'>]{0,40}[\"']")
_HALF = lazy(rb"\\u[dD][89a-fA-F]")
_HALVED = Problem("", "has halves of characters (surrogates): question marks stand there")
_SHOWN = 3
PutRight = Callable[[Any], tuple[Problem, ...]]
_READ = "CycloneDX and SPDX are read, Pratique's own JSON, syft's, trivy's, and GitHub's snapshots"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read. `format`: a name of `names.FORMATS`. `title`: with its version, for people. `repaired`: what was taken
    out to make it fit, empty for a document without errors; `passed_over`: what no reader has to understand (XML extensions)."""

    document: Document
    format: str
    title: str
    repaired: tuple[Problem, ...] = ()
    passed_over: tuple[Problem, ...] = ()


def read_document(data: bytes, *, lenient: bool = False) -> Reading:
    """Read a document. Raises Malformed with the first errors and their places; LimitExceeded."""
    return _settled(_read(data, lenient), lenient)


def _settled(reading: Reading, lenient: bool) -> Reading:
    """Leniently, without references to what is not there; the writers leave out those that were read strictly."""
    document = reading.document
    subject = () if document.subject is None else (document.subject,)
    check_spread_of_parts(chain(subject, document.walk(), document.files))
    if not lenient:
        return reading
    from pratique.documents.dangling import without_dangling

    document, dangling = without_dangling(document, document.family)
    return replace(reading, document=document, repaired=(*reading.repaired, *dangling)) if dangling else reading


def _read(data: bytes, lenient: bool) -> Reading:
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"a bill of materials of more than {MAX_BYTES >> 20} MiB")
    data = _in_utf8(data)
    start = data[:256].lstrip()
    if start.startswith(b"<"):
        return _read_xml(data, lenient)
    if start.startswith(b"{"):
        if not lenient:
            return _read_value(strictjson.load_json(data, what="the document", max_depth=MAX_DEPTH), False)
        value = read_json_object(data)
        if not _HALF.search(data):
            return _read_value(value, True)
        strictjson.check_depth(value, "the document", MAX_DEPTH)
        whole = _whole(value)
        reading = _read_value(whole, True)
        return reading if whole == value else replace(reading, repaired=(_HALVED, *reading.repaired))
    if _TAG.search(data[:65_536]):
        return _read_tags(data, lenient)
    raise Malformed("no bill of materials in a known format", hint=_READ)


def _in_utf8(data: bytes) -> bytes:
    """The same in UTF-8 without a byte order mark: programs on Windows write UTF-16 when their output is redirected."""
    text = as_utf8(data)
    if text is data or data.endswith(text):
        return text
    if b"\xef\xbf\xbd" in text:
        raise Malformed("begins like UTF-16, and is none", hint="save it as UTF-8")
    return _ENCODING.sub(rb"\1", text, count=1)


def read_value(value: Any, *, lenient: bool = False) -> Reading:
    """The same of JSON that was parsed already, such as an attestation's predicate."""
    return _settled(_read_value(value, lenient), lenient)


def _read_value(value: Any, lenient: bool) -> Reading:
    strictjson.check_depth(value, "the document", MAX_DEPTH)
    if not isinstance(value, dict):
        raise Malformed("no bill of materials: not a JSON object")
    if "bomFormat" in value:
        return _read_cyclonedx(value, "cyclonedx-json", lenient)
    if "spdxVersion" in value:
        return _read_spdx2(value, (), "spdx-json", lenient)
    if "@context" in value:
        return _read_spdx3(value, lenient)
    if "pratique" in value:
        from pratique.documents.native.parse import document_from_native

        return Reading(document=document_from_native(value), format="json", title="Pratique JSON")
    if isinstance(value.get("artifacts"), list) and "descriptor" in value:
        return _read_foreign(value, "syft", lenient)
    if "SchemaVersion" in value and "ArtifactName" in value:
        return _read_foreign(value, "trivy", lenient)
    if "manifests" in value and "detector" in value:
        return _read_foreign(value, "github", lenient)
    if "_type" in value or "payloadType" in value:
        raise Malformed("a statement about something, no bill of materials", hint="give its predicate")
    raise Malformed("no bill of materials in a known format", hint=_READ)


def _read_foreign(value: dict[str, Any], tool: str, lenient: bool) -> Reading:
    """What is no format of a standard."""
    if tool == "syft":
        from pratique.documents.foreign.syft import SHAPES, document_from_syft

        title, shapes, read = "syft JSON", SHAPES, document_from_syft
    elif tool == "trivy":
        from pratique.documents.foreign.trivy import SHAPES, document_from_trivy

        title, shapes, read = "trivy JSON", SHAPES, document_from_trivy
    else:
        from pratique.documents.foreign.github import SHAPES, document_from_github

        title, shapes, read = "GitHub dependency snapshot", SHAPES, document_from_github
    repaired = _settle(value, compile_shape({"ref": tool}, shapes), title, lenient, ())
    document = read(value)
    _limit(len(document.parts))
    return Reading(document=document, format=f"{tool}-json", title=title, repaired=repaired)


def _read_xml(data: bytes, lenient: bool) -> Reading:
    from pratique.documents.cyclonedx.xml_parse import xml_to_json

    value, problems, foreign = xml_to_json(data)
    return _read_cyclonedx(value, "cyclonedx-xml", lenient, problems, foreign)


def _read_cyclonedx(
    value: dict[str, Any], name: str, lenient: bool, problems: Sequence[Problem] = (), foreign: Sequence[Problem] = ()
) -> Reading:
    from pratique.documents.cyclonedx.parse import document_from_cyclonedx
    from pratique.documents.lenient.cyclonedx import put_cyclonedx_right

    version = value.get("specVersion")
    form = "XML" if name == "cyclonedx-xml" else "JSON"
    if value["bomFormat"] != "CycloneDX" or not isinstance(version, str):
        raise Malformed("not CycloneDX", hint="bomFormat is CycloneDX, specVersion is a text")
    title = f"CycloneDX {version[:10]} {form}"
    known = version in (("1.0", "1.1") if form == "XML" else ()) + ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
    if not known and not lenient:
        raise Malformed(f"{title} is not known", hint="versions 1.2 to 1.7 are read, as XML from 1.0 on")
    if not known:
        problems = (*problems, Problem("/specVersion", f"is {version[:20]!r}, which is not known: read as 1.7"))
    by = version if known and version >= "1.2" else "1.2" if known else "1.7"
    stated, value["specVersion"] = version, by
    repaired = _settle(value, _cyclonedx_check(by, form), title, lenient, problems, put_cyclonedx_right)
    _count(value)
    value["specVersion"] = stated
    document = document_from_cyclonedx(value)
    return Reading(document=document, format=name, title=title, repaired=repaired, passed_over=tuple(foreign))


def _cyclonedx_check(version: str, form: str) -> Check:
    """The shape; and, which no schema says, that each bom-ref of a component is its own."""
    shape = cyclonedx_check(version, xml=form == "XML")
    return lambda value: shape(value) or _twice(value)


def _twice(value: dict[str, Any]) -> Found:
    found: Found = []
    seen: set[str] = set()
    subject = (value.get("metadata") or {}).get("component")
    waiting: list[tuple[dict[str, Any], str]] = [
        (one, f"/components/{index}") for index, one in reversed(list(enumerate(value.get("components", ()))))
    ]
    if subject is not None:
        waiting.append((subject, "/metadata/component"))
    while waiting:
        one, place = waiting.pop()
        ref = one.get("bom-ref")
        if ref in seen:
            found.append((f"{place}/bom-ref", f"is {ref[:60]!r}, which is taken"))
        elif ref:
            seen.add(ref)
        inner = one.get("components", ())
        waiting += [(inner[index], f"{place}/components/{index}") for index in reversed(range(len(inner)))]
    return found


def _read_tags(data: bytes, lenient: bool) -> Reading:
    from pratique.documents.spdx2.tags_parse import tags_to_json

    value, problems = tags_to_json(data)
    return _read_spdx2(value, problems, "spdx-tag-value", lenient)


def _read_spdx2(value: dict[str, Any], problems: Sequence[Problem], name: str, lenient: bool) -> Reading:
    from pratique.documents.lenient.spdx2 import put_spdx2_right
    from pratique.documents.spdx2.parse import document_from_spdx2
    from pratique.documents.spdx2.shape import spdx2_check

    version = str(value.get("spdxVersion")).removeprefix("SPDX-")
    title = f"SPDX {version[:10]} {'tag-value' if name == 'spdx-tag-value' else 'JSON'}"
    if version not in ("2.1", "2.2", "2.3") and not (lenient and version.startswith("2.")):
        raise Malformed(f"{title} is not known", hint="versions 2.1 to 2.3 and 3.0 are read")
    value["spdxVersion"] = "SPDX-2.2" if version < "2.3" else "SPDX-2.3"
    by = "2.2" if version < "2.3" else "2.3"
    repaired = _settle(value, spdx2_check(by), title, lenient, problems, partial(put_spdx2_right, version=by))
    _limit(len(value.get("packages", ())) + len(value.get("files", ())))
    return Reading(document=document_from_spdx2(value), format=name, title=title, repaired=repaired)


def _read_spdx3(value: dict[str, Any], lenient: bool) -> Reading:
    from pratique.documents.lenient.spdx3 import put_spdx3_right
    from pratique.documents.spdx3.parse import document_from_spdx3
    from pratique.documents.spdx3.shape import spdx3_check

    repaired = _settle(value, spdx3_check, "SPDX 3.0.1 JSON", lenient, (), put_spdx3_right)
    _limit(len(value.get("@graph", ())) // 4)
    document = document_from_spdx3(value)
    return Reading(document=document, format="spdx-json", title=f"SPDX {document.spec_version[:10]} JSON", repaired=repaired)


def _settle(
    value: Any, check: Check, title: str, lenient: bool, problems: Sequence[Problem], put_right: PutRight | None = None
) -> tuple[Problem, ...]:
    """What was wrong: nothing in a document that is read strictly. Leniently, first what is known to be meant is put right."""
    if lenient:
        right: tuple[Problem, ...] = ()
        if put_right is not None and (problems or check(value)):
            from pratique.documents.lenient.marks import without_nulls

            right = put_right(without_nulls(value))
        try:
            return (*problems, *right, *repair(value, check))
        except Malformed as error:
            raise Malformed(f"{title} with errors that leave nothing to read: {error.message}") from error
    found = (*problems, *problems_of(check, value))
    if found:
        more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        first = "; ".join(str(one) for one in found[:_SHOWN])
        raise Malformed(f"{title} with errors: {first}{more}", hint="--lenient reads what is right in it")
    return ()


def _count(value: dict[str, Any]) -> None:
    waiting = [value.get("components", ())]
    count = 0
    while waiting:
        rows = waiting.pop()
        count += len(rows)
        _limit(count)
        waiting += [one["components"] for one in rows if one.get("components")]


def _whole(value: Any) -> Any:
    """The same with a question mark for each half of a surrogate pair: no text of any format can hold one."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(name): _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value


def _limit(count: int) -> None:
    if count > MAX_PARTS:
        raise LimitExceeded(f"more than {MAX_PARTS} components")
