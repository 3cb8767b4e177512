"""Models by their headers: safetensors, GGUF and ONNX as their own libraries write them, and damaged."""

import contextlib
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.artifact.examine import Examiner
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Chosen
from pratique.ecosystems.models.facts import count_of, repository_of
from pratique.ecosystems.models.probe import MODEL_PROBES
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ComponentKind, Ownership

DATA = Path(__file__).parents[2] / "data" / "models"
FILES = {path.name: path.read_bytes() for path in sorted(DATA.iterdir()) if path.suffix != ".md"}


def models(files):
    return {item.name: item for item in catalogue_tree(SUBJECT, tree(files)).components}


def test_a_safetensors_header_tells_name_licence_and_size():
    found = models({"m/tiny.safetensors": FILES["tiny.safetensors"]})["harbour/tiny-pilot"]
    assert found.purl.startswith("pkg:huggingface/harbour/tiny-pilot?checksum=sha256:")
    assert (found.kind, found.licences, found.supplier) == (ComponentKind.MODEL, ("Apache-2.0",), "Harbour")
    facts = {key: found.facts[f"model:{key}"] for key in ("format", "architecture", "parameters", "tensors", "precision")}
    assert facts == {
        "format": "safetensors",
        "architecture": "pilot-v1",
        "parameters": "40",
        "tensors": "2",
        "precision": "F16, F32",
    }


def test_a_gguf_header_tells_quantisation_and_base_and_a_stated_version_is_no_commit():
    found = models({"tiny.bin": FILES["tiny.gguf"]})["harbour/tiny-pilot-gguf"]
    assert found.purl.startswith("pkg:huggingface/harbour/tiny-pilot-gguf?checksum=")
    assert (found.version, found.licences) == ("v1.2", ("MIT",))
    assert found.facts["model:quantisation"] == "Q4_K_M"
    assert found.facts["model:base-models"] == "harbour/base"
    assert (found.facts["model:architecture"], found.facts["model:parameters"]) == ("llama", "136")


def test_an_onnx_model_tells_its_producer_and_counts_its_weights():
    found = models({"a/tiny.onnx": FILES["tiny.onnx"]})["pilot-graph"]
    assert found.purl.startswith("pkg:generic/pilot-graph@4?checksum=sha256:")
    assert (found.licences, found.supplier, found.description) == (("Apache-2.0",), "Harbour", "Guides ships")
    assert found.facts["model:header:producer"] == "harbour-export 0.3"
    assert (found.facts["model:header:operators"], found.facts["model:parameters"]) == ("ai.onnx 17", "21")


def test_shards_are_one_model_and_each_file_is_its_own():
    files = {f"m/{name}": data for name, data in FILES.items() if name.startswith("shard")}
    inventory = catalogue_tree(SUBJECT, tree(files))
    [found] = inventory.components
    assert (found.facts["model:files"], found.facts["model:parameters"], len(found.evidence)) == ("2", "16", 2)
    assert {owned.state for owned in inventory.ownership.values()} == {Ownership.MATCHING}


def test_the_folder_of_hugging_faces_cache_names_repository_and_commit():
    folder = "root/.cache/huggingface/hub/models--org--small/snapshots/" + "a" * 40
    found = models({f"{folder}/model.safetensors": FILES["shard-00001-of-00002.safetensors"]})
    assert found["org/small"].purl == "pkg:huggingface/org/small@" + "a" * 40


def test_a_model_that_cannot_be_read_is_an_unknown():
    broken = struct.pack("<Q", 1 << 40) + b"{}"
    inventory = catalogue_tree(SUBJECT, tree({"m.safetensors": broken, "m.gguf": b"GGUF" + bytes(40), "m.onnx": b"\x08\x01\x10"}))
    assert inventory.components == ()
    assert [unknown.path for unknown in inventory.unknowns] == ["m.gguf", "m.onnx", "m.safetensors"]


@pytest.mark.parametrize("count", [1 << 40, 1 << 63])
def test_counts_that_no_model_has_are_refused_before_anything_is_read(count):
    data = b"GGUF" + struct.pack("<IQQ", 3, 1, count)
    with pytest.raises(LimitExceeded):
        MODEL_PROBES[1].read(FileContent(memoryview(data)))


def test_only_the_header_of_a_large_model_is_kept_aside():
    seen = []

    class Looks:
        name = "looks"
        interest = replace(MODEL_PROBES[0].interest, reach=1000)

        def applies(self, path, size, head):
            return True

        def read(self, content):
            seen.append(len(content))
            return b"x"

    examiner = Examiner(Chosen(probes=(Looks(),)), Limits())
    pieces = [memoryview(bytes(600)) for _ in range(50)]
    found = examiner.pieces(examiner.plan("a.safetensors", 30_000), iter(pieces))
    whole = examiner.whole(examiner.plan("a.bin", 30_000), memoryview(bytes(30_000)))
    assert (seen, found.size, found.sha256) == ([1000], 30_000, whole.sha256)


def test_sizes_stay_within_bounds_and_only_hugging_faces_addresses_name_a_repository():
    assert count_of([1 << 40] * 6) == 1 << 60
    assert repository_of("https://huggingface.co/org/name/tree/main?x=1") == "org/name"
    assert repository_of("https://huggingface.co/datasets/org/name") == ""
    assert repository_of("https://example.org/org/name") == ""


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(FILES.values())), st.integers(0, 1200), st.binary(max_size=16))
def test_damaged_headers_raise_malformed_and_nothing_else(data, at, noise):
    at %= len(data) + 1
    damaged = data[:at] + noise + data[at + len(noise) :]
    for probe in MODEL_PROBES:
        if len(damaged) >= 24 and probe.applies("x", len(damaged), damaged[:64]):
            with contextlib.suppress(Malformed):
                probe.read(FileContent(memoryview(damaged)))
    catalogue_tree(SUBJECT, tree({"m.safetensors": damaged, "m.gguf": damaged, "m.onnx": damaged}))
