"""Haskell: stack.yaml and its lock (packages besides the snapshot, which is named, not listed), cabal.project.freeze, and the
databases in which GHC and cabal register what is installed."""

from collections.abc import Iterator
from typing import Any

from pratique.cataloging.origins import at_address, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_PINNED = lazy(r"\s*(?:any\.)?([A-Za-z0-9][A-Za-z0-9-]*)\s*==\s*([0-9][0-9.]*)\s*")
_COMMENT = lazy(r"--[^\n]*")
_HACKAGE = lazy(r"([A-Za-z0-9][A-Za-z0-9-]*)-([0-9][0-9.]*)(?:@sha256:([0-9a-f]{64})(?:,\d+)?|@rev:\d+)?")


def _read_stack(file: File) -> Iterator[Found]:
    for value in list_or_empty(table_or_empty(load_yaml(file.data)).get("extra-deps")):
        yield from _extra(file, value if isinstance(value, dict) else {"hackage": value})


def _read_stack_lock(file: File) -> Iterator[Found]:
    for value in map(table_or_empty, list_or_empty(table_or_empty(load_yaml(file.data)).get("packages"))):
        yield from _extra(file, table_or_empty(value.get("completed")))


def _extra(file: File, entry: dict[str, Any]) -> Iterator[Found]:
    """A package: `hackage: name-1.0@sha256:…,size`, whose digest is of the .cabal file; or from git or an archive."""
    match = _HACKAGE.fullmatch(text_or_empty(entry.get("hackage"))[:500])
    if match:
        component = file.package(
            "hackage", match[1], match[2], hashes=read_hex("sha256", match[3] or ""), hash_covers="cabal file"
        )
    elif entry.get("name"):
        address, commit = clean_url(entry.get("git") or entry.get("url")), clean(entry.get("commit"), 100)
        facts = {"resolved": f"git+{address}@{commit}" if commit else address}
        origin = at_repository(entry.get("git"), commit, folder=entry.get("subdir")) if entry.get("git") else at_address(address)
        version = text_or_empty(entry.get("version"))
        component = file.package("hackage", text_or_empty(entry["name"]), version, origin=origin, facts=facts)
    else:
        return  # a folder of the project itself, or a place whose lock tells what is there
    if component is not None:
        yield Found(component)


def _read_freeze(file: File) -> Iterator[Found]:
    text = _COMMENT.sub("", file.text)
    for constraint in text.replace("constraints:", ",").split(","):
        match = _PINNED.fullmatch(constraint.strip().partition("\n")[0][:300])  # the last is followed by other fields
        component = file.package("hackage", match[1], match[2]) if match else None
        if component is not None:
            yield Found(component)


_DATABASES = ("package.conf.d", "package.db")


def _read_registered(file: File) -> Iterator[Found]:
    """`key: value`, of which a value may go on in lines that are indented (GHC User Guide, "Package databases")."""
    lines: dict[str, list[str]] = {}
    key = ""
    for line in file.text.split("\n"):
        if line[:1].isspace():
            lines.setdefault(key, []).append(line.strip())
        elif ":" in line:
            key, _, value = line.partition(":")
            lines[key] = [value.strip()]
    fields = {key: " ".join(parts).strip() for key, parts in lines.items()}
    name, version = fields.get("name", ""), fields.get("version", "")
    if not name or not version:
        raise Malformed("not a package that GHC registered")
    licence = normalise(fields.get("license", ""))
    component = file.package(
        "hackage",
        name,
        version,
        licences=(licence,) if licence else (),
        description=clean(fields.get("synopsis")),
        homepage=clean_url(fields.get("homepage")),
    )
    if component is not None:
        yield Found(component, (fields.get("id", "").strip(),), fields.get("depends", "").split())


HASKELL = FileCataloger(
    "haskell",
    2,
    ListSource(read=_read_stack, presence=Presence.DECLARED, names=("stack.yaml",)),
    ListSource(read=_read_stack_lock, presence=Presence.DECLARED, names=("stack.yaml.lock",)),
    ListSource(read=_read_freeze, presence=Presence.DECLARED, names=("cabal.project.freeze",)),
    ListSource(
        read=_read_registered,
        presence=Presence.INSTALLED,
        endings=(".conf",),
        accepts=lambda path: path.split("/")[-2:-1] in ([one] for one in _DATABASES),
        scope=folder_of,
    ),
)
