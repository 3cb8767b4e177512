"""Which image of a multi-platform index (OCI image-spec, image-index.md) is meant. Pure but for `host_platform`."""

import platform as host
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pratique.errors import InputError, Malformed, NotFound

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor

# Go's names for what uname says.
_MACHINES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "armv7l": "arm/v7",
    "armv6l": "arm/v6",
    "i686": "386",
    "i386": "386",
}
_IMPLIED = {"arm64": "v8", "arm": "v7"}  # containerd's normal forms


def host_platform() -> str:
    """`linux/ARCHITECTURE[/VARIANT]` of this machine."""
    machine = host.machine().lower()
    return f"linux/{_MACHINES.get(machine, machine)}"


def parse_platform(text: str) -> tuple[str, str, str]:
    """`os/architecture[/variant]` in its parts, the variant that is implied filled in. Raises InputError."""
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise InputError(f"not a platform: {text[:80]!r}", hint="write os/architecture[/variant], for instance linux/amd64")
    system, architecture, *rest = parts
    return system, architecture, rest[0] if rest else _IMPLIED.get(architecture, "")


def same_platform(left: str, right: str) -> bool:
    """Whether two platforms are the same machine, spelled with or without the implied variant."""
    return parse_platform(left) == parse_platform(right)


def choose(manifests: "Sequence[Descriptor]", wanted: str, *, where: str) -> "Descriptor":
    """The image for `wanted`. Attestations that builders keep in an index (`unknown/unknown`) are not images.

    An index with one image that does not say its platform is that image. Raises NotFound with what there is.
    """
    images = [(platform_text(item.platform), item) for item in manifests]
    images = [(text, item) for text, item in images if text != "unknown/unknown"]
    unnamed = [item for text, item in images if not text]
    if len(images) == 1 and unnamed:
        return unnamed[0]
    asked = parse_platform(wanted)
    for text, item in images:
        if text and parse_platform(text) == asked:
            return item
    loose = [item for text, item in images if text and parse_platform(text)[:2] == asked[:2]]
    if wanted.count("/") == 1 and len(loose) == 1:
        return loose[0]
    names = sorted({text or "one without a platform" for text, _ in images})
    hint = f"choose one with --platform: {', '.join(names)}" if names else "the index holds no image"
    raise NotFound(f"no image for {wanted}", where=where, hint=hint)


def platform_text(platform: Mapping[str, Any] | None) -> str:
    """The `platform` object of a descriptor as text; "" if it has none. Raises Malformed."""
    if not platform:
        return ""
    parts = [platform.get("os"), platform.get("architecture"), platform.get("variant") or ""]
    if not all(isinstance(part, str) and "/" not in part for part in parts) or not parts[0] or not parts[1]:
        raise Malformed("an index with a platform that is none")
    return "/".join(str(part) for part in parts if part)
