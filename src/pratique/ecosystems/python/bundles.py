"""Which distributions lie within the package of another, and what lists of copies tell (see `vendored`). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pratique.cataloging.cataloger import Collector
from pratique.ecosystems.python.distribution import Distribution, beside_of
from pratique.ecosystems.python.names import normalised
from pratique.ecosystems.python.vendored import VENDOR_LISTS, folders_with_copies, is_vendor_list, read_vendor_list
from pratique.lexicon.purl import build_purl
from pratique.model import Component, Presence

_MAX_HOLDERS = 20
_MAX_FOLDERS = 64
_VENDOR = "/_vendor"


def copies(out: Collector) -> Iterator[Distribution]:
    """What lists of copies tell."""
    lists = [path for path in out.tree.kept(VENDOR_LISTS) if is_vendor_list(path)]
    whole = folders_with_copies({path.rpartition("/")[0] for path in lists}, out.tree.entries)
    for path in lists:
        folder = path.rpartition("/")[0]
        if folder not in whole:
            continue
        for name, version in read_vendor_list(out.text(path) or ""):
            key = normalised(name)
            purl = build_purl("pypi", key, version)
            layer = out.layer_of(path)
            component = Component(ref=purl, purl=purl, type="pypi", name=name, version=version, evidence=(path,), layer=layer)
            yield Distribution(key, folder, path, replace(component, presence=Presence.EMBEDDED), ())


def settle_bundles(
    out: Collector, found: list[Distribution], beside: Mapping[tuple[str, str], Distribution]
) -> tuple[list[Distribution], dict[str, set[str]]]:
    """The distributions, those within others marked as such; and path of a distribution → refs of what is bundled in it."""
    held: dict[str, set[str]] = {}
    holders: dict[str, dict[str, None]] = {}
    inside: list[bool] = []
    packages = _packages_by_record(out, beside) if any(is_vendor_list(one.path) or _VENDOR in one.folder for one in found) else {}
    for one in found:
        holder = _holder(one, beside, packages)
        inside.append(holder is not None and holder.component.ref != one.component.ref)
        if holder is not None and inside[-1]:
            held.setdefault(holder.path, set()).add(one.component.ref)
            holders.setdefault(one.component.ref, {})[holder.component.ref] = None
    marked: list[Distribution] = []
    for one, is_inside in zip(found, inside, strict=True):
        if is_inside:
            names = list(holders[one.component.ref])[:_MAX_HOLDERS]
            facts = {**one.component.facts, "bundled-in": ", ".join(names)}
            one = replace(one, component=replace(one.component, presence=Presence.EMBEDDED, facts=facts))  # noqa: PLW2901
        marked.append(one)
    return marked, held


def _holder(
    one: Distribution, beside: Mapping[tuple[str, str], Distribution], packages: Mapping[tuple[str, str], Distribution]
) -> Distribution | None:
    """The distribution within whose package this one lies: `site-packages/pip/_vendor` is in `pip` of `site-packages`."""
    parts = one.folder.split("/", _MAX_FOLDERS)
    for count in range(min(len(parts), _MAX_FOLDERS) - 1, -1, -1):
        site, package = "/".join(parts[:count]), parts[count]
        holder = beside.get((site, normalised(package))) or packages.get((site, package))
        if holder is not None:
            return holder
    return None


def _packages_by_record(out: Collector, beside: Mapping[tuple[str, str], Distribution]) -> dict[tuple[str, str], Distribution]:
    """(site directory, package) → whose it is, of packages that are not called as their distribution: `pkg_resources`."""
    found: dict[tuple[str, str], Distribution] = {}
    for one in beside.values():
        record = out.text(beside_of(one.path, "RECORD")) or ""
        for line in record.split("\n"):
            package, slash, rest = line.partition("/")
            if slash and _VENDOR in f"/{rest}":
                found.setdefault((one.folder, package), one)
    return found
