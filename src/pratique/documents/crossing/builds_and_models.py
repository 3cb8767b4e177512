"""Builds, models and datasets of SPDX 3.0.1 (profiles Build, AI, Dataset) in CycloneDX's words: workflows of its formulation,
model cards, data. Pure. What those have no member for stands in their properties."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pratique.documents.document import Relation
from pratique.documents.spdx3.members import hashes_from, id_of, text_of
from pratique.documents.spdx3.vocabulary import hyphened

BUILD = "build_Build"
_SAID_OF_BUILDS = frozenset({"spdxId", "type", "creationInfo", "name", "summary", "description", "build_buildId"})
_OWN = "pratique:"
_CARD = {
    "ai_informationAboutApplication": ("considerations", "useCases"),
    "ai_limitation": ("considerations", "technicalLimitations"),
}


def workflow_of(build: Mapping[str, Any], relations: Iterable[Relation], algorithms: Mapping[str, str]) -> dict[str, Any]:
    """A build as a workflow. `relations`: those from it; inputs and outputs are among them. `algorithms`: CycloneDX's names."""
    ref = id_of(build)
    out: dict[str, Any] = {"bom-ref": ref, "uid": text_of(build.get("build_buildId")) or ref}
    words = [text_of(build.get(name)) for name in ("summary", "description")]
    out |= {"name": text_of(build["name"])} if build.get("name") else {}
    out |= {"description": "\n\n".join(filter(None, words))} if any(words) else {}
    out["taskTypes"] = ["build"]
    inputs = [*_sources(build, algorithms), *_entries(build)]
    outputs: list[dict[str, Any]] = []
    properties = [_property("build-type", build["build_buildType"])]
    for one in relations:
        for target in one.targets:
            if one.kind.endswith("has-input"):
                inputs.append({"resource": {"ref": target}})
            elif one.kind.endswith("has-output"):
                outputs.append({"type": "artifact", "resource": {"ref": target}})
            else:
                properties.append({"name": f"{_OWN}relation:{one.kind}", "value": target})
    properties += [_property("build-config-source-entrypoint", one) for one in build.get("build_configSourceEntrypoint", ())]
    known = ("buildType", "buildStartTime", "buildEndTime", "configSourceUri", "configSourceDigest", "configSourceEntrypoint")
    told = _SAID_OF_BUILDS | {f"build_{name}" for name in (*known, "parameter", "environment")}
    properties += _rest({name: one for name, one in build.items() if name not in told})
    out |= {"inputs": _distinct(inputs)} if inputs else {}
    out |= {"outputs": _distinct(outputs)} if outputs else {}
    times = (("timeStart", "build_buildStartTime"), ("timeEnd", "build_buildEndTime"))
    out |= {name: build[member] for name, member in times if member in build}
    return out | {"properties": properties}


def model_card_of(extra: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The model card of an AI package, from its extras; and which pointers it tells."""
    said = {pointer[1:]: one for pointer, one in extra.items() if pointer.startswith("/ai_")}
    card: dict[str, Any] = {}
    told = {f"/{name}" for name in said}
    domain, types = said.pop("ai_domain", ()), said.pop("ai_typeOfModel", ())
    parameters = {"task": ", ".join(domain)} if domain else {}
    parameters |= {"architectureFamily": ", ".join(types)} if types else {}
    card |= {"modelParameters": parameters} if parameters else {}
    metrics = [row for row in said.pop("ai_metric", ()) if isinstance(row, Mapping)]
    if metrics:
        rows = [{"type": row["key"], **({"value": row["value"]} if "value" in row else {})} for row in metrics]
        card["quantitativeAnalysis"] = {"performanceMetrics": rows}
    for name, (place, member) in _CARD.items():
        if name in said:
            card.setdefault(place, {})[member] = [said.pop(name)]
    properties = _rest(said)
    return card | ({"properties": properties} if properties else {}), told


def data_of(name: str, extra: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """What a dataset package says of its data, from its extras; and which pointers it tells."""
    said = {pointer[1:]: one for pointer, one in extra.items() if pointer.startswith("/dataset_")}
    told = {f"/{name}" for name in said}
    out: dict[str, Any] = {"type": "dataset", "name": name}
    level, use = said.pop("dataset_confidentialityLevel", ""), said.pop("dataset_intendedUse", "")
    properties = _rest(said)
    out |= {"contents": {"properties": properties}} if properties else {}
    out |= {"classification": level} if level else {}
    return out | ({"description": use} if use else {}), told


def _sources(build: Mapping[str, Any], algorithms: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    digests, _ = hashes_from(build.get("build_configSourceDigest", ()))
    for index, url in enumerate(build.get("build_configSourceUri", ())):
        hashes = [{"alg": algorithms[one.algorithm], "content": one.value} for one in digests[index : index + 1]]
        reference = {"type": "build-meta", "url": url} | ({"hashes": hashes} if hashes else {})
        yield {"resource": {"externalReference": reference}}


def _entries(build: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for member, place in (("build_parameter", "parameters"), ("build_environment", "environmentVars")):
        rows = [row for row in build.get(member, ()) if isinstance(row, Mapping)]
        if rows:
            yield {place: _distinct([{"name": row["key"], "value": text_of(row.get("value"))} for row in rows])}


def _property(name: str, value: Any) -> dict[str, str]:
    return {"name": _OWN + name, "value": value if isinstance(value, str) else json.dumps(value, sort_keys=True)}


def _rest(said: Mapping[str, Any]) -> list[dict[str, str]]:
    """What has no member, as properties: lists of entries one property each."""
    found: list[dict[str, str]] = []
    for name, value in said.items():
        word = hyphened(name.replace("_", ":", 1))
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping) and "key" in one:
                found.append(_property(f"{word}:{one['key']}", text_of(one.get("value"))))
            else:
                found.append(_property(word, one))
    return found


def _distinct(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each once, as CycloneDX demands."""
    return list({json.dumps(row, sort_keys=True): row for row in rows}.values())
