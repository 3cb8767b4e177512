"""Completeness against syft, package by package, on the benchmark images: `make compare`.

For each image both list packages as purls with the places they were found at. A purl of syft's that is not among ours must
stand for a file that ours names otherwise, or have a reason in REASONS; one of ours that stands twice is a defect. Either makes
the exit code 1. `--all` prints every purl that differs, else a few of each kind.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from images import IMAGES, image
from yardstick import PRATIQUE, environment, find_peer

SMALL = tuple(name for name in IMAGES if name not in ("large", "node-base"))

REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"pkg:golang/([^@]+)@([^#]+)#(.+)",
        r"pkg:golang/\1/\3@\2",
        "a module's path is one name (go.dev/ref/mod); a subpath is a folder in it (purl-spec)",
    ),
)
"""(pattern of a purl of syft's that is not among ours, ours for it, why ours is right). The first that matches counts."""

_LOCAL = "local:"
PLACES: tuple[tuple[str, str], ...] = (
    (r".*node_modules/(@[^/]+/)?[^/@]+/(?!.*node_modules/).+/package\.json", "a file of a package's tests or builds, no package"),
)
"""(pattern of the places where syft found what is not among ours, why it is no package)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One package of a document: its purl, and the files it was found in, `a.jar!b.jar` for one inside another. One of ours that
    no registry has, since it was built from sources beside, has none: then its reference, `local:TYPE/PLACE#NAME@VERSION`.
    """

    purl: str
    places: frozenset[str]


@dataclass(slots=True)
class Row:
    """What the two say of one ecosystem in one image. Purls without what is equal in both."""

    same: int = 0
    qualifiers: list[tuple[str, str]] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    explained: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    surplus: int = 0


def compare(ours: list[Listed], theirs: list[Listed]) -> dict[str, Row]:
    """Rows by purl type. A purl that differs in nothing but qualifiers is the same package."""
    rows: dict[str, Row] = defaultdict(Row)
    local = {_without_place(one.purl) for one in ours if one.purl.startswith(_LOCAL)}
    ours = [one for one in ours if not one.purl.startswith(_LOCAL)]
    counted = Counter(canonical(one.purl) for one in ours)
    for purl, count in counted.items():
        if count > 1:
            rows[kind(purl)].twice.append(purl)
    by_core: dict[str, str] = {}
    by_place: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in ours:
        purl = canonical(one.purl)
        by_core.setdefault(core(purl), purl)
        for place in one.places:
            by_place[kind(purl), place].add(purl)
    known: dict[str, set[str]] = defaultdict(set)
    for one in theirs:
        purl = canonical(one.purl)
        rows[kind(purl)].surplus += purl in known
        known[purl] |= one.places
    explained: set[str] = set()
    for purl, places in known.items():
        row = rows[kind(purl)]
        if purl in counted:
            row.same += 1
            continue
        if core(purl) in by_core:
            row.qualifiers.append((purl, by_core[core(purl)]))
            continue
        expected, why = reason_for(purl)
        at_places = [by_place.get((kind(purl), place), set()) for place in places]
        elsewhere = {next(iter(purls)) for purls in at_places if len(purls) == 1}
        if expected in counted:
            explained.add(expected)
            row.explained.append((purl, why))
        elif core(purl).removeprefix("pkg:") in local:
            row.explained.append((purl, "built from sources beside: no registry has it, so it has no purl of one"))
        elif nothing := next((why for pattern, why in PLACES if all(re.fullmatch(pattern, place) for place in places)), None):
            row.explained.append((purl, nothing))
        elif elsewhere:
            explained |= elsewhere
            row.renamed.append((purl, " ".join(sorted(elsewhere))))
        else:
            row.missing.append(f"{purl}  at {', '.join(sorted(places)[:2])}")
    cores = set(map(core, known))
    for purl in counted:
        if core(purl) not in cores and purl not in explained:
            rows[kind(purl)].more.append(purl)
    return rows


def _without_place(reference: str) -> str:
    """`cargo/NAME@VERSION` of `local:cargo/PLACE#NAME@VERSION`."""
    kind_, _, rest = reference.removeprefix(_LOCAL).partition("/")
    return f"{kind_}/{rest.rpartition('#')[2]}"


def reason_for(purl: str) -> tuple[str, str]:
    """What ours should be for a purl of syft's, and why; two empty texts when there is no reason."""
    for pattern, expected, why in REASONS:
        match = re.fullmatch(pattern, purl)
        if match:
            return match.expand(expected), why
    return "", ""


def canonical(purl: str) -> str:
    """The purl without quoting that is allowed either way, its qualifiers sorted."""
    head, _, query = purl.partition("?")
    query, _, subpath = query.partition("#")
    return (
        unquote(head) + ("?" + "&".join(sorted(unquote(query).split("&"))) if query else "") + (f"#{subpath}" if subpath else "")
    )


def core(purl: str) -> str:
    """Type, namespace, name and version."""
    return purl.partition("?")[0].partition("#")[0]


def kind(purl: str) -> str:
    """The purl's type."""
    return purl.removeprefix("pkg:").partition("/")[0]


def listed_by_ours(archive: Path) -> list[Listed]:
    """Every component with a purl, or with the reference of what has none."""
    command = [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"]
    with environment() as env:
        document = json.loads(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)
    return [
        Listed(
            item.get("purl", item["bom-ref"]),
            frozenset(place["location"] for place in item.get("evidence", {}).get("occurrences", ())),
        )
        for item in document["components"]
        if "purl" in item or item["bom-ref"].startswith(_LOCAL)
    ]


def listed_by_syft(archive: Path) -> list[Listed]:
    """Every artifact with a purl."""
    command = [str(find_peer("syft")), "scan", f"oci-archive:{archive}", "-o", "syft-json", "-q"]
    with environment() as env:
        document = json.loads(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)
    out = []
    for item in document["artifacts"]:
        inner = (item.get("metadata") or {}).get("virtualPath")
        places = [inner] if inner else [place.get("accessPath", place["path"]) for place in item["locations"]]
        if item.get("purl"):
            out.append(Listed(item["purl"], frozenset(place.lstrip("/").replace(":", "!") for place in places)))
    return out


def report(name: str, rows: dict[str, Row], most: int) -> bool:
    """Print the table of one image and what differs; whether all of it is explained."""
    print(f"\n{name}")
    heads = ("same", "qualifiers", "renamed", "explained", "missing", "more", "twice", "syft twice")
    print(f"  {'':<14}" + "".join(f"{head:>{len(head) + 2}}" for head in heads))
    for ecosystem, row in sorted(rows.items()):
        lists = (row.qualifiers, row.renamed, row.explained, row.missing, row.more, row.twice)
        counts = (row.same, *map(len, lists), row.surplus)
        print(f"  {ecosystem:<14}" + "".join(f"{n:>{len(head) + 2}}" for n, head in zip(counts, heads, strict=True)))
    for ecosystem, row in sorted(rows.items()):
        show(f"{ecosystem}: other qualifiers", [f"{theirs}  ours: {ours}" for theirs, ours in row.qualifiers], most)
        show(f"{ecosystem}: other name for the same file", [f"{theirs}  ours: {ours}" for theirs, ours in row.renamed], most)
        show(f"{ecosystem}: explained", [f"{purl}  {why}" for purl, why in row.explained], most)
        show(f"{ecosystem}: MISSING", row.missing, most)
        show(f"{ecosystem}: TWICE", row.twice, most)
        show(f"{ecosystem}: only ours", row.more, most)
    return not any(row.missing or row.twice for row in rows.values())


def show(title: str, lines: list[str], most: int) -> None:
    """A few lines, and how many are left out."""
    if lines:
        print(f"    {title}")
        for line in sorted(lines)[:most]:
            print(f"      {line}")
        if len(lines) > most:
            print(f"      … and {len(lines) - most} more")


def main() -> int:
    """Compare; exit code 1 when something is missing without a reason, or listed twice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", nargs="*", metavar="NAME", help=f"of {', '.join(IMAGES)}; default: all but large and node-base")
    parser.add_argument("--all", action="store_true", help="print every purl that differs")
    options = parser.parse_args()
    good = True
    for name in options.images or SMALL:
        archive = image(name)
        rows = compare(listed_by_ours(archive), listed_by_syft(archive))
        good = report(name, rows, sys.maxsize if options.all else 5) and good
    print(f"\n{'everything syft finds is found or explained' if good else 'something is missing or listed twice'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
