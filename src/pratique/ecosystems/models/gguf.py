"""GGUF versions 2 and 3 (ggml, gguf.md): magic, version, counts, typed key-value pairs, then the tensors' names and shapes. Pure.

Arrays (a tokenizer's vocabulary) are passed over. Versions before 2 and big-endian files are refused by name.
"""

import struct
from typing import Any

from pratique.artifact.content import FileContent
from pratique.ecosystems.models.facts import ModelFacts, count_of, precision_of, repository_of
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.text import clean

_MAX_PAIRS = 10_000
_MAX_TENSORS = 100_000
_MAX_ITEMS = 4_000_000
_MAX_DIMENSIONS = 8
_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
_SIZES = {kind: struct.calcsize(form) for kind, form in _SCALARS.items()}

_TENSOR_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K",
    13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S",
    22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16", 34: "TQ1_0",
    35: "TQ2_0", 39: "MXFP4",
}  # fmt: skip
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip


def read_gguf(content: FileContent) -> ModelFacts:
    """The header's facts. Raises Malformed, LimitExceeded."""
    cursor = _Cursor(content)
    cursor.take(4)
    version = cursor.number("<I")
    if version not in (2, 3):
        raise Malformed(f"GGUF of version {version}, or big-endian: not read")
    tensors, pairs = cursor.number("<Q"), cursor.number("<Q")
    if pairs > _MAX_PAIRS or tensors > _MAX_TENSORS:
        raise LimitExceeded(f"more than {_MAX_PAIRS} pairs or {_MAX_TENSORS} tensors")
    values: dict[str, Any] = {}
    for _ in range(pairs):
        key = cursor.text()
        value = cursor.value(cursor.number("<I"))
        if value is not None:
            values.setdefault(key, value)
    return _facts(values, [cursor.tensor() for _ in range(tensors)])


class _Cursor:
    def __init__(self, content: FileContent) -> None:
        self._content = content
        self._at = 0
        self._items = 0

    def take(self, size: int) -> bytes:
        data = self._content.read(self._at, size)
        if len(data) < size:
            raise Malformed("the header ends too early")
        self._at += size
        return data

    def skip(self, size: int) -> None:
        if self._at + size > len(self._content):
            raise Malformed("the header ends too early")
        self._at += size

    def number(self, form: str) -> int:
        (value,) = struct.unpack(form, self.take(struct.calcsize(form)))
        return int(value)

    def text(self) -> str:
        size = self.number("<Q")
        shown = self.take(min(size, 4096))
        self.skip(size - len(shown))
        return shown.decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        """A scalar or text; None for an array, which is passed over."""
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            self._array()
            return None
        if kind not in _SCALARS:
            raise Malformed(f"a value of the unknown type {kind}")
        (value,) = struct.unpack(_SCALARS[kind], self.take(_SIZES[kind]))
        return bool(value) if kind == _BOOL else value

    def _array(self) -> None:
        """Arrays in arrays are counted with the rest: each item costs."""
        waiting = [(self.number("<I"), self.number("<Q"))]
        while waiting:
            kind, count = waiting.pop()
            if kind in _SIZES:
                self.skip(_SIZES[kind] * count)
                continue
            if not count:
                continue
            self._items += 1
            if kind == _STRING:
                self._strings(count)
                continue
            if kind != _ARRAY or self._items > _MAX_PAIRS:
                raise Malformed(f"an array of the unknown type {kind}, or of too many arrays")
            waiting += [(kind, count - 1), (self.number("<I"), self.number("<Q"))]

    def _strings(self, count: int) -> None:
        self._items += count
        if self._items > _MAX_ITEMS:
            raise LimitExceeded(f"more than {_MAX_ITEMS} items in arrays")
        view, end = self._content.view, len(self._content)
        at = self._at
        for _ in range(count):
            at += 8 + int.from_bytes(view[at : at + 8], "little")
            if at > end:
                raise Malformed("the header ends too early")
        self._at = at

    def tensor(self) -> tuple[str, int]:
        """(type, how many numbers)."""
        self.text()
        dimensions = self.number("<I")
        if dimensions > _MAX_DIMENSIONS:
            raise Malformed(f"a tensor of {dimensions} dimensions")
        size = count_of([self.number("<Q") for _ in range(dimensions)])
        kind = self.number("<I")
        self.skip(8)
        return _TENSOR_TYPES.get(kind, f"type {kind}"), size


def _facts(values: dict[str, Any], tensors: list[tuple[str, int]]) -> ModelFacts:
    def text(key: str) -> str:
        return clean(values.get(f"general.{key}"), 500)

    architecture = text("architecture")
    count = values.get("general.base_model.count")
    bases = [text(f"base_model.{index}.repo_url") for index in range(min(count, 20) if type(count) is int else 0)]
    file_type = values.get("general.file_type")
    context = values.get(f"{architecture}.context_length")
    return ModelFacts(
        format="gguf",
        name=text("name") or text("basename"),
        version=text("version"),
        architecture=architecture,
        parameters=sum(size for _, size in tensors),
        tensors=len(tensors),
        precision=precision_of(tensors),
        quantisation=_FILE_TYPES.get(file_type, "") if type(file_type) is int else "",
        licence=text("license"),
        author=text("organization") or text("author"),
        description=text("description"),
        repository=text("source.huggingface.repository") or repository_of(text("repo_url")) or repository_of(text("source.url")),
        base_models=tuple(dict.fromkeys(filter(None, map(repository_of, bases)))),
        others={"context-length": str(context)} if type(context) is int else {},
    )
