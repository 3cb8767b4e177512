"""Versions in the order of their ecosystem: a key to compare with for each scheme. Pure; linear time, bounded length.

    deb      Debian Policy §5.6.12
    rpm      rpm-version(7), rpmvercmp
    pypi     PEP 440, "Version scheme" and "Summary of permitted suffixes and relative ordering"
    semver   Semantic Versioning 2.0.0 §11; also npm

Keys of different schemes are not to be compared with each other.
"""

from collections.abc import Callable
from typing import Any

from pratique.errors import Malformed
from pratique.vuln.versions.deb import deb_key
from pratique.vuln.versions.pypi import pypi_key
from pratique.vuln.versions.rpm import rpm_key
from pratique.vuln.versions.semver import semver_key

MAX_CHARS = 512

SCHEMES: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "deb": deb_key,
    "npm": semver_key,
    "pypi": pypi_key,
    "rpm": rpm_key,
    "semver": semver_key,
}


def key(scheme: str, version: str) -> tuple[Any, ...]:
    """What to sort a version by. `scheme`: one of `SCHEMES`. Raises Malformed for what is no version of it, or is too long."""
    if len(version) > MAX_CHARS:
        raise Malformed(f"a version of more than {MAX_CHARS} characters")
    return SCHEMES[scheme](version)
