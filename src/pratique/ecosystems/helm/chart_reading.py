"""The charts of a tree, with what each names: charts that it needs, images of its values and templates (Helm, «Charts»). Pure.

Templates are read as text and never executed. An image that only a rendering could tell is an `Unknown` with its line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.manifests.collector import ImageCollector
from pratique.cataloging.manifests.image_reference import parse_image_reference
from pratique.cataloging.manifests.images import INCLUDED, VALUE_PATH
from pratique.cataloging.manifests.probe import ManifestProbe
from pratique.cataloging.origins import place_in
from pratique.cataloging.package_lists import local_ref
from pratique.ecosystems.helm.chart_archive import CHART_FILES, ChartArchiveProbe
from pratique.ecosystems.helm.chart_values import look_up, overlay, substitute, value_images
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.parse import load_yaml_documents
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, text_or_empty
from pratique.model import Component, ComponentKind, Presence, Tree

_CHART = "Chart.yaml"
_PARENT = lazy(r"(.*?)charts/(?:[^/!]+\.tgz!)?[^/!]+/", re.DOTALL)
_MAX_VISITS = 300
_MAX_NODES = 100_000
_NOT_BY_DEFAULT = "not by default"


def read_charts(tree: Tree) -> Catalogued:
    """A component for each chart, and for each image that one names."""
    return _Reading(tree, dict(_files(tree)), dict(_facts(tree))).catalogue()


def _files(tree: Tree) -> Iterator[tuple[str, bytes]]:
    """Charts' files by path, those in packed charts as `charts/x.tgz!x/Chart.yaml`."""
    for path in tree.contents:
        if path.rpartition("/")[2] in CHART_FILES:
            yield path, tree.contents[path]
    for path, found in _archives(tree):
        for name, text in found["files"].items():
            yield f"{path}!{name}", text.encode()


def _facts(tree: Tree) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, facts in tree.facts.items():
        if ManifestProbe.name in facts:
            yield path, json.loads(facts[ManifestProbe.name])
    for path, found in _archives(tree):
        for name, facts_ in found["facts"].items():
            if ManifestProbe.name in facts_:
                yield f"{path}!{name}", facts_[ManifestProbe.name]


def _archives(tree: Tree) -> Iterator[tuple[str, Any]]:
    """What was read in packed charts, and in those inside them."""
    waiting = [
        (path, json.loads(facts[ChartArchiveProbe.name])) for path, facts in tree.facts.items() if ChartArchiveProbe.name in facts
    ]
    while waiting:
        path, found = waiting.pop()
        yield path, found
        for name, facts in found["facts"].items():
            if ChartArchiveProbe.name in facts:
                waiting.append((f"{path}!{name}", facts[ChartArchiveProbe.name]))


@dataclass(slots=True)
class _Chart:
    """`folder`: ends in a slash, "" for the root. `depends`: refs of the images and charts that it asks for."""

    folder: str
    about: Mapping[str, Any]
    values: Mapping[str, Any]
    dependencies: list[Mapping[str, Any]]
    locked: Mapping[str, str]
    inner: "list[_Chart]" = field(default_factory=list)
    depends: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return clean(self.about.get("name"), 250)

    @property
    def version(self) -> str:
        return _scalar(self.about.get("version"))

    @property
    def app_version(self) -> str:
        return _scalar(self.about.get("appVersion"))

    @property
    def purl(self) -> str:
        return build_purl("helm", self.name or "unnamed", self.version)


class _Reading:
    def __init__(self, tree: Tree, files: Mapping[str, bytes], facts: Mapping[str, Mapping[str, Any]]) -> None:
        self._out = Collector(tree)
        self._images = ImageCollector(self._out)
        self._files = files
        self._visits = 0
        self._charts = {chart.folder: chart for path in sorted(files) if (chart := self._read(path)) is not None}
        self._templates: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        self._defines: dict[str, list[str]] = {}
        for path, found in sorted(facts.items()):
            self._defines.update(found.get("defines", {}))
            folder = self._folder_of(path)
            if folder is not None:
                self._templates.setdefault(folder, []).append((path, found))

    def catalogue(self) -> Catalogued:
        roots: list[_Chart] = []
        for folder, chart in self._charts.items():
            parent = _PARENT.fullmatch(folder)
            above = self._charts.get(parent.group(1)) if parent else None
            (above.inner if above is not None else roots).append(chart)
        for chart in roots:
            self._visit(chart, chart.values, "")
        for chart in self._charts.values():
            self._out.component(self._component(chart))
        self._images.settle()
        return self._out.result()

    def _folder_of(self, path: str) -> str | None:
        """The chart that the template at `path` is of."""
        at = len(path)
        while (at := path.rfind("templates/", 0, at)) >= 0:
            if path[:at] in self._charts:
                return path[:at]
        return None

    def _read(self, path: str) -> _Chart | None:
        if path.rpartition("/")[2] != _CHART:
            return None
        folder = path.removesuffix(_CHART)
        about = self._yaml(path)
        if not clean(about.get("name")):
            self._out.unread(path, "a chart without a name")
            return None
        requirements = about if "dependencies" in about else self._yaml(folder + "requirements.yaml")
        lock = self._yaml(folder + "Chart.lock") or self._yaml(folder + "requirements.lock")
        locked = {clean(item.get("name")): _scalar(item.get("version")) for item in _dependencies(lock)}
        return _Chart(folder, about, self._yaml(folder + "values.yaml"), _dependencies(requirements), locked)

    def _yaml(self, path: str) -> Mapping[str, Any]:
        data = self._files.get(path)
        if data is None:
            return {}
        try:
            documents = load_yaml_documents(data, max_nodes=_MAX_NODES)
        except Malformed as error:
            self._out.unread(path, error.message)
            return {}
        return documents[0] if documents and isinstance(documents[0], dict) else {}

    def _visit(self, chart: _Chart, values: Mapping[str, Any], enabled: str) -> None:
        """ImageCollector of a chart and of those below it; these are as deep as archives in archives are read."""
        waiting = [(chart, values, enabled)]
        while waiting:
            self._visits += 1
            if self._visits > _MAX_VISITS:
                self._out.unread(chart.folder + _CHART, f"more than {_MAX_VISITS} charts in charts: the rest was left out")
                return
            one, effective, state = waiting.pop()
            self._find_images(one, effective, state)
            waiting += self._below(one, effective, state)

    def _below(self, chart: _Chart, values: Mapping[str, Any], enabled: str) -> Iterator[tuple[_Chart, Mapping[str, Any], str]]:
        """The subcharts with their values as this chart lays its own over them, once for each alias."""
        wanted: dict[str, list[Mapping[str, Any]]] = {}
        for item in chart.dependencies:
            wanted.setdefault(clean(item.get("name")), []).append(item)
        for inner in chart.inner:
            chart.depends.add(inner.purl)
            locked = chart.locked.get(inner.name, inner.version)
            if locked != inner.version:
                reason = f"{inner.name} is {inner.version}, the chart above it has locked {locked}"
                self._out.unknown(inner.folder + _CHART, reason)
            for item in wanted.pop(inner.name, [{}]):
                key = clean(item.get("alias")) or inner.name
                above = {name: values[name] for name in (key, "global") if name in values}
                merged = overlay(inner.values, above.get(key, {}))
                if isinstance(merged, dict):
                    merged = overlay(merged, {"global": above.get("global", {})})
                state = enabled or ("" if _enabled(item, values) else _NOT_BY_DEFAULT)
                yield inner, merged if isinstance(merged, dict) else inner.values, state
        for name, items in wanted.items():
            self._declare(chart, name, items[0])

    def _declare(self, chart: _Chart, name: str, item: Mapping[str, Any]) -> None:
        """A dependency that is not in `charts/`."""
        wanted = chart.locked.get(name) or _scalar(item.get("version"))
        if not name:
            return
        version, asked = split_requirement(wanted)
        path = chart.folder + _CHART
        repository = clean_url(clean(item.get("repository"), 500))
        facts = {
            "helm:version": "locked" if name in chart.locked else "a range, not locked" if asked else "asked for, not locked"
        }
        if asked:
            facts["requirement"] = asked
        if repository.startswith("file://"):
            facts["location"] = place_in(chart.folder, repository.removeprefix("file://"))
            purl, ref = "", local_ref("helm", name, version, facts["location"])
        else:
            ref = purl = build_purl("helm", name, version, qualifiers={"repository_url": repository})
        chart.depends.add(ref)
        kind, presence = ComponentKind.APPLICATION, Presence.DECLARED
        self._out.component(
            Component(
                ref=ref,
                purl=purl,
                type="helm",
                name=name,
                version=version,
                kind=kind,
                presence=presence,
                evidence=(path,),
                facts=facts,
            )
        )
        hint = "run helm dependency build"
        self._out.unknown(path, f"needs the chart {name} {wanted}, which is not in charts/: its images are not known ({hint})")

    def _find_images(self, chart: _Chart, values: Mapping[str, Any], enabled: str) -> None:
        place = chart.folder + "values.yaml"
        text = decode_text(self._files.get(place, b""))
        known: set[str] = set()
        for found in value_images(values, app_version=chart.app_version):
            if parse_image_reference(found.text) is None and "image" not in found.path.lower():
                continue
            known.add(found.path)
            line = _line_of(text, found.path) if self._out.step(place, 1 + len(text) // 100) else 0
            ref = self._images.add(place, line, found.path, found.text, tag_from=found.tag_from, enabled=enabled)
            chart.depends.update([ref] if ref else [])
        for path, facts in self._templates.get(chart.folder, ()):
            for line, where, image in facts.get("images", ()):
                self._note(chart, path, line, where, image, enabled)
            for line, image in facts.get("template", ()):
                self._template_line(chart, values, known, path, line, image, enabled)
        for line, name, image in _annotated(chart.about):
            self._note(chart, chart.folder + _CHART, line, f"artifacthub.io/images {name}".strip(), image, enabled)

    def _note(self, chart: _Chart, path: str, line: int, where: str, image: str, enabled: str) -> None:
        ref = self._images.add(path, line, where, image, enabled=enabled)
        chart.depends.update([ref] if ref else [])

    def _template_line(
        self, chart: _Chart, values: Mapping[str, Any], known: set[str], path: str, line: int, text: str, enabled: str
    ) -> None:
        if "{{" not in text:
            literal = re.sub(r"[ \t]+#.*", "", text).strip("\"' ")
            if literal not in ("", "|", ">", "|-", ">-"):
                self._note(chart, path, line, "template", literal, enabled)
            return
        paths = [match.group(1)[1:] for match in VALUE_PATH.finditer(text)]
        for match in INCLUDED.finditer(text):
            paths += self._defines.get(match.group(1), ())
        if any(one == found or one.startswith(f"{found}.") for one in paths for found in known):
            return
        whole = substitute(text, values, app_version=chart.app_version)
        if whole and parse_image_reference(whole):
            self._note(chart, path, line, "template with the chart's values", whole, enabled)
            return
        self._out.unknown(path, f"line {line}: which image this is, only rendering could tell: {clean(text, 200)}")

    def _component(self, chart: _Chart) -> Component:
        path = chart.folder + _CHART
        about = chart.about
        annotations = about.get("annotations")
        licence = text_or_empty(annotations.get("artifacthub.io/license")) if isinstance(annotations, dict) else ""
        maintainers = about.get("maintainers")
        first = maintainers[0] if isinstance(maintainers, list) and maintainers else {}
        facts = {"helm:type": clean(about.get("type")), "helm:app-version": chart.app_version}
        outer = path.partition("!")[0]
        return Component(
            ref=chart.purl,
            purl=chart.purl,
            type="helm",
            name=chart.name,
            version=chart.version,
            kind=ComponentKind.APPLICATION,
            licences=(normalise(licence),) if licence and normalise(licence) else (),
            supplier=clean(first.get("name")) if isinstance(first, dict) else "",
            description=clean(about.get("description")),
            homepage=clean(about.get("home")),
            evidence=(path,),
            layer=self._out.layer_of(outer),
            depends=tuple(sorted(chart.depends - {chart.purl})),
            facts={name: value for name, value in facts.items() if value},
        )


def _dependencies(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = document.get("dependencies")
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _enabled(item: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a dependency is used with the values as they are: its first condition that is set decides, then its tags."""
    for condition in clean(item.get("condition")).split(","):
        state = look_up(values, condition.strip()) if condition.strip() else None
        if isinstance(state, bool):
            return state
    tags = item.get("tags")
    states = [look_up(values, f"tags.{clean(tag)}") for tag in tags[:50]] if isinstance(tags, list) else []
    stated = [state for state in states if isinstance(state, bool)]
    return any(stated) if stated else True


def _annotated(about: Mapping[str, Any]) -> Iterator[tuple[int, str, str]]:
    """ImageCollector that the chart's author lists for Artifact Hub: YAML in an annotation."""
    annotations = about.get("annotations")
    text = annotations.get("artifacthub.io/images") if isinstance(annotations, dict) else None
    if not isinstance(text, str):
        return
    try:
        documents = load_yaml_documents(text.encode())
    except Malformed:
        return
    for item in documents[0] if documents and isinstance(documents[0], list) else ():
        if isinstance(item, dict) and isinstance(item.get("image"), str):
            yield 0, clean(item.get("name"), 200), item["image"]


def _line_of(text: str, path: str) -> int:
    """The line of a value in block style: each key of its path stands below the one before, indented more. 0 when not found."""
    at = 0
    indent = -1
    for key in re.sub(r"\[\d+\]", "", path).split("."):
        match = re.compile(rf"^([ \t]*(?:-[ \t]+)?)[\"']?{re.escape(key)}[\"']?[ \t]*:", re.MULTILINE).search(text, at)
        while match is not None and len(match.group(1)) <= indent:
            match = match.re.search(text, match.end())
        if match is None:
            return 0
        at, indent = match.end(), len(match.group(1))
    return text.count("\n", 0, at) + 1


def _scalar(value: Any) -> str:
    return clean(value, 250) if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
