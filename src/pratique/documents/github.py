"""A `Document` as a snapshot for GitHub's dependency submission API (REST API, dependency graph, version 0). Pure.

Packages stand under the file that they were found in, as the dependency graph shows them; those found nowhere in particular
stand under the name of the subject. Only packages with a purl can be submitted. Where the environment does not name the commit
and the branch, zeros stand there and that is said: the API refuses such a snapshot until they are filled in.
"""

from collections.abc import Mapping
from typing import Any

from pratique import __version__
from pratique.documents.document import Document, Part
from pratique.documents.shape import Problem
from pratique.documents.spdx_common import spdx_time

_NEEDED = ("GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID")


def document_to_github(document: Document, environ: Mapping[str, str]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The snapshot, and the parts that it cannot name."""
    left_out = [Problem("", f"{name} is not set: fill it in before submitting") for name in _NEEDED if not environ.get(name)]
    parts = list(document.walk())
    purls = {part.ref: part.purl for part in parts if part.purl}
    depends = document.dependencies()
    subject = document.subject
    direct = set(depends.get(subject.ref, ())) if subject is not None else set()
    name = subject.full_name if subject is not None else document.name or "sbom"
    manifests: dict[str, dict[str, Any]] = {}
    for part in parts:
        if not part.purl:
            left_out.append(Problem(part.ref or part.full_name, "has no purl"))
            continue
        place = part.occurrences[0] if part.occurrences else ""
        manifest = manifests.setdefault(place or name, _manifest(place, name))
        manifest["resolved"][part.purl] = _dependency(part, part.ref in direct or not direct, depends, purls)
    tool = document.tools[0] if document.tools else None
    workflow = " ".join(one for one in (environ.get("GITHUB_WORKFLOW", ""), environ.get("GITHUB_JOB", "")) if one)
    job = {"id": environ.get("GITHUB_RUN_ID", "0"), "correlator": workflow or f"pratique {name}"}
    value = {
        "version": 0,
        "job": job,
        "sha": environ.get("GITHUB_SHA", "0" * 40),
        "ref": environ.get("GITHUB_REF", "refs/heads/unknown"),
        "detector": {
            "name": tool.name if tool is not None else "pratique",
            "version": (tool.version if tool is not None else __version__) or "0",
            "url": "https://pratique.dev",
        },
        "scanned": spdx_time(document.timestamp),
        "manifests": {key: manifests[key] for key in sorted(manifests)},
    }
    return value, tuple(left_out)


def _manifest(place: str, name: str) -> dict[str, Any]:
    return {"name": place or name, **({"file": {"source_location": place}} if place else {}), "resolved": {}}


def _dependency(part: Part, direct: bool, depends: Mapping[str, tuple[str, ...]], purls: Mapping[str, str]) -> dict[str, Any]:
    out: dict[str, Any] = {
        "package_url": part.purl,
        "relationship": "direct" if direct else "indirect",
        "scope": "development" if part.scope == "excluded" else "runtime",
    }
    needed = [purls[ref] for ref in depends.get(part.ref, ()) if ref in purls]
    return out | {"dependencies": needed} if needed else out
