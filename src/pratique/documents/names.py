"""The formats by name: what may follow `-o`, and what a document turns out to be. Pure table."""

from dataclasses import dataclass

from pratique.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format in one version. `versions`: those that can be written; `default`: the one meant when none is said."""

    name: str
    title: str
    versions: tuple[str, ...] = ()
    default: str = ""


FORMATS = {
    one.name: one
    for one in (
        Format(name="table", title="A table for people"),
        Format(name="cyclonedx-json", title="CycloneDX JSON", versions=("1.4", "1.5", "1.6", "1.7"), default="1.6"),
        Format(name="cyclonedx-xml", title="CycloneDX XML", versions=("1.4", "1.5", "1.6", "1.7"), default="1.6"),
        Format(name="spdx-json", title="SPDX JSON", versions=("2.3", "3.0.1"), default="2.3"),
        Format(name="spdx-tag-value", title="SPDX tag-value", versions=("2.3",), default="2.3"),
        Format(name="github-json", title="GitHub dependency snapshot"),
        Format(name="syft-json", title="syft JSON"),
        Format(name="json", title="Pratique JSON"),
    )
}

_SHORT = {"cyclonedx": "cyclonedx-json", "spdx": "spdx-json"}


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """What was asked for: a format and a version it has."""

    format: str
    version: str

    @property
    def lists_sha1(self) -> bool:
        """Whether it demands a SHA-1 of every file that it lists (SPDX 2.3 §8.4)."""
        return self.format.startswith("spdx-") and self.version.startswith("2.")

    def __str__(self) -> str:
        return f"{self.format}@{self.version}" if self.version else self.format


def parse_target(text: str) -> OutputTarget:
    """`NAME` or `NAME@VERSION`; `cyclonedx` and `spdx` are short for their JSON. Raises InputError, naming what there is."""
    name, at, version = text.partition("@")
    name = _SHORT.get(name, name)
    known = FORMATS.get(name)
    if known is None:
        from difflib import get_close_matches

        close = get_close_matches(name, FORMATS, n=1, cutoff=0.8)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(FORMATS)}"
        raise InputError(f"no format is called {name[:40]!r}", hint=hint)
    version = {"3.0": "3.0.1", "3": "3.0.1"}.get(version, version)
    if at and version not in known.versions:
        said = ", ".join(known.versions) if known.versions else "none"
        raise InputError(f"{known.title} is not written in version {version[:20]!r}", hint=f"versions of {name}: {said}")
    return OutputTarget(name, version or known.default)
