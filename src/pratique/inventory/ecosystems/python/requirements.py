"""pip's requirements files (pip, Requirements File Format) and pipenv's Pipfile.lock.

Of a requirements file, only what is pinned (`==`, `===`, an address) is a package: what a range will come to is decided when it
is installed, and is told as unknown instead of guessed. Included files (`-r`) are read where they lie, if their name says so.
"""

from collections.abc import Iterator
from urllib.parse import unquote

from pratique.inventory.common.package_lists import File, FileCataloger, Found, ListSource
from pratique.inventory.ecosystems.python.names import normalised, pypi_package
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, joined, list_or_empty, read_hash, table_or_empty, text_or_empty
from pratique.model import Presence

_MAX_LINE = 100_000
_NAME = r"([A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?+)[ \t]*+(?:\[[^\]]*+\])?+[ \t]*+"
_PINNED = lazy(_NAME + r"\(?={2,3}[ \t]*+([^\s;,()*]++)\)?[ \t]*+(?![,*\w])")
_DIRECT = lazy(_NAME + r"@[ \t]*+(\S++)")
_ANY = lazy(_NAME)
_HASH = lazy(r"--hash[= \t]([a-z0-9]+:[0-9a-fA-F]+)")
_COMMENT = lazy(r"(?:^|(?<=\s))#")
_SHOWN = 10


def _read_requirements(file: File) -> Iterator[Found]:
    loose: list[str] = []
    for line in _lines(file.text):
        if line.startswith("-"):
            continue
        pinned, direct, named = _PINNED.match(line), _DIRECT.match(line), _ANY.match(line)
        archives = [("", read_hash(digest)) for digest in _HASH.findall(line)[:1000]]
        component = None
        if pinned:
            component = pypi_package(file, pinned[1], pinned[2], archives)
        elif direct:
            facts = {"resolved": clean_url(direct[2])}
            component = pypi_package(file, direct[1], _wheel_version(direct[2]), archives, facts=facts)
        elif named:
            loose.append(named[1])
        if component is not None:
            yield Found(component)
    if loose:
        names = ", ".join(clean(name, 60) for name in loose[:_SHOWN]) + (", …" if len(loose) > _SHOWN else "")
        file.unknown(f"{len(loose)} requirements that name no one version: {names}")


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
            component = pypi_package(
                file,
                name,
                version,
                archives,
                index="" if address else indexes.get(text_or_empty(entry.get("index")), usual),
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
    return "requirements" in name or folder.rpartition("/")[2] == "requirements"


REQUIREMENTS = FileCataloger(
    "requirements",
    1,
    ListSource(read=_read_requirements, presence=Presence.DECLARED, endings=(".txt",), accepts=_is_requirements),
    ListSource(read=_read_pipfile, presence=Presence.DECLARED, names=("Pipfile.lock",)),
)
