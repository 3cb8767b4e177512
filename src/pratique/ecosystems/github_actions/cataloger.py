"""What GitHub runs: actions, reusable workflows and images that workflows and actions use (GitHub Docs, «Workflow syntax»,
«Metadata syntax for GitHub Actions»). All DECLARED.

A commit's full SHA pins an action; a tag or branch is a name that can be moved, and that is said.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.installed_trees import is_of_a_package
from pratique.cataloging.manifests.collector import ImageCollector
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml_documents
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Presence, Tree

_ACTIONS = frozenset({"action.yml", "action.yaml"})
_FOLDER = ".github/workflows"
_USES = lazy(r"(?P<owner>[A-Za-z0-9-]{1,39})/(?P<name>[A-Za-z0-9._-]{1,100})(?P<path>/[^@\s]{1,500})?@(?P<ref>[^\s@]{1,250})")
_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_COMMENT = r"""uses:[ \t]*["']?(\S+?@[0-9a-f]{40})["']?[ \t]+#[ \t]*(?:tag=|pin@)?(v?\d[^\s]{0,60})"""
_IMAGE = "docker://"
_MAX_NODES = 100_000
_MAX_PLACES = 50


class GithubActionsCataloger:
    """See the module."""

    name = "github-actions"
    version = 2
    interest = Interest(names=_ACTIONS, endings=frozenset({".yml", ".yaml"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """Workflows in their folder, and actions, but for those of other packages."""
        folder, _, name = path.rpartition("/")
        if is_of_a_package(path):
            return False
        return name in _ACTIONS or folder == _FOLDER or folder.endswith(f"/{_FOLDER}")

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each action, reusable workflow and image."""
        out = Collector(tree)
        images = ImageCollector(out)
        used: dict[str, _Used] = {}
        for path in sorted(tree.contents):
            if path.endswith((".yml", ".yaml")) and self.keeps(path):
                _read(out, path, used, images)
        for one in used.values():
            out.component(one.component())
        images.settle()
        return out.result()


class _Used:
    """An action at one ref, and where it is used."""

    def __init__(self, match: "re.Match[str]") -> None:
        self._match = match
        self.places: dict[str, str] = {}
        self.stated = ""

    def component(self) -> Component:
        owner, name, path, ref = self._match.group("owner", "name", "path", "ref")
        # A path within the repository is the purl's subpath (purl-spec, «Rules for each purl component»).
        purl = build_purl("github", name, ref, namespace=owner) + (f"#{quote(path.strip('/'))}" if path else "")
        pinned = re.fullmatch(_COMMIT, ref) is not None
        places = [*list(self.places)[:_MAX_PLACES], *(["…"] if len(self.places) > _MAX_PLACES else [])]
        facts = {
            "action:pinned": "yes" if pinned else "no: a tag or branch can be moved to another commit",
            "action:used-by": "; ".join(places),
            "action:stated-version": self.stated,
        }
        return Component(
            ref=purl,
            purl=purl,
            type="github",
            name=f"{owner}/{name}{path or ''}",
            version=ref,
            kind=ComponentKind.APPLICATION,
            presence=Presence.DECLARED,
            evidence=tuple(dict.fromkeys(self.places.values())),
            facts={key: value for key, value in facts.items() if value},
        )


def _read(out: Collector, path: str, used: dict[str, _Used], images: ImageCollector) -> None:
    data = out.tree.contents[path]
    try:
        documents = load_yaml_documents(data, max_nodes=_MAX_NODES)
    except Malformed as error:
        out.unread(path, error.message)
        return
    if not documents or not isinstance(documents[0], dict):
        return
    text = decode_text(data)
    stated = {match.group(1): match.group(2) for match in re.finditer(_COMMENT, text)}
    for place, value in _asked_for(documents[0]):
        if value.startswith(("./", "../")):
            continue
        if value.startswith(_IMAGE) or not place.endswith("uses"):
            image = value.removeprefix(_IMAGE)
            if "${{" in image:
                out.unknown(path, f"{place}: which image this is, only a run could tell: {clean(image, 200)}")
            elif image and not image.startswith("Dockerfile"):
                images.add(path, 0, place, image)
            continue
        match = _USES.fullmatch(value)
        if match is None:
            out.unknown(path, f"{place}: {clean(value, 200)!r} names no action at a version")
            continue
        one = used.setdefault(value, _Used(match))
        one.places.setdefault(f"{path} {place}", path)
        one.stated = one.stated or clean(stated.get(value, ""), 60)


def _asked_for(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(place, what stands there) of all `uses`, and of images of jobs, services and Docker actions."""
    runs = document.get("runs")
    if isinstance(runs, dict):
        yield from _steps("runs", runs)
        if isinstance(runs.get("image"), str) and runs["image"].startswith(_IMAGE):
            yield "runs.image", runs["image"]
    jobs = document.get("jobs")
    for key, job in jobs.items() if isinstance(jobs, dict) else ():
        place = f"jobs.{clean(str(key), 100)}"
        if not isinstance(job, dict):
            continue
        if isinstance(job.get("uses"), str):
            yield f"{place}.uses", job["uses"].strip()
        yield from _steps(place, job)
        services = job.get("services")
        boxes = [("container", job.get("container"))]
        boxes += (
            [(f"services.{clean(str(name), 100)}", box) for name, box in services.items()] if isinstance(services, dict) else []
        )
        for name, box in boxes:
            image = box.get("image") if isinstance(box, dict) else box
            if isinstance(image, str) and image:
                yield f"{place}.{name}", image.strip()


def _steps(place: str, holder: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    steps = holder.get("steps")
    for index, step in enumerate(steps) if isinstance(steps, list) else ():
        if isinstance(step, dict) and isinstance(step.get("uses"), str):
            yield f"{place}.steps[{index}].uses", step["uses"].strip()
