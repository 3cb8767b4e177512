"""safetensors (the format's README, «Format»): 8 bytes little-endian length, then that many bytes of JSON, then tensors. Pure.

`__metadata__` is text by text; keys of Stability's ModelSpec (`modelspec.*`) are understood.
"""

import struct
from typing import Any

from pratique.artifact.content import FileContent
from pratique.ecosystems.models.facts import ModelFacts, count_of, precision_of, repository_of
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean

MAX_HEADER = 100_000_000  # the format's own limit
_TYPES = frozenset(
    {
        "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2", "I16", "U16", "F16", "BF16",
        "I32", "U32", "F32", "I64", "U64", "F64", "C64",
    }
)  # fmt: skip
_SHOWN = 40


def read_safetensors(content: FileContent) -> ModelFacts:
    """The header's facts. Raises Malformed, LimitExceeded."""
    (length,) = struct.unpack("<Q", content.read(0, 8))
    if length > min(MAX_HEADER, len(content) - 8):
        raise Malformed("the header is longer than the file or than safetensors allows")
    header = read_json_object(content.read(8, length))
    metadata = header.pop("__metadata__", {})
    tensors = [_tensor(name, value) for name, value in header.items()]
    return _facts(metadata if isinstance(metadata, dict) else {}, tensors)


def _tensor(name: str, value: Any) -> tuple[str, int]:
    kind = value.get("dtype") if isinstance(value, dict) else None
    shape = value.get("shape") if isinstance(value, dict) else None
    if kind not in _TYPES or not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise Malformed(f"the tensor {clean(name, 80)} is of no known type or shape")
    return kind, count_of(shape)


def _facts(metadata: dict[str, Any], tensors: list[tuple[str, int]]) -> ModelFacts:
    text = {clean(key, 100): clean(value, 500) for key, value in list(metadata.items())[:1000]}
    spec = {key.removeprefix("modelspec."): value for key, value in text.items() if key.startswith("modelspec.")}
    others = {key: value for key, value in text.items() if value and len(value) <= 200 and not key.startswith("modelspec.")}
    return ModelFacts(
        format="safetensors",
        name=spec.get("title", ""),
        version=spec.get("version", ""),
        architecture=spec.get("architecture", ""),
        parameters=sum(size for _, size in tensors),
        tensors=len(tensors),
        precision=precision_of(tensors),
        licence=spec.get("license", ""),
        author=spec.get("author", ""),
        description=spec.get("description", ""),
        repository=repository_of(spec.get("usage_url", "") or text.get("repo_url", "")),
        others=dict(sorted(others.items())[:_SHOWN]),
    )
