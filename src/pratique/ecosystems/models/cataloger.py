"""Machine-learning models by their headers: safetensors, GGUF, ONNX. The purl is of Hugging Face where the header or the folder
of its cache says so (purl-spec, type huggingface), else `pkg:generic`, with the checksum of the file.

Shards of one model (`model-00001-of-00003.safetensors`) are one component.
"""

import re
from typing import TYPE_CHECKING

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.ecosystems.models.probe import MODEL_PROBES
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Tree

if TYPE_CHECKING:
    from pratique.ecosystems.models.facts import ModelFacts

_SHARD = r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<ending>\.[a-z]+)"
_CACHE = r"(?:^|/)models--(?P<owner>[^/]+?)--(?P<name>[^/]+)/(?:snapshots/(?P<commit>[0-9a-f]{40})/)?"
_REPOSITORY = r"[A-Za-z0-9._-]{1,96}/[A-Za-z0-9._-]{1,96}"
_PROBES = tuple(probe.name for probe in MODEL_PROBES)


class ModelCataloger:
    """See the module."""

    name = "models"
    version = 1
    interest = Interest()
    probes = MODEL_PROBES

    def keeps(self, path: str) -> bool:
        """Nothing: headers are read by probes."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each model; each file is its own."""
        out = Collector(tree)
        headers = [(path, data) for path in sorted(tree.facts) for name in _PROBES if (data := tree.facts[path].get(name))]
        models: dict[str, list[tuple[str, ModelFacts]]] = {}
        if headers:
            from pratique.ecosystems.models.facts import unpack_model_facts

            for path, data in headers:
                models.setdefault(_whole_name(path), []).append((path, unpack_model_facts(data)))
        for key, parts in models.items():
            component = _component(out, key, parts)
            if out.component(component):
                for path, _ in parts:
                    out.claim(path, component.ref, "sha256", tree.entries[path].sha256)
        return out.result()


def _whole_name(path: str) -> str:
    """The path, without the number of a shard."""
    folder, slash, name = path.rpartition("/")
    match = re.fullmatch(_SHARD, name)
    return folder + slash + (match.group("stem") + match.group("ending") if match else name)


def _component(out: Collector, key: str, parts: "list[tuple[str, ModelFacts]]") -> Component:
    """`parts`: each file with its facts; more than one for a model in shards."""
    first_path, first = parts[0]
    cached = re.search(_CACHE, first_path)
    repository = f"{cached.group('owner')}/{cached.group('name')}" if cached else first.repository
    commit = (cached.group("commit") or "") if cached else ""
    version = commit or first.version
    name = first.name or key.rpartition("/")[2].rpartition(".")[0]
    entries = [out.tree.entries[path] for path, _ in parts]
    whole = entries[0].sha256 if len(entries) == 1 else ""
    if re.fullmatch(_REPOSITORY, repository):
        owner, _, short = repository.partition("/")
        # The version of this type is a commit; a version that people gave is none.
        qualifiers = {} if commit else {"checksum": f"sha256:{whole}" if whole else ""}
        purl = build_purl("huggingface", short, commit, namespace=owner, qualifiers=qualifiers)
        type_, name = "huggingface", repository
    else:
        purl = build_purl(
            "generic", clean(name, 200) or "model", version, qualifiers={"checksum": f"sha256:{whole}" if whole else ""}
        )
        type_ = "generic"
    parameters = sum(facts.parameters for _, facts in parts)
    facts = {
        "format": first.format,
        "architecture": first.architecture,
        "parameters": str(parameters) if parameters else "",
        "tensors": str(sum(facts.tensors for _, facts in parts)),
        "precision": first.precision,
        "quantisation": first.quantisation,
        "base-models": ", ".join(first.base_models),
        "files": str(len(entries)) if len(entries) > 1 else "",
        **{f"header:{name}": value for name, value in first.others.items()},
    }
    licence = normalise(first.licence) if first.licence else ""
    return Component(
        ref=purl,
        purl=purl,
        type=type_,
        name=name,
        version=version,
        kind=ComponentKind.MODEL,
        licences=(licence,) if licence else (),
        supplier=first.author,
        description=first.description,
        evidence=tuple(path for path, _ in parts),
        layer=out.layer_of(first_path),
        hashes={"sha256": whole} if whole else {},
        hash_covers="file" if whole else "",
        facts={f"model:{name}": value for name, value in facts.items() if value},
    )
