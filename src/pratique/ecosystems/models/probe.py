"""Headers of machine-learning models: one format a module, which is loaded when the first such model passes by."""

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest


class SafetensorsProbe:
    """Facts: a `ModelFacts`, packed."""

    name = "safetensors"
    # the format's own limit of a header, and the length before it
    interest = Interest(endings=frozenset({".safetensors"}), reach=100_000_008)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Whatever begins with a length and JSON; the name says the rest."""
        return head[8:9] == b"{"

    def read(self, content: FileContent) -> bytes:
        """See the class. Raises Malformed."""
        from pratique.ecosystems.models.safetensors import read_safetensors

        return read_safetensors(content).packed()


class GgufProbe:
    """Facts: a `ModelFacts`, packed."""

    name = "gguf"
    interest = Interest(magics=frozenset({b"GGUF"}), reach=64 << 20)  # the largest vocabularies take about 10 MB

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Whatever begins with the magic."""
        return size >= 24

    def read(self, content: FileContent) -> bytes:
        """See the class. Raises Malformed, LimitExceeded."""
        from pratique.ecosystems.models.gguf import read_gguf

        return read_gguf(content).packed()


class OnnxProbe:
    """Facts: a `ModelFacts`, packed. Weights lie between the fields: all of the file is looked over."""

    name = "onnx"
    interest = Interest(endings=frozenset({".onnx"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """The format has no magic: it begins with `ir_version`, field 1."""
        return head[:1] == b"\x08"

    def read(self, content: FileContent) -> bytes:
        """See the class. Raises Malformed, LimitExceeded."""
        from pratique.ecosystems.models.onnx import read_onnx

        return read_onnx(content).packed()


MODEL_PROBES = (SafetensorsProbe(), GgufProbe(), OnnxProbe())
"""One for each format."""
