"""Elixir's mix.lock and Erlang's rebar.lock: packages from Hex with the SHA-256 of their archive, and from git."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pratique.cataloging.origins import at_repository, place_in
from pratique.cataloging.package_lists import Asked, File, FileCataloger, Found, ListSource, kept, with_development
from pratique.ecosystems.beam.terms import read_terms
from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, text_or_empty
from pratique.model import Component, Presence

_DEPENDENCY = lazy(r"\{\s*:(\w+)\s*,((?:[^{}]|\{[^{}]*\})*)\}")
_ONLY = lazy(r"\bonly:\s*(\[[^\]]*\]|:\w+)")
_ATOM = lazy(r":(\w+)")
_DEVELOPMENT = frozenset({"dev", "test", "docs", "ci"})
_MAX_ASKED = 5_000
_PUBLIC = "hexpm"


def _read_mix(file: File) -> Iterator[Found]:
    return with_development(file, _mix(file), _asked(file))


def _asked(file: File) -> Asked | None:
    """What the mix.exs beside the lock file, and those of an umbrella's applications, ask for; None without one. They are
    programs, and not run: their literals are read (Mix, "Dependencies", `:only`)."""
    base = place_in(file.folder, "mix.exs").removesuffix("mix.exs")
    contents = file.out.tree.contents
    paths = [path for path in sorted(contents) if path.startswith(base) and path.rpartition("/")[2] == "mix.exs"]
    if f"{base}mix.exs" not in contents or not file.out.step(file.path, len(paths)):
        return None
    run: list[str] = []
    develop: list[str] = []
    for path in paths:
        for match in islice(_DEPENDENCY.finditer(decode_text(contents[path])), _MAX_ASKED):
            only = _ONLY.search(match[2])
            names = set(_ATOM.findall(only[1])) if only else set()
            (develop if names and names <= _DEVELOPMENT else run).append(match[1])
    return Asked(run, develop)


def _mix(file: File) -> Iterator[Found]:
    terms = read_terms(file.text)
    if len(terms) != 1 or not isinstance(terms[0], list):
        raise Malformed("a mix.lock that is not one map")
    for app, lock in map(_pair, terms[0]):
        fields = [*lock, *[""] * 8] if isinstance(lock, tuple) else [""] * 8
        component = None
        if fields[0] == "hex":
            # After the version: inner checksum, managers, dependencies, repository, outer checksum, which is of the archive.
            repository = clean(text_or_empty(fields[6]), 100)
            hashes = read_hex("sha256", text_or_empty(fields[7]))
            component = _hex(file, text_or_empty(fields[1]), text_or_empty(fields[2]), repository, hashes)
            needs = [text_or_empty(_pair(one)[0]) for one in list_or_empty(fields[5])]
            if component is not None:
                yield Found(component, (text_or_empty(app),), needs)
            continue
        if fields[0] == "git":
            component = _git(file, text_or_empty(app), clean_url(fields[1]), clean(fields[2], 100))
        if component is None:
            file.unread(f"an entry of an unknown kind: {clean(text_or_empty(app), 100)}")
        else:
            yield Found(component, (text_or_empty(app),))


def _read_rebar(file: File) -> Iterator[Found]:
    terms = read_terms(file.text)
    # Before rebar3 3.2 the list of packages stood alone; since then a version stands before it, and digests after.
    head = terms[0] if terms else None
    listed = head[1] if isinstance(head, tuple) and len(head) > 1 else head
    if not isinstance(listed, list):
        raise Malformed("a rebar.lock without a list of packages")
    digests: dict[str, str] = {}
    for kind, entries in map(_pair, list_or_empty(terms[1]) if len(terms) > 1 else []):
        if kind == "pkg_hash_ext" or (kind == "pkg_hash" and not digests):
            digests = {text_or_empty(name): text_or_empty(digest) for name, digest in map(_pair, list_or_empty(entries))}
    outer = any(_pair(one)[0] == "pkg_hash_ext" for one in (list_or_empty(terms[1]) if len(terms) > 1 else []))
    for app, source in map(_pair, listed):
        fields = [*source, *[""] * 4] if isinstance(source, tuple) else [""] * 4
        component = None
        if fields[0] == "pkg":
            hashes = read_hex("sha256", digests.get(text_or_empty(app), "")) if outer else {}
            component = _hex(file, text_or_empty(fields[1]), text_or_empty(fields[2]), "", hashes)
        elif fields[0] == "git":
            component = _git(file, text_or_empty(app), clean_url(fields[1]), clean(_pair(fields[2])[1], 100))
        if component is None:
            file.unread(f"an entry of an unknown kind: {clean(text_or_empty(app), 100)}")
        else:
            yield Found(component, (text_or_empty(app),))


def _pair(term: Any) -> tuple[Any, Any]:
    """The first two of a tuple; ("", "") for anything else."""
    return (term[0], term[1]) if isinstance(term, tuple) and len(term) >= 2 else ("", "")


def _hex(file: File, name: str, version: str, repository: str, hashes: dict[str, str]) -> Component | None:
    """`repository`: `hexpm`, `hexpm:ORGANISATION`, or the name of another, whose address stands elsewhere."""
    public, _, organisation = repository.partition(":")
    other = repository if public not in ("", _PUBLIC) else ""
    return file.package(
        "hex",
        name,
        version,
        namespace=organisation,
        qualifiers={"repository_url": other},
        hashes=hashes,
        facts={"repository": other},
    )


def _git(file: File, name: str, address: str, commit: str) -> Component | None:
    origin = at_repository(address, commit)
    return file.package("hex", name, commit, origin=origin, facts={"resolved": f"git+{address}@{commit}"})


BEAM = FileCataloger(
    "beam",
    3,
    ListSource(read=kept, presence=Presence.DECLARED, names=("mix.exs",)),
    ListSource(read=_read_mix, presence=Presence.DECLARED, names=("mix.lock",)),
    ListSource(read=_read_rebar, presence=Presence.DECLARED, names=("rebar.lock",)),
)
