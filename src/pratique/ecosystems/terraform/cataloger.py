"""Terraform and OpenTofu: providers of `.terraform.lock.hcl` with their hashes, and the modules that `*.tf` files call (Terraform
Language, «Dependency Lock File», «Module Sources»). All DECLARED.
"""

import re
from typing import TYPE_CHECKING

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.installed_trees import is_of_a_package
from pratique.errors import Malformed
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Presence, Tree

if TYPE_CHECKING:
    from pratique.ecosystems.terraform.hcl import Block

_LOCK = ".terraform.lock.hcl"
_PROVIDER = r"(?P<host>[A-Za-z0-9.-]+(?::\d+)?)/(?P<namespace>[A-Za-z0-9_-]+)/(?P<name>[A-Za-z0-9_-]+)"
_REGISTRY = r"(?:(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)/)?(?P<path>[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/[A-Za-z0-9_-]+)(?://.*)?"
_GITHUB = (
    r"(?:git::)?(?:https://|ssh://git@|git@)?github\.com[/:](?P<owner>[\w-]+)/(?P<name>[\w.-]+?)(?:\.git)?(?P<rest>(?://|\?).*)?"
)
_REF = r"[?&]ref=([^&\s]+)"
_COMMIT = r"[0-9a-f]{40}"
_DEFAULT_HOST = "registry.terraform.io"
_MAX_HASHES = 40


class TerraformCataloger:
    """See the module."""

    name = "terraform"
    version = 2
    interest = Interest(names=frozenset({_LOCK}), endings=frozenset({".tf"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """Lock files, and configuration that nobody downloaded."""
        return "/.terraform/" not in f"/{path}" and not is_of_a_package(path)

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each provider and each module."""
        out = Collector(tree)
        paths = sorted(path for path in tree.contents if path.endswith((_LOCK, ".tf")) and self.keeps(path))
        if paths:
            from pratique.ecosystems.terraform.hcl import read_hcl

            for path in paths:
                try:
                    blocks = read_hcl(tree.contents[path])
                except Malformed as error:
                    out.unread(path, error.message)
                    continue
                for block in blocks:
                    if path.endswith(_LOCK):
                        _provider(out, path, block)
                    elif block.type == "module" and len(block.labels) == 1:
                        _module(out, path, block)
        return out.result()


def _provider(out: Collector, path: str, block: "Block") -> None:
    if block.type != "provider" or len(block.labels) != 1:
        return
    match = re.fullmatch(_PROVIDER, block.labels[0])
    version = block.values.get("version")
    if match is None or not isinstance(version, str):
        out.unread(path, f"line {block.line}: a provider without a whole name or version")
        return
    hashes = block.values.get("hashes", ())
    listed = [clean(one, 120) for one in hashes] if isinstance(hashes, tuple) else []
    # `h1` is of the unpacked package, one for each platform; `zh` of the archives, likewise.
    unpacked = [one.removeprefix("h1:") for one in listed if one.startswith("h1:")]
    host, namespace, name = match.group("host", "namespace", "name")
    purl = build_purl("terraform", name, clean(version, 100), namespace=f"{host}/{namespace}")
    constraints = block.values.get("constraints")
    facts = {
        "terraform:constraints": clean(constraints, 200),
        "terraform:hashes": " ".join(listed[:_MAX_HASHES]),
        "terraform:pinned": "yes" if listed else "no: the lock file has no hashes",
    }
    out.component(
        Component(
            ref=purl,
            purl=purl,
            type="terraform",
            name=f"{namespace}/{name}",
            version=clean(version, 100),
            kind=ComponentKind.LIBRARY,
            presence=Presence.DECLARED,
            hashes={"h1": f"h1:{unpacked[0]}"} if len(unpacked) == 1 else {},
            hash_covers="package archive" if len(unpacked) == 1 else "",
            evidence=(path,),
            facts={key: value for key, value in facts.items() if value},
        )
    )


def _module(out: Collector, path: str, block: "Block") -> None:
    source, version = block.values.get("source"), block.values.get("version")
    name = clean(block.labels[0], 100)
    if not isinstance(source, str):
        out.unknown(path, f"line {block.line}: the source of module {name} is no literal")
        return
    source = source.strip()
    if source.startswith(("./", "../", "/")):
        return
    found = _module_purl(source, clean(version, 100))
    if found is None:
        out.unknown(path, f"line {block.line}: module {name} comes from {clean(source, 200)}")
        return
    purl, shown, at, pinned = found
    facts = {
        "terraform:source": clean(source, 500),
        "terraform:pinned": pinned,
        "terraform:used-by": f"{path}:{block.line} {name}",
    }
    out.component(
        Component(
            ref=purl,
            purl=purl,
            type=purl[4:].partition("/")[0],
            name=shown,
            version=at,
            presence=Presence.DECLARED,
            evidence=(path,),
            facts=facts,
        )
    )


def _module_purl(source: str, version: str) -> tuple[str, str, str, str] | None:
    """(purl, name, version, pinned or why not); None for a source of no known kind."""
    github = re.fullmatch(_GITHUB, source)
    if github is not None:
        stated = re.search(_REF, github.group("rest") or "")
        ref = stated.group(1) if stated else ""
        pinned = "yes" if re.fullmatch(_COMMIT, ref) else f"no: {'a tag or branch can be moved' if ref else 'it names no ref'}"
        owner, name = github.group("owner", "name")
        return build_purl("github", name, ref, namespace=owner), f"{owner}/{name}", ref, pinned
    registry = re.fullmatch(_REGISTRY, source)
    if registry is None:
        return None
    host, module = registry.group("host") or _DEFAULT_HOST, registry.group("path")
    exact = re.fullmatch(r"=?\s*v?(\d+(?:\.\d+){0,3}(?:[-+][\w.-]+)?)", version)
    at = exact.group(1) if exact else ""
    folder, _, name = module.rpartition("/")
    pinned = "no: module versions have no hashes" if exact else "no: a range of versions" if version else "no: any version"
    return build_purl("terraform", name, at, namespace=f"{host}/{folder}"), module, at, pinned
