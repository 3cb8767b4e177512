"""ONNX models (onnx.proto3, ModelProto and GraphProto), by a reader of few fields (Protocol Buffers, «Encoding»). Pure.

Weights and nodes are passed over by their lengths; nothing is decoded that is not shown. Groups, which protobuf gave up, and
numbers of more than ten bytes are refused.
"""

from collections.abc import Iterator

from pratique.artifact.content import FileContent
from pratique.ecosystems.models.facts import ModelFacts, count_of, precision_of
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.text import clean

_MAX_FIELDS = 2_000_000
_MAX_TEXT = 4096
_TYPES = (
    "undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool", "float16",
    "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn", "float8e4m3fnuz",
    "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1", "float8e8m0",
)  # fmt: skip
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_onnx(content: FileContent) -> ModelFacts:
    """The header's facts. Raises Malformed, LimitExceeded."""
    return _Reader(content).model()


class _Reader:
    def __init__(self, content: FileContent) -> None:
        self._content = content
        self._view = content.view
        self._fields = 0

    def model(self) -> ModelFacts:
        """ModelProto."""
        text: dict[int, str] = {}
        numbers: dict[int, int] = {}
        properties: dict[str, str] = {}
        operators: list[str] = []
        graph = ""
        tensors: list[tuple[str, int]] = []
        found = False
        for field, kind, value, end in self._message(0, len(self._content)):
            if kind == _VARINT and field in (1, 5):
                numbers[field] = value
            elif kind == _BYTES and field in (2, 3, 4, 6):
                text[field] = self._text(value, end)
            elif kind == _BYTES and field == 7:
                found = True
                graph = self._graph(value, end, tensors)
            elif kind == _BYTES and field == 8:
                operators.append(self._operators(value, end))
            elif kind == _BYTES and field == 14:
                key, text_ = self._pair(value, end)
                if key and len(properties) < 100:
                    properties.setdefault(key, text_)
        if not found:
            raise Malformed("no ONNX model: it has no graph")
        version = numbers.get(5, 0)
        facts = {
            "producer": f"{text.get(2, '')} {text.get(3, '')}".strip(),
            "ir-version": str(numbers.get(1, "")),
            "operators": ", ".join(filter(None, operators[:20])),
            "domain": text.get(4, ""),
        }
        others = {key: value for key, value in facts.items() if value} | {
            key: value for key, value in properties.items() if value and len(value) <= 200 and key not in facts
        }
        return ModelFacts(
            format="onnx",
            name=properties.get("name", "") or graph,
            version=str(version) if version else properties.get("version", ""),
            parameters=sum(size for _, size in tensors),
            tensors=len(tensors),
            precision=precision_of(tensors),
            licence=properties.get("license", ""),
            author=properties.get("author", "") or properties.get("model_author", ""),
            description=text.get(6, ""),
            others=dict(sorted(others.items())[:40]),
        )

    def _graph(self, at: int, end: int, tensors: list[tuple[str, int]]) -> str:
        """GraphProto: its name; its initializers go to `tensors`."""
        name = ""
        for field, kind, value, stop in self._message(at, end):
            if kind == _BYTES and field == 2:
                name = self._text(value, stop)
            elif kind == _BYTES and field == 5:
                tensors.append(self._tensor(value, stop))
        return name

    def _tensor(self, at: int, end: int) -> tuple[str, int]:
        """TensorProto: type and how many numbers. Dimensions are packed or not, as the writer likes."""
        shape: list[int] = []
        type_ = 0
        for field, kind, value, stop in self._message(at, end):
            if field == 1 and kind == _VARINT:
                shape.append(value)
            elif field == 1 and kind == _BYTES:
                inner = value
                while inner < stop and len(shape) <= 64:
                    size, inner = self._varint(inner, stop)
                    shape.append(size)
            elif field == 2 and kind == _VARINT:
                type_ = value
            if len(shape) > 64:
                raise Malformed("a tensor of more than 64 dimensions")
        return _TYPES[type_] if type_ < len(_TYPES) else f"type {type_}", count_of(shape)

    def _operators(self, at: int, end: int) -> str:
        """OperatorSetIdProto: `domain 17`; the default domain is ai.onnx."""
        domain, version = "", 0
        for field, kind, value, stop in self._message(at, end):
            if field == 1 and kind == _BYTES:
                domain = self._text(value, stop)
            elif field == 2 and kind == _VARINT:
                version = value
        return f"{domain or 'ai.onnx'} {version}"

    def _pair(self, at: int, end: int) -> tuple[str, str]:
        """StringStringEntryProto."""
        found = {1: "", 2: ""}
        for field, kind, value, stop in self._message(at, end):
            if field in found and kind == _BYTES:
                found[field] = self._text(value, stop)
        return found[1], found[2]

    def _text(self, at: int, end: int) -> str:
        return clean(bytes(self._view[at : min(end, at + _MAX_TEXT)]).decode("utf-8", "replace"), 500)

    def _message(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """(field, wire type, value or begin, end) of each field of a message."""
        while at < end:
            self._fields += 1
            if self._fields > _MAX_FIELDS:
                raise LimitExceeded(f"more than {_MAX_FIELDS} fields")
            tag, at = self._varint(at, end)
            field, kind = tag >> 3, tag & 7
            if kind == _VARINT:
                value, at = self._varint(at, end)
                yield field, kind, value, at
                continue
            if kind == _BYTES:
                size, at = self._varint(at, end)
            else:
                size = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
            if not field or size < 0 or at + size > end:
                raise Malformed("no ONNX model: a field is of no known kind or longer than what holds it")
            yield field, kind, at, at + size
            at += size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = shift = 0
        while at < end and shift < 70:
            byte = self._view[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at
            shift += 7
        raise Malformed("no ONNX model: a number is cut off or too long")
