"""A `.nupkg` (NuGet, «Package structure»): its manifest lies at the root, beside the parts of the package format. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.package_file import PackageFile

_TYPES = "[Content_Types].xml"


def read_nupkg(contents: Mapping[str, bytes], paths: Iterable[str]) -> PackageFile | None:
    """`contents`: what was kept of it. `paths`: all that it holds. None for what is no NuGet package."""
    manifests = [path for path in contents if "/" not in path and path.lower().endswith(".nuspec")]
    if len(manifests) != 1 or _TYPES not in set(paths):
        return None
    return PackageFile(kind="NuGet package", identity=manifests[0])
