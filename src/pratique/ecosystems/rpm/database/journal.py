"""The write-ahead log beside rpm's database, `rpmdb.sqlite-wal`: packages installed and removed since it was last copied.

Both files are read as they pass by, each without the other. The facts of the log say which pages it replaces, and which rows
lie in the new ones; laid over the facts of the database, they come to what rpm itself would see.
"""

import json
from collections.abc import Mapping
from typing import Any

from pratique.artifact.content import FileContent
from pratique.ecosystems.rpm.database.facts import RpmPackage, as_row, counted, doubts, from_row, package_of
from pratique.ecosystems.rpm.database.header import Header, HeaderProof
from pratique.ecosystems.rpm.database.wal import WriteAheadLog
from pratique.errors import Malformed
from pratique.lexicon.text import clean

_MAX_ROWS = 100_000
_SHOWN = 8
_NOTHING: Mapping[str, Any] = {"packages": [], "rows": [], "problems": []}


def read_journal(content: FileContent) -> bytes:
    """The facts of a log. Raises Malformed for what is none; one that breaks off keeps what stands before.

    An empty file is a log of nothing: SQLite leaves one after a checkpoint that truncates, or before the first write.
    """
    if not len(content):
        return json.dumps({"pages": [], "count": 0, "rows": [], "problems": []}, separators=(",", ":")).encode()
    log = WriteAheadLog(content)
    rows: list[tuple[int, list[Any] | None, bool]] = []
    problems: list[str] = []
    proofs: dict[HeaderProof, list[str]] = {proof: [] for proof in HeaderProof}
    try:
        for row, whole in log.rows():
            if len(rows) >= _MAX_ROWS:
                problems.append(f"more than {_MAX_ROWS} rows: the rest was left out")
                break
            package = _package(row.values[1], proofs, problems) if whole else None
            rows.append((row.number, package, whole))
    except Malformed as error:
        problems.append(f"{error.message}: what follows was not read")
    if log.cut:
        problems.append("a log that is too large to be read to its end")
    facts = {"pages": log.pages, "count": log.count, "rows": rows, "problems": [*counted(problems), *doubts(proofs)]}
    return json.dumps(facts, separators=(",", ":")).encode()


def lay_over(database: bytes | None, journal: bytes) -> tuple[list[RpmPackage], list[str]]:
    """Packages and problems of a database with its log. `database`: facts of `read_database`, None where it could not be read."""
    before: Mapping[str, Any] = json.loads(database) if database else _NOTHING
    log = json.loads(journal)
    known = {rowid: row for (_, rowid), row in zip(before["rows"], before["packages"], strict=True)}
    if not log["count"]:
        return [from_row(row) for row in before["packages"]], before["problems"]
    replaced = frozenset(log["pages"])
    stays = [rowid for page, rowid in before["rows"] if page not in replaced and page <= log["count"]]
    now = {rowid: known[rowid] for rowid in stays}
    lost = 0
    for rowid, row, whole in log["rows"]:
        found = row if whole else known.get(rowid)
        lost += not whole and found is None
        if found is not None:
            now[rowid] = found
    problems = [*before["problems"], *log["problems"]]
    if lost:
        problems.append(f"{lost} rows of the log beside the database could not be put together")
    packages = [from_row(now[rowid]) for rowid in sorted(now)]
    gone = [from_row(known[rowid]) for rowid in sorted(known.keys() - now.keys())]
    if gone:
        few = ", ".join(clean(f"{one.name} {one.version}", 80) for one in gone[:_SHOWN]) + (" …" if len(gone) > _SHOWN else "")
        problems.append(f"the log beside the database takes {len(gone)} out of it: {few}")
    return packages, problems


def _package(blob: Any, proofs: dict[HeaderProof, list[str]], problems: list[str]) -> list[Any] | None:
    try:
        tags = Header(blob)
        proof = tags.proof()
        package = package_of(tags, proof)
    except Malformed as error:
        problems.append(error.message)
        return None
    if package is None:
        return None
    proofs[proof].append(f"{package.name} {package.version}")
    return as_row(package)
