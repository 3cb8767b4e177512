"""Installed Python distributions: `*.dist-info` (METADATA, RECORD) and `*.egg-info` (core metadata; PEP 376, 566, 639).

What lies within the package of another distribution, or is told by its list of copies (`vendored`), is EMBEDDED and bundled in
it.
"""

import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import normpath
from urllib.parse import unquote

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.origins import at_address, at_repository
from pratique.cataloging.package_lists import local_ref
from pratique.ecosystems.python.bundles import copies, settle_bundles
from pratique.ecosystems.python.classifiers import CLASSIFIERS
from pratique.ecosystems.python.distribution import Distribution, beside_of
from pratique.ecosystems.python.names import normalised
from pratique.ecosystems.python.vendored import VENDOR_LISTS, is_vendor_list
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import choice, is_prose, normalise
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, table_or_empty
from pratique.model import Component, Edges, Tree

_METADATA = (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info", "EGG-INFO/PKG-INFO")
_NOTES = (".dist-info/INSTALLER", ".dist-info/direct_url.json")
_LISTS = (".dist-info/RECORD", ".egg-info/installed-files.txt", ".egg-info/SOURCES.txt", ".egg-info/requires.txt")
_WANTED = (*_METADATA, *_NOTES, *_LISTS)
_MAX_HEADERS = 20_000
_REQUIREMENT = lazy(r"[ \t]*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_CHOICE = lazy(r"\b(?:dual|dually|either|choice|multiple|multi|triple)\b", 2)  # re.IGNORECASE
_REFERENCE = lazy(r"LicenseRef-[A-Za-z0-9.-]+")
_EXTRA = lazy(r"\bextra\s*==")


class PythonCataloger:
    """See the module."""

    name = "python"
    version = 3
    interest = Interest(
        names=frozenset(
            {
                "METADATA",
                "RECORD",
                "PKG-INFO",
                "installed-files.txt",
                "SOURCES.txt",
                "requires.txt",
                "INSTALLER",
                "direct_url.json",
                *VENDOR_LISTS,
            }
        ),
        endings=frozenset({".egg-info"}),
    )
    probes = ()

    def keeps(self, path: str) -> bool:
        """Core metadata and the lists of installed files beside it, and lists of copies."""
        return path.endswith(_WANTED) or is_vendor_list(path)

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each installed distribution."""
        out = Collector(tree)
        found = list(_distributions(out))
        installed: dict[str, Distribution] = {}
        beside: dict[tuple[str, str], Distribution] = {}
        for one in found:
            installed.setdefault(one.key, one)
            beside.setdefault((one.folder, one.key), one)
        found, held = settle_bundles(out, [*found, *copies(out)], beside)
        for one in found:
            refs = set(held.get(one.path, ()))
            edges = one.component.edges
            for name, conditional in one.requires:
                if not out.step(one.path):
                    edges = Edges.INCOMPLETE
                    break
                other = beside.get((one.folder, name)) or installed.get(name)
                if other is not None and other.component.ref != one.component.ref:
                    refs.add(other.component.ref)
                elif other is None and not conditional and edges is Edges.COMPLETE:
                    edges = Edges.INCOMPLETE
            if out.component(replace(one.component, depends=tuple(sorted(refs)), edges=edges)):
                _claim_files(out, one)
        return out.result()


def _distributions(out: Collector) -> Iterator[Distribution]:
    for path in sorted(out.tree.contents):
        if not path.endswith(_METADATA):
            continue
        fields = _headers(out.text(path) or "")
        name, version = clean(_first(fields, "name"), 200), clean(_first(fields, "version"), 200)
        if not name or not version:
            out.unread(path, f"Python metadata without a {'version' if name else 'name'}")
            if not name:
                continue
        key = normalised(name)
        facts, qualifiers = _facts(out, path)
        ref = purl = build_purl("pypi", key, version, qualifiers=qualifiers)
        if "location" in facts:
            ref, purl = local_ref("pypi", name, version, facts["location"]), ""
        folder = _folder(path)
        component = Component(
            ref=ref,
            purl=purl,
            type="pypi",
            name=name,
            version=version,
            licences=_licences(fields),
            supplier=_supplier(fields),
            description=clean(_first(fields, "summary")),
            homepage=_homepage(fields),
            evidence=(path,),
            layer=out.layer_of(path),
            facts=facts,
            # What distutils wrote into one file does not say what is needed.
            edges=Edges.UNKNOWN if path.endswith(".egg-info") else Edges.COMPLETE,
        )
        requires = [*fields.get("requires-dist", ()), *_egg_requires(out.text(beside_of(path, "requires.txt")) or "")]
        yield Distribution(key, folder, path, component, tuple(_required(requires)))


def _facts(out: Collector, path: str) -> tuple[dict[str, str], Mapping[str, str]]:
    """Who installed it (PEP 376), and where from, if it was not from an index (PEP 610): as facts, and for the purl.

    What was built from a folder is the project's own. An archive that lay on the disk may have been fetched from the index.
    """
    qualifiers: Mapping[str, str] = {}
    facts = {"installer": clean((out.text(beside_of(path, "INSTALLER")) or "")[:200], 50)}
    direct = out.tree.contents.get(beside_of(path, "direct_url.json"))
    if direct is not None:
        try:
            document = read_json_object(direct)
        except Malformed as error:
            out.unread(beside_of(path, "direct_url.json"), error.message)
            document = {}
        vcs = table_or_empty(document.get("vcs_info"))
        commit, kind = clean(vcs.get("commit_id"), 100), clean(vcs.get("vcs"), 20)
        address = clean_url(document.get("url"))
        facts["resolved"] = f"{kind}+{address}@{commit}" if kind and commit else address
        facts["editable"] = "true" if table_or_empty(document.get("dir_info")).get("editable") is True else ""
        if kind:
            qualifiers = at_repository(address, commit, tool=kind, folder=document.get("subdirectory")).qualifiers
        elif address.startswith("file:"):
            facts["location"] = unquote(address.removeprefix("file://")) if isinstance(document.get("dir_info"), dict) else ""
        else:
            qualifiers = at_address(address).qualifiers
    return {key: value for key, value in facts.items() if value}, qualifiers


def _folder(path: str) -> str:
    """The site directory that metadata at `path` describes."""
    if path.endswith("/EGG-INFO/PKG-INFO"):
        return path.removesuffix("/EGG-INFO/PKG-INFO")
    if path.endswith((".dist-info/METADATA", ".egg-info/PKG-INFO")):
        path = path.rpartition("/")[0]
    return path.rpartition("/")[0]


def _headers(text: str) -> dict[str, list[str]]:
    """The header of an RFC 5322 message, names in lower case; the body is a description and is not looked at."""
    fields: dict[str, list[str]] = {}
    last: list[str] | None = None
    for count, line in enumerate(text.split("\n", _MAX_HEADERS)[:_MAX_HEADERS]):
        line = line.rstrip("\r")  # noqa: PLW2901
        if not line:
            if count:
                break
            continue
        if line[0] in " \t":
            if last is not None and len(last[-1]) < 10_000:
                last[-1] += "\n" + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            last = fields.setdefault(name.strip().lower(), [])
            last.append(value.strip())
    return fields


def _first(fields: Mapping[str, list[str]], name: str) -> str:
    values = fields.get(name)
    value = values[0] if values else ""
    return "" if value == "UNKNOWN" else value


def _licences(fields: Mapping[str, list[str]]) -> tuple[str, ...]:
    """PEP 639's expression; else a licence field that is a name; else what the classifiers name.

    Several classifiers hold together, unless the field says that there is a choice between them (`Dual License`).
    """
    expression = _first(fields, "license-expression")
    if expression:
        return tuple(filter(None, [normalise(expression)]))
    field = _first(fields, "license")
    named = normalise(field) if field and "\n" not in field and not is_prose(field) else ""
    found = _classified(fields)
    if named and not _REFERENCE.fullmatch(named):
        # What the field and the classifiers say both holds: neither is to hide what only the other names.
        families = {name.partition("-")[0] for name in re.split(r"[ ()]+", named)}
        others = {name for name in found if name.partition("-")[0] not in {*families, "LicenseRef"}}
        return tuple(sorted({named, *others}))
    if any(name.startswith("BSD-") for name in found):
        found.discard("LicenseRef-BSD-License")  # which of them, another one says
    if len(found) > 1 and _CHOICE.search(field):
        return choice(sorted(found))
    if not found and field and not named:
        named = normalise(field)  # a whole text: known by how it begins, or not at all
        return () if not named or named.startswith("LicenseRef-") else (named,)
    return tuple(sorted(found)) or ((named,) if named else ())


def _classified(fields: Mapping[str, list[str]]) -> set[str]:
    prefix = "License :: "
    endings = {text.rpartition(" :: ")[2] for text in fields.get("classifier", ()) if text.startswith(prefix)}
    return {CLASSIFIERS.get(text) or normalise(text) for text in endings if text != "OSI Approved"} - {""}


def _supplier(fields: Mapping[str, list[str]]) -> str:
    for name in ("author", "maintainer", "author-email", "maintainer-email"):
        text = clean(_first(fields, name))
        if text:
            return text
    return ""


def _homepage(fields: Mapping[str, list[str]]) -> str:
    page = clean(_first(fields, "home-page"))
    if page:
        return page
    labelled: dict[str, str] = {}
    for value in fields.get("project-url", ()):
        label, _, url = value.partition(",")
        labelled.setdefault(label.strip().lower(), clean(url))
    return labelled.get("homepage") or labelled.get("home") or labelled.get("source") or next(iter(labelled.values()), "")


def _required(requirements: list[str]) -> Iterator[tuple[str, bool]]:
    """Normalised names (PEP 508), and whether a marker makes them conditional. Those of an extra are not what it needs itself."""
    for requirement in requirements:
        head, _, marker = requirement.partition(";")
        match = _REQUIREMENT.match(head)
        if match and not _EXTRA.search(marker):
            yield normalised(match[1]), bool(marker.strip())


def _egg_requires(text: str) -> list[str]:
    """setuptools' requires.txt: what stands before the first [section]."""
    return [line for line in text.partition("\n[")[0].split("\n") if line and not line.startswith(("[", "#"))]


def _claim_files(out: Collector, one: Distribution) -> None:
    if one.path.endswith(".dist-info/METADATA"):
        record = beside_of(one.path, "RECORD")
        if record in out.tree.contents:
            _claim_record(out, one, record)
            out.claim(record, one.component.ref)
    elif one.path.endswith(".egg-info/PKG-INFO"):
        _claim_listed(out, one)
    if is_vendor_list(one.path):
        return  # whose list it is, its holder's record says
    out.claim(one.path, one.component.ref)  # last: a digest that was recorded for it counts before


def _claim_record(out: Collector, one: Distribution, record: str) -> None:
    """RECORD is CSV: path, `sha256=` and unpadded urlsafe base64, size; the paths are relative to the site directory."""
    text = out.tree.contents[record].decode("utf-8", "surrogateescape")
    broken = 0
    for line in text.split("\n"):
        path, digest = _record_row(line.rstrip("\r"))
        if not path:
            continue
        name, _, encoded = digest.partition("=")
        value = ""
        if name == "sha256":
            try:
                value = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).hex()
            except (Base64Error, ValueError):
                broken += 1
        place = _inside(one.folder, path)
        if place is not None:
            out.claim(place, one.component.ref, "sha256" if value else "", value)
        else:
            broken += 1
    if broken:
        out.unknown(record, f"{broken} rows that name no file inside, or no digest")


def _record_row(line: str) -> tuple[str, str]:
    if line.startswith('"'):
        end = line.find('",')
        path = line[1:end].replace('""', '"') if end > 0 else ""
        rest = line[end + 2 :] if end > 0 else ""
        return path, rest.partition(",")[0]
    path, _, rest = line.partition(",")
    return path, rest.partition(",")[0]


def _inside(folder: str, path: str) -> str | None:
    """`path` as written in a list in `folder`, from the artifact's root; None when it leaves the root."""
    if path.startswith("/"):
        return normpath(path).lstrip("/") or None
    if ".." not in path and "./" not in path:
        return f"{folder}/{path}" if folder else path
    place = normpath(f"{folder}/{path}")
    return None if place.startswith("..") or place in (".", "/") else place.lstrip("/")


def _claim_listed(out: Collector, one: Distribution) -> None:
    """What setuptools wrote down: installed-files.txt relative to the egg-info folder, SOURCES.txt to the site directory."""
    egg_info = one.path.rpartition("/")[0]
    for name, base in (("installed-files.txt", egg_info), ("SOURCES.txt", one.folder)):
        listed = out.tree.contents.get(f"{egg_info}/{name}")
        if listed is None:
            continue
        for line in listed.decode("utf-8", "surrogateescape").split("\n"):
            place = _inside(base, line.strip()) if line.strip() else None
            if place is not None and place in out.tree.entries:
                out.claim(place, one.component.ref)
        out.claim(f"{egg_info}/{name}", one.component.ref)
