"""pip's requirements files (pip, Requirements File Format) and pipenv's Pipfile.lock.

Of a requirements file, only what is pinned (`==`, `===`, an address) is a package: what a range will come to is decided when it
is installed, and is told as unknown instead of guessed, unless a constraint (`-c`) decides it. Included files (`-r`) are read;
those whose own name says what they are, by themselves.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from pratique.cataloging.origins import at_address, at_path, at_repository, place_in
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.ecosystems.python.names import normalised, pypi_package
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, joined, list_or_empty, read_hash, table_or_empty, text_or_empty
from pratique.model import Presence

_MAX_LINE = 100_000
_MAX_INCLUDED = 100
_NAME = r"([A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?+)[ \t]*+(?:\[[^\]]*+\])?+[ \t]*+"
_PINNED = lazy(_NAME + r"\(?={2,3}[ \t]*+([^\s;,()*]++)\)?[ \t]*+(?![,*\w])")
_DIRECT = lazy(_NAME + r"@[ \t]*+(\S++)")
_ANY = lazy(_NAME + r"(?=[<>=!~;(@\s]|\Z)")
_HASH = lazy(r"--hash[= \t]([a-z0-9]+:[0-9a-fA-F]+)")
_COMMENT = lazy(r"(?:^|(?<=\s))#")
_OPTION = lazy(r"(--?[a-z][a-z-]*)(?:[ \t]*=[ \t]*|[ \t]+|(?<=^-[a-z]))(.*)")
_EGG = lazy(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_PLACE = lazy(r"(?:[A-Za-z][A-Za-z+]*:|\.{1,2}[/\\]|/|\.{1,2}(?=$|\[)|~/)")
_ARCHIVE = lazy(r"(.+?)-(\d[^-/]*)\.(?:tar\.(?:gz|bz2|xz)|tgz|zip)")
_INDEX, _INCLUDE, _CONSTRAIN, _EDITABLE = (
    ("-i", "--index-url", "--pypi-url"),
    ("-r", "--requirement"),
    ("-c", "--constraint"),
    ("-e", "--editable"),
)
_INCLUDED = frozenset(
    f"{name}.txt"
    for name in (
        *("all base build ci common core default deps dependencies dev develop development doc docs extra extras".split()),
        *("lint local main optional pip prod production qa release runtime shared test testing tests typing".split()),
    )
)
"""Names that say nothing by themselves: such a file is kept, and read where a requirements file includes it."""
_SHOWN = 10


@dataclass(slots=True)
class _Reading:
    """What holds for a requirements file and all that it includes. `pins`: by constraints, name → version."""

    index: str = ""
    pins: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    loose: list[str] = field(default_factory=list)


def _read_requirements(file: File) -> Iterator[Found]:
    if not _is_requirements(file.path):
        return
    reading = _Reading(seen={file.path})
    # An index, and constraints, hold for the whole file, wherever they stand in it.
    for option, value in _options(file.text):
        if option in _INDEX:
            reading.index = value
        elif option in _CONSTRAIN:
            _constrain(file, value, reading)
    yield from _requirements(file, reading)
    if reading.loose:
        loose = reading.loose
        names = ", ".join(clean(name, 60) for name in loose[:_SHOWN]) + (", …" if len(loose) > _SHOWN else "")
        file.unknown(f"{len(loose)} requirements that name no one version: {names}")


def _options(text: str) -> Iterator[tuple[str, str]]:
    for line in _lines(text):
        option = _OPTION.match(line) if line.startswith("-") else None
        if option:
            yield option[1], option[2].strip().strip("\"'")


def _requirements(file: File, reading: _Reading) -> Iterator[Found]:
    for line in _lines(file.text):
        option = _OPTION.match(line) if line.startswith("-") else None
        value = option[2].strip().strip("\"'") if option else ""
        if option and option[1] in _INCLUDE:
            yield from _included(file, value, reading)
        elif option and option[1] in _EDITABLE:
            yield from _addressed(file, value.split(" --", 1)[0].partition(" ;")[0].strip("\"' "), [], editable=True)
        elif option and option[1] in _INDEX and not reading.index:
            reading.index = value
        elif not line.startswith("-"):
            yield from _requirement(file, line, reading)


def _requirement(file: File, line: str, reading: _Reading) -> Iterator[Found]:
    archives = [("", read_hash(digest)) for digest in _HASH.findall(line)[:1000]]
    pinned, direct, named = _PINNED.match(line), _DIRECT.match(line), _ANY.match(line)
    component = None
    if direct:
        version, facts = _wheel_version(direct[2]), {"resolved": clean_url(direct[2])}
        component = pypi_package(file, direct[1], version, archives, facts=facts, origin=at_address(direct[2]))
    elif _PLACE.match(line):
        yield from _addressed(file, line.split(" --", 1)[0].partition(" ;")[0].strip(), archives)
    elif pinned:
        component = pypi_package(file, pinned[1], pinned[2], archives, index=reading.index)
    elif named and normalised(named[1]) in reading.pins:
        component = pypi_package(file, named[1], reading.pins[normalised(named[1])], archives, index=reading.index)
    elif named:
        reading.loose.append(named[1])
    else:
        file.unread(f"a line that is no requirement: {clean(line, 100)}")
    if component is not None:
        yield Found(component)


def _addressed(
    file: File, address: str, archives: Iterable[tuple[str, Mapping[str, str]]], *, editable: bool = False
) -> Iterator[Found]:
    """A requirement that is but an address or a folder: it is named by `#egg=`, its archive, or its last step."""
    egg, bare = _EGG.search(address), address.partition("#")[0].partition("[")[0].rstrip("/")
    last = unquote(bare.rpartition("/")[2].rpartition("\\")[2]).partition("@")[0]
    archive, version = _ARCHIVE.fullmatch(last), _wheel_version(bare)
    if version:
        name = last.partition("-")[0]
    elif archive:
        name, version = archive[1], archive[2]
    else:
        name = last.removesuffix(".git")
    name = egg[1] if egg else name
    if name in ("", ".", ".."):
        return  # the project itself, or a folder without a name of its own
    facts = {"resolved": clean_url(address), "editable": "true" if editable else ""}
    component = pypi_package(file, name, version, archives, facts=facts, origin=at_address(address.partition("[")[0]))
    if component is not None:
        yield Found(component)


def _included(file: File, name: str, reading: _Reading) -> Iterator[Found]:
    """What another file adds, if it is not read for its own name's sake."""
    place = place_in(file.folder, name)
    if place in reading.seen or _is_requirements(place):
        if place not in file.out.tree.contents:
            file.unread(f"includes {clean(name, 200)}, which is not there")
        return
    other = _other(file, name, reading)
    if other is not None:
        yield from _requirements(other, reading)


def _other(file: File, name: str, reading: _Reading) -> File | None:
    place = place_in(file.folder, name)
    data = file.out.tree.contents.get(place)
    reading.seen.add(place)
    if data is None or len(reading.seen) > _MAX_INCLUDED:
        file.unread(f"includes {clean(clean_url(name), 200)}, which is not read")
        return None
    return File(place, data, file.out, file.presence)


def _constrain(file: File, name: str, reading: _Reading) -> None:
    """Constraints install nothing: they say which version is taken of what is asked for."""
    other = _other(file, name, reading)
    for line in _lines(other.text) if other is not None else ():
        pinned = _PINNED.match(line)
        if pinned:
            reading.pins.setdefault(normalised(pinned[1]), pinned[2])


def _lines(text: str) -> Iterator[str]:
    """Logical lines: a backslash at the end goes on, a comment begins at the start or after a space."""
    parts: list[str] = []
    length = 0
    for line in text.split("\n"):
        begun = _COMMENT.search(line)
        kept = line[: begun.start()] if begun else line
        goes_on = kept.endswith("\\")
        parts.append(kept[:-1] if goes_on else kept)
        length += len(kept)
        if goes_on and length < _MAX_LINE:
            continue
        whole = " ".join(parts).strip()
        parts, length = [], 0
        if whole:
            yield whole[:_MAX_LINE]
    if parts:
        yield " ".join(parts).strip()


def _wheel_version(address: str) -> str:
    """The version in the name of a wheel; "" for anything else."""
    name = unquote(address.partition("#")[0].rpartition("/")[2])
    return name.split("-")[1] if name.endswith(".whl") and name.count("-") >= 4 else ""


def _read_pipfile(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    sources = [table_or_empty(one) for one in list_or_empty(table_or_empty(document.get("_meta")).get("sources"))]
    indexes = {text_or_empty(one.get("name")): one.get("url") for one in sources}
    usual = sources[0].get("url") if sources else ""
    for group, packages in document.items():
        if group == "_meta":
            continue
        for name, value in table_or_empty(packages).items():
            entry = table_or_empty(value)
            version = text_or_empty(entry.get("version")).lstrip("=")
            if "*" in version:  # what pipenv writes for a package that this platform does not need
                version = ""
            archives = [("", read_hash(text_or_empty(digest))) for digest in list_or_empty(entry.get("hashes"))]
            address = next((clean_url(entry[key]) for key in ("git", "file", "path") if entry.get(key)), "")
            commit = text_or_empty(entry.get("ref"))
            whence = at_repository(entry.get("git"), commit, folder=entry.get("subdirectory"))
            if whence.is_public:
                whence = at_address(entry["file"]) if entry.get("file") else at_path(entry.get("path"))
            component = pypi_package(
                file,
                name,
                version,
                archives,
                index="" if address else indexes.get(text_or_empty(entry.get("index")), usual),
                origin=whence,
                facts={
                    "groups": group,
                    "scope": "dev" if group == "develop" else "",
                    "extras": joined(entry.get("extras")),
                    "resolved": f"{address}@{commit}" if address and commit else address,
                },
            )
            if component is not None:
                yield Found(component, (normalised(name),))


def _is_requirements(path: str) -> bool:
    """`requirements.txt`, `dev-requirements.txt`, `requirements/main.txt`."""
    folder, _, name = path.rpartition("/")
    if "constraints" in name:
        return False
    return "requirements" in name or folder.rpartition("/")[2] == "requirements"


def _may_be_included(path: str) -> bool:
    name = path.rpartition("/")[2]
    return _is_requirements(path) or name in _INCLUDED or "constraints" in name


REQUIREMENTS = FileCataloger(
    "requirements",
    2,
    ListSource(read=_read_requirements, presence=Presence.DECLARED, endings=(".txt",), accepts=_may_be_included),
    ListSource(read=_read_pipfile, presence=Presence.DECLARED, names=("Pipfile.lock",)),
)
