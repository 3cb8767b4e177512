"""Which image of a multi-platform index (OCI image-spec, image-index.md) is meant. Pure but for `host_platform`.

Platforms are compared in containerd's normal form, so that two spellings of one machine are one. What builders keep in an index
beside the images, attestations under the platform `unknown/unknown`, is no image. Two images for one platform are refused: which
of them a machine would run is nothing that anybody verified.
"""

import platform as host
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from pratique.errors import InputError, Malformed, NotFound

if TYPE_CHECKING:
    from pratique.model import Digest

# What uname and people say, in Go's names.
_MACHINES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm/v7",
    "armv7l": "arm/v7",
    "armel": "arm/v6",
    "armv6l": "arm/v6",
    "i386": "386",
    "i686": "386",
}
_IMPLIED = {"arm64": "v8", "arm": "v7", "amd64": "v1"}  # containerd's normal forms
_SYSTEM = re.compile(r"(?P<name>[^/()]+)(?:\((?P<version>[^/()]+)\))?")
_SHOWN = 8

REFERENCE_TYPE = "vnd.docker.reference.type"  # BuildKit, docs/attestations/attestation-storage.md
_ATTESTATION = "attestation-manifest"
UNKNOWN = "unknown/unknown"


class Platform(NamedTuple):
    """A kind of machine, in normal form. `version`: of the operating system, which only Windows has; else ""."""

    system: str
    architecture: str
    variant: str = ""
    version: str = ""

    def __str__(self) -> str:
        system = f"{self.system}({self.version})" if self.version else self.system
        variant = "" if self.variant == _IMPLIED.get(self.architecture) else self.variant
        return "/".join(part for part in (system, self.architecture, variant) if part)


class Listed(NamedTuple):
    """An image of an index. `platform`: None where the index does not say it; `aside`: announced as an attestation about
    another image."""

    digest: "Digest"
    platform: Platform | None
    aside: bool = False

    @property
    def label(self) -> str:
        """For people."""
        return str(self.platform) if self.platform else f"{self.digest.short}, for no platform"


Entry = TypeVar("Entry", bound=Listed)


def host_platform() -> str:
    """`linux/ARCHITECTURE[/VARIANT]` of this machine."""
    machine = host.machine().lower()
    return f"linux/{_MACHINES.get(machine, machine)}"


def parse_platform(text: str) -> Platform:
    """`os[(version)]/architecture[/variant]` in normal form, the variant that is implied filled in. Raises InputError."""
    parts = text.split("/")
    system = _SYSTEM.fullmatch(parts[0])
    if len(parts) not in (2, 3) or not all(parts) or system is None:
        raise InputError(f"not a platform: {text[:80]!r}", hint="write os/architecture[/variant], for instance linux/amd64")
    architecture, _, implied = _MACHINES.get(parts[1].lower(), parts[1].lower()).partition("/")
    variant = parts[2].lower() if len(parts) == 3 else implied
    if architecture == "arm64" and variant == "8":
        variant = "v8"
    variant = variant or _IMPLIED.get(architecture, "")
    return Platform(system["name"].lower(), architecture, variant, system["version"] or "")


def same_platform(left: str, right: str) -> bool:
    """Whether two platforms are the same machine, spelled with or without the implied variant."""
    return parse_platform(left)[:3] == parse_platform(right)[:3]


def platform_of(platform: Mapping[str, Any] | None) -> Platform | None:
    """The `platform` object of a descriptor; None if it says none. Raises Malformed."""
    if not platform:
        return None
    names = ("os", "architecture", "variant", "os.version")
    parts = [platform.get(name) or "" for name in names]
    if not any(parts[:2]):
        return None
    if not all(isinstance(part, str) and not set(part) & set("/()") for part in parts) or not parts[0] or not parts[1]:
        raise Malformed("an index with a platform that is none")
    system, architecture, variant, version = parts
    found = parse_platform("/".join(part for part in (system, architecture, variant) if part))
    return found._replace(version=version)


def is_attestation(platform: Platform | None) -> bool:
    """Whether this is where builders put attestations: a platform that no machine is."""
    return platform is not None and platform[:2] == ("unknown", "unknown")


def is_aside(annotations: Mapping[str, str]) -> bool:
    """Whether an entry of an index is announced as an attestation about another."""
    return annotations.get(REFERENCE_TYPE) == _ATTESTATION


def choose(images: Sequence[Entry], wanted: str, *, where: str) -> Entry:
    """The image for `wanted`. Only an image that is alone may leave its platform unsaid.

    Raises NotFound with what there is, InputError where several are for that platform.
    """
    images = [item for item in images if not is_attestation(item.platform)]
    plain = [item for item in images if item.platform is not None or not item.aside]
    if len({item.digest for item in plain}) == 1 and plain[0].platform is None:
        return plain[0]
    asked = parse_platform(wanted)
    named = [(item, item.platform) for item in images if item.platform is not None]
    found = [item for item, platform in named if platform[:3] == asked[:3] and asked.version in ("", platform.version)]
    if found:
        return _one(found, asked, where)
    loose = [item for item, platform in named if platform[:2] == asked[:2] and asked.version in ("", platform.version)]
    if wanted.count("/") == 1 and len({item.digest for item in loose}) == 1:
        return loose[0]
    names = sorted({str(item.platform or "one without a platform") for item in plain})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    hint = f"choose one with --platform: {', '.join(names[:_SHOWN])}{more}" if names else "the index holds no image"
    raise NotFound(f"no image for {wanted}", where=where, hint=hint)


def check_unambiguous(images: Sequence[Listed], *, where: str) -> None:
    """That no platform has two images. Raises InputError."""
    by_platform: dict[Platform, list[Listed]] = {}
    for item in images:
        if item.platform is not None and not is_attestation(item.platform):
            by_platform.setdefault(item.platform, []).append(item)
    for platform, items in by_platform.items():
        _one(items, platform, where)


def _one(found: Sequence[Entry], asked: Platform, where: str) -> Entry:
    digests = list(dict.fromkeys(item.digest for item in found))
    if len(digests) == 1:
        return found[0]
    versions = sorted({str(item.platform) for item in found})
    if len(versions) == len(digests):
        hint = f"choose one with --platform: {', '.join(repr(text) for text in versions[:_SHOWN])}"
    else:
        hint = f"name one by its digest: {', '.join(digests[:2])}"
    raise InputError(f"the index is ambiguous: {len(digests)} images for {asked}", where=where, hint=hint)
