"""Python's package files: wheels (PEP 427), eggs, and source distributions (PEP 643), which have the core metadata, too. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.package_file import PackageFile, one_line

_EGG = "EGG-INFO/PKG-INFO"
_METADATA = "/METADATA"
_SOURCE = "/PKG-INFO"
_REQUIRES = "requires-dist:"
_PLACE = "package.dist-info/METADATA"


def keeps_python(path: str) -> bool:
    """The metadata of a source distribution, which nothing installed has there."""
    return path.count("/") == 1 and path.endswith(_SOURCE)


def read_python(contents: Mapping[str, bytes], paths: Iterable[str]) -> PackageFile | None:
    """`contents`: what was kept of it. `paths`: all that it holds. None for what is none of Python's package files."""
    paths = set(paths)
    wheels = [path for path in contents if path.count("/") == 1 and path.endswith(f".dist-info{_METADATA}")]
    if len(wheels) == 1 and f"{wheels[0].removesuffix(_METADATA)}/WHEEL" in paths:
        return PackageFile(kind="Python wheel", identity=wheels[0], needs=_needs(contents[wheels[0]]))
    if _EGG in contents:
        return PackageFile(kind="Python egg", identity=_EGG)
    sources = [path for path in contents if keeps_python(path)]
    if len(sources) == 1 and {path.partition("/")[0] for path in paths} == {sources[0].partition("/")[0]}:
        text = contents[sources[0]]
        return PackageFile(
            kind="Python source distribution", identity=_PLACE, origin=sources[0], contents={_PLACE: text}, needs=_needs(text)
        )
    return None


def _needs(metadata: bytes) -> tuple[str, ...]:
    """`Requires-Dist` as it is written; the description after the empty line is not looked at."""
    head = metadata.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
    return tuple(one_line(line.partition(":")[2]) for line in head.split("\n") if line.lower().startswith(_REQUIRES))
