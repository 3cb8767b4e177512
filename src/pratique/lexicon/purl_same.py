"""Package URLs of several tools brought to one spelling, to know one package again. Pure; never raises."""

from functools import lru_cache

from pratique.errors import Malformed
from pratique.lexicon.purl_read import parse_purl

_SYSTEMS = frozenset({"deb", "rpm", "apk", "alpm"})
_DISTRIBUTIONS = {"rhel": "redhat", "almalinux": "alma", "ol": "oracle", "amzn": "amazon", "arch": "archlinux"}
"""Namespaces of distributions that tools spell in two ways."""


@lru_cache(maxsize=65_536)
def same_package(text: str) -> str:
    """What two package URLs share when they name one package in one version: percent-encoding, order of qualifiers, case (by
    type), an epoch as `epoch=` or before the version, and qualifiers that only say more (`distro`, `upstream`) do not count;
    `arch` does not either, since not all tools state it. A text that is no package URL stands for itself."""
    try:
        purl = parse_purl(text)
    except Malformed:
        return text
    namespace = purl.namespace
    version = purl.version
    if purl.type in _SYSTEMS:
        namespace = _DISTRIBUTIONS.get(namespace, namespace)
        epoch = purl.qualifiers.get("epoch", "")
        if epoch.isdigit() and epoch != "0" and ":" not in version:
            version = f"{epoch}:{version}"
        version = version.removeprefix("0:")
    elif purl.type == "golang":
        # Some keep the v of a tag, some do not; some lower the case of paths.
        version = version.removeprefix("v").removesuffix("+incompatible")
        return f"golang/{namespace}/{purl.name}@{version}#{purl.subpath}".lower()
    return f"{purl.type}/{namespace}/{purl.name}@{version}#{purl.subpath}"
