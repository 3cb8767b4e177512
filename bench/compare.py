"""Completeness against syft, package by package, on the benchmark images: `make compare`.

For each image both list packages as purls. A purl of syft's that is not among ours must have a reason in REASONS, and one of
ours that stands twice is a defect: either makes the exit code 1. `--all` prints every purl that differs, else a few of each kind.
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
from yardstick import PRATIQUE, environment, find_syft

SMALL = tuple(name for name in IMAGES if name != "large")

REASONS: tuple[tuple[str, str], ...] = ()
"""(pattern of a purl of syft's that is not among ours, why ours is right). The first that matches counts."""


@dataclass(slots=True)
class Row:
    """What the two say of one ecosystem in one image. Purls without what is equal in both."""

    same: int = 0
    qualifiers: list[tuple[str, str]] = field(default_factory=list)
    explained: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    surplus: int = 0


def compare(ours: list[str], theirs: list[str]) -> dict[str, Row]:
    """Rows by purl type. A purl that differs in nothing but qualifiers is the same package."""
    rows: dict[str, Row] = defaultdict(Row)
    counted = Counter(map(canonical, ours))
    for purl, count in counted.items():
        if count > 1:
            rows[kind(purl)].twice.append(purl)
    known = Counter(map(canonical, theirs))
    by_core: dict[str, str] = {}
    for purl in counted:
        by_core.setdefault(core(purl), purl)
    for purl, count in known.items():
        row = rows[kind(purl)]
        row.surplus += count - 1
        if purl in counted:
            row.same += 1
        elif core(purl) in by_core:
            row.qualifiers.append((purl, by_core[core(purl)]))
        else:
            reason = next((why for pattern, why in REASONS if re.fullmatch(pattern, purl)), None)
            if reason is None:
                row.missing.append(purl)
            else:
                row.explained.append((purl, reason))
    cores = set(map(core, known))
    for purl in counted:
        if core(purl) not in cores:
            rows[kind(purl)].more.append(purl)
    return rows


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


def purls_of_ours(archive: Path) -> list[str]:
    """Every component's purl, as listed."""
    command = [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"]
    with environment() as env:
        document = json.loads(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)
    return [item["purl"] for item in document["components"] if "purl" in item]


def purls_of_syft(archive: Path) -> list[str]:
    """Every artifact's purl, as listed."""
    command = [str(find_syft(None)), "scan", f"oci-archive:{archive}", "-o", "syft-json", "-q"]
    with environment() as env:
        document = json.loads(subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True).stdout)
    return [item["purl"] for item in document["artifacts"] if item.get("purl")]


def report(name: str, rows: dict[str, Row], most: int) -> bool:
    """Print the table of one image and what differs; whether all of it is explained."""
    print(f"\n{name}")
    print(f"  {'':<14}{'same':>7}{'qualifiers':>12}{'explained':>11}{'missing':>9}{'more':>7}{'twice':>7}{'syft twice':>12}")
    for ecosystem, row in sorted(rows.items()):
        counts = (len(row.qualifiers), len(row.explained), len(row.missing), len(row.more), len(row.twice), row.surplus)
        print(
            f"  {ecosystem:<14}{row.same:>7}" + "".join(f"{n:>{w}}" for n, w in zip(counts, (12, 11, 9, 7, 7, 12), strict=True))
        )
    for ecosystem, row in sorted(rows.items()):
        show(f"{ecosystem}: other qualifiers", [f"{theirs}  ours: {ours}" for theirs, ours in row.qualifiers], most)
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
    parser.add_argument("images", nargs="*", metavar="NAME", help=f"of {', '.join(IMAGES)}; default: all but large")
    parser.add_argument("--all", action="store_true", help="print every purl that differs")
    options = parser.parse_args()
    good = True
    for name in options.images or SMALL:
        archive = image(name)
        rows = compare(purls_of_ours(archive), purls_of_syft(archive))
        good = report(name, rows, sys.maxsize if options.all else 5) and good
    print(f"\n{'everything syft finds is found or explained' if good else 'something is missing or listed twice'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
