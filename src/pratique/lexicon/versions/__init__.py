"""Versions in the order of their ecosystem: a key to compare with for each scheme. Pure; linear time, bounded length.

    alpm           vercmp(8)
    apk            apk-package(5), "pkgver"; also alpine
    composer       Composer, "Versions and constraints"
    conan          Conan 2, "Version ranges"
    datetime       RFC 3339 §5.6
    deb            Debian Policy §5.6.12
    gem            Gem::Version
    gentoo         Package Manager Specification 8 §3.3; also ebuild
    intdot         vers specification; also nginx
    lexicographic  vers specification
    maven          POM Reference, "Version Order Specification"
    nuget          NuGet, "Package versioning"
    openssl        OpenSSL, "Release strategy"
    pypi           PEP 440, "Version scheme" and "Summary of permitted suffixes and relative ordering"
    rpm            rpm-version(7), rpmvercmp
    semver         Semantic Versioning 2.0.0 §11; also npm, golang and cargo

Keys of different schemes are not to be compared with each other.
"""

from collections.abc import Callable
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.alpm import alpm_key
from pratique.lexicon.versions.apk import apk_key
from pratique.lexicon.versions.composer import composer_key
from pratique.lexicon.versions.conan import conan_key
from pratique.lexicon.versions.datetime import datetime_key
from pratique.lexicon.versions.deb import deb_key
from pratique.lexicon.versions.gem import gem_key
from pratique.lexicon.versions.gentoo import gentoo_key
from pratique.lexicon.versions.intdot import intdot_key
from pratique.lexicon.versions.lexicographic import lexicographic_key
from pratique.lexicon.versions.maven import maven_key
from pratique.lexicon.versions.nuget import nuget_key
from pratique.lexicon.versions.openssl import openssl_key
from pratique.lexicon.versions.pypi import pypi_key
from pratique.lexicon.versions.rpm import rpm_key
from pratique.lexicon.versions.semver import semver_key

MAX_CHARS = 512

SCHEMES: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "alpine": apk_key,
    "alpm": alpm_key,
    "apk": apk_key,
    "cargo": semver_key,
    "composer": composer_key,
    "conan": conan_key,
    "datetime": datetime_key,
    "deb": deb_key,
    "ebuild": gentoo_key,
    "gem": gem_key,
    "gentoo": gentoo_key,
    "golang": semver_key,
    "intdot": intdot_key,
    "lexicographic": lexicographic_key,
    "maven": maven_key,
    "nginx": intdot_key,
    "npm": semver_key,
    "nuget": nuget_key,
    "openssl": openssl_key,
    "pypi": pypi_key,
    "rpm": rpm_key,
    "semver": semver_key,
}


def key(scheme: str, version: str) -> tuple[Any, ...]:
    """What to sort a version by. `scheme`: one of `SCHEMES`. Raises Malformed for what is no version of it, or is too long."""
    if len(version) > MAX_CHARS:
        raise Malformed(f"a version of more than {MAX_CHARS} characters")
    return SCHEMES[scheme](version)
