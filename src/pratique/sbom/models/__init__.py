"""Headers of machine-learning models: one format a file, read by probes while a model passes by. Only headers are looked at."""

from pratique.sbom.models.facts import ModelFacts
from pratique.sbom.models.gguf import GgufProbe
from pratique.sbom.models.onnx import OnnxProbe
from pratique.sbom.models.safetensors import SafetensorsProbe

__all__ = ["MODEL_PROBES", "ModelFacts"]

MODEL_PROBES = (SafetensorsProbe(), GgufProbe(), OnnxProbe())
"""One for each format; each leaves a `ModelFacts`."""
