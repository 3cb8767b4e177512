"""Kill -9 at every point where `ship` has changed something outside its memory: nothing is lost, nothing is there twice.

The points are found, not listed: a first run counts every rename, new folder, removal, change to the database, commit and
answered HTTP request. Then, for each of them, a fresh process ships and kills itself right after it; a second run of the same
command must complete. All runs are forks of one process that has the program loaded, or this would take minutes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_e2e_chain import FILES, make_archive, make_tar

DRIVER = r"""
import io, json, os, shutil, signal, sqlite3, sys
from contextlib import redirect_stdout
from pathlib import Path
import httpx
import sqlalchemy
import sqlalchemy.dialects.sqlite.pysqlite
from sqlalchemy import event
from pratique.cli.main import run
import alembic.command, pratique.cli.ship, pratique.cli.verify, pratique.ship.shipment, pratique.evidence.appraise
import pratique.artifact.image, pratique.registry.open, pratique.registry.layout, pratique.registry.remote

place, half = sys.argv[1], int(sys.argv[2])
os.fsync = lambda descriptor: None  # kill -9 takes the process, not the page cache
only_http = place.startswith("registry")  # the rest is the same as with a folder

def answered(work, tag):
    return place.replace("WORK", str(work)).replace("TAG", tag)

def fork(action):
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(action())
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def ship(work, tag, deadly, count_file=None):
    os.environ["PRATIQUE_HOME"] = str(work / "home")
    seen = 0
    def happened(what):
        if only_http and not what.startswith("http"):
            return
        nonlocal seen
        seen += 1
        if count_file:
            with open(count_file, "a") as out:
                out.write(what + "\n")
        if seen == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
    def after(module, name):
        original = getattr(module, name)
        def wrapped(*arguments, **options):
            result = original(*arguments, **options)
            happened(f"{'http' if name == 'send' else name} {arguments[-1]}")
            return result
        setattr(module, name, wrapped)
    if deadly or count_file:
        for name in ("rename", "replace", "mkdir", "rmdir", "unlink", "link"):
            after(os, name)
        after(httpx.Client, "send")
        listen = event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
        writes = ("INSERT", "UPDATE", "DELETE")
        listen(lambda c, cursor, text, *rest: happened(f"sql {text.split()[:3]}") if text.startswith(writes) else None)
        do_commit = sqlalchemy.dialects.sqlite.pysqlite.SQLiteDialect_pysqlite.do_commit
        def commit(self, connection):
            do_commit(self, connection)
            happened("commit")
        sqlalchemy.dialects.sqlite.pysqlite.SQLiteDialect_pysqlite.do_commit = commit
    with redirect_stdout(io.StringIO()):
        return run(["ship", "oci-archive:app.tar", "--key", "K", "--to", answered(work, tag)])

def judge(work, tag):
    os.environ["PRATIQUE_HOME"] = str(work / "home")
    def output(*arguments):
        out = io.StringIO()
        with redirect_stdout(out):
            code = run([*arguments, "--format", "json"])
        return code, json.loads(out.getvalue())
    code, verified = output("verify", answered(work, tag), "--key", "K.pub")
    what = sorted(answer["what"] for answer in verified["answers"] if answer["what"] != "store")
    assert (code, what) == (0, ["SBOM", "bytes", "file manifest", "provenance", "signature"]), verified
    code, log = output("log", "verify")
    assert (code, log["size"]) == (0, 4), log
    rows = sqlite3.connect(work / "home" / "catalog" / "catalog.db")
    counts = {table: rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
              for table in ("artifacts", "locations", "builds", "artifact_documents")}
    assert counts == {"artifacts": 1, "locations": 1, "builds": 1, "artifact_documents": 5}, counts
    assert not [item for item in (work / "home" / "journal").iterdir() if item.is_dir()]
    if place.startswith("oci-dir"):
        assert len(json.loads((work / "out" / "index.json").read_text())["manifests"]) == 5
    return 0

counted = Path("counted")
work = Path("count")
assert fork(lambda: ship(work, "count", 0, counted)) == 0
points = counted.read_text().splitlines()
for number in range(1, len(points) + 1):
    if number % 2 != half:
        continue
    work, tag = Path(f"work{number}"), f"t{number}"
    killed = fork(lambda: ship(work, tag, number))
    again = fork(lambda: ship(work, tag, 0))
    judged = fork(lambda: judge(work, tag))
    report = {"point": points[number - 1], "number": number, "killed": killed, "again": again, "judged": judged}
    print(json.dumps(report), flush=True)
    shutil.rmtree(work)
"""


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("kind", ["oci-dir", "registry"])
def test_kill_9_after_any_change_loses_nothing_and_doubles_nothing(
    kind: str, half: int, tmp_path: Path, request: pytest.FixtureRequest, home: dict[str, str]
) -> None:
    place = "oci-dir:WORK/out:1"
    if kind == "registry":
        # every shipment its own repository, or the blobs of the one before would be found there
        place = f"registry:{request.getfixturevalue('registry')}/kill/TAG-{half}:1"
    upper = {"opt/app/extra.txt": b"extra"}
    image = make_archive([make_tar(FILES, mode=0o755), make_tar(upper)], name="app:1.0", created="2026-01-01T00:00:00Z")
    (tmp_path / "app.tar").write_bytes(image)
    program = [sys.executable, "-c", "from pratique.cli.main import main; main()"]
    environ = {**home, "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([*program, "key", "generate", "-o", "K", "--no-passphrase"], cwd=tmp_path, env=environ, check=True)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, place, str(half)], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"point"')]
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(reports) > 10
    # Two layers are cached side by side and may both make the same folder, so a run can have a change or two less than the one
    # that was counted: then it ends before it is killed.
    last = max(report["number"] for report in reports)
    for report in reports:
        if report["killed"] == 0 and report["number"] > last - 4:
            report["killed"] = -9
    wrong = [report for report in reports if (report["killed"], report["again"], report["judged"]) != (-9, 0, 0)]
    assert not wrong, f"{len(wrong)} of {len(reports)}: {wrong[:5]}\n{done.stderr[-3000:]}"
    # Of all changes every second one is tried here, and the others by the other half: together they are all of these.
    points = (tmp_path / "counted").read_text().replace(os.fspath(tmp_path), "")
    steps = (
        ("http",) if kind == "registry" else ("envelope", "checkpoint", "tile", "documents", "commit", "sql ['INSERT'", "blobs")
    )
    for step in steps:
        assert step in points, f"no point at {step}"
