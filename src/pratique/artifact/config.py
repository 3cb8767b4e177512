"""The image configuration (OCI image-spec, config.md): what is read of it. The received bytes are kept elsewhere. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from pratique.artifact.limits import Limits
from pratique.errors import Malformed
from pratique.model import Digest

MAX_CONFIG_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """`diff_ids`: of the layers, the lowest first. `created`: Unix seconds. `platform`: `os/architecture[/variant]`."""

    diff_ids: tuple[Digest, ...]
    created: int | None
    labels: Mapping[str, str]
    platform: str


class _RootFs(msgspec.Struct):
    type: str
    diff_ids: list[str] | None = None


class _Settings(msgspec.Struct):
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class _Config(msgspec.Struct):
    architecture: str
    os: str
    rootfs: _RootFs
    variant: str | None = None
    created: str | None = None
    config: _Settings | None = None


def parse_config(data: bytes, limits: Limits) -> ImageConfig:
    """Read a configuration. Raises Malformed, LimitExceeded."""
    try:
        wire = msgspec.json.decode(data, type=_Config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"not an image configuration: {error}") from error
    if wire.rootfs.type != "layers":
        raise Malformed(f"an image configuration with a root file system of type {wire.rootfs.type[:40]!r}")
    diff_ids = wire.rootfs.diff_ids or []
    if len(diff_ids) > limits.max_layers:
        raise limits.exceeded("max_layers", f"the image has {len(diff_ids)} layers")
    labels = (wire.config.labels if wire.config else None) or {}
    return ImageConfig(
        diff_ids=tuple(Digest.parse(text) for text in diff_ids),
        created=parse_time(wire.created),
        labels=dict(sorted(labels.items())),
        platform="/".join(part for part in (wire.os, wire.architecture, wire.variant) if part),
    )


def parse_time(text: str | None) -> int | None:
    """RFC 3339 → Unix seconds. None for no time, for Go's zero time, and for what is not a time: engines take any text."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // 1)
    return seconds if seconds >= 0 else None
