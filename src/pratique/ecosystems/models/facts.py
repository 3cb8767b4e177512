"""What the header of a model says, in one form for all formats. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

MAX_PARAMETERS = 1 << 60


class ModelFacts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`parameters`: how many numbers the tensors hold. `precision`: types of the tensors, the most numbers first.

    `repository`: `owner/name` on Hugging Face, where the header says so. `others`: further facts, shown as they are.
    """

    format: str
    name: str = ""
    version: str = ""
    architecture: str = ""
    parameters: int = 0
    tensors: int = 0
    precision: str = ""
    quantisation: str = ""
    licence: str = ""
    author: str = ""
    description: str = ""
    repository: str = ""
    base_models: tuple[str, ...] = ()
    others: dict[str, str] = msgspec.field(default_factory=dict)

    def packed(self) -> bytes:
        """As a probe keeps it."""
        return msgspec.json.encode(self)


def unpack_model_facts(data: bytes) -> ModelFacts:
    """What `ModelFacts.packed` made."""
    return msgspec.json.decode(data, type=ModelFacts)


def count_of(shape: Sequence[int]) -> int:
    """How many numbers a tensor of this shape holds, at most MAX_PARAMETERS."""
    count = 1
    for size in shape:
        count *= size
        if count > MAX_PARAMETERS:
            return MAX_PARAMETERS
    return count


def precision_of(tensors: Iterable[tuple[str, int]]) -> str:
    """Types by the numbers they hold: `F16, F32`. tensors: (type, how many numbers)."""
    counts: Counter[str] = Counter()
    for kind, size in tensors:
        counts[kind] += size
    return ", ".join(kind for kind, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:8])


def repository_of(url: str) -> str:
    """`owner/name` out of a Hugging Face address; "" for any other."""
    for prefix in ("https://huggingface.co/", "http://huggingface.co/", "https://hf.co/"):
        if url.startswith(prefix):
            parts = [part for part in url.removeprefix(prefix).split("?")[0].split("/") if part]
            if len(parts) >= 2 and parts[0] not in ("datasets", "spaces"):
                return "/".join(parts[:2])
    return ""
