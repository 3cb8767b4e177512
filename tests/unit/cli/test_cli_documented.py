"""Every command that README, docs and the helps show is run, and ends alike in every kind of terminal, pipe and home.

Each line runs in a process of its own, forked from this one, where every module is loaded already: what differs is what a shell
would give it. Registries are layouts here, and what no machine of a test has, a token or a cloud's key service, ends in one line.
"""

import fcntl
import importlib
import io
import json
import os
import pkgutil
import pty
import re
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
from test_cli_every_file import layout_of_nothing

import pratique
from pratique.cli.examples import EXAMPLES
from pratique.cli.main import cli, main, run
from pratique.keys.file import generate_key

ROOT = Path(__file__).resolve().parents[3]
PAGES = {path.name: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
# What a line names that is not here; it ends with one line that says so.
NOT_HERE = (
    *("pkcs11:", "kms://", "hashivault://", "podman:", "--keyless"),
    *("trust follow", "trust refresh", "trust publish", "--followed", "--trust-root", "--countersign"),
    *("trust add release", "vendor.spdx.json.gz", "--subject acme", "backup /backup"),
    *("trace ", "--payload payload.json", "--log-key log.vkey", "log recover"),
)
# What finds something, or nothing, in a folder like ours: exit code 1.
FINDS = ("sbom check", "catalog search", "--trust trust.yaml")
SBOM = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "x", "version": "1"}]}'


# Each a story, in which a command needs the one before it: played by e2e/test_e2e_docs_console.py; here each line ends in a line.
STORIES = ("ci.md", "operations.md", "registries.md")
_OPERATOR = re.compile(r"\s*(?:;|\||&&|\d?>|<).*")


def alone(line: str) -> str:
    """A command without what a shell does with it, and without a comment."""
    quoted = re.split(r"('[^']*')", line)
    for number, part in enumerate(quoted):
        if number % 2 == 0 and (found := _OPERATOR.search(part)):
            line = "".join(quoted[:number]) + part[: found.start()]
            break
    return shlex.join(shlex.split(line, comments=True))


def block_lines(*, stories: bool) -> Iterator[str]:
    """Commands in blocks: after `$ `, or alone on a line of a shell's block or of an indented one."""
    for name, page in PAGES.items():
        if (name in STORIES) is not stories:
            continue
        text = page.replace(" \\\n", " ")
        for block in re.findall(r"^```(?:console|sh)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            yield from re.findall(r"^(?:\$ )?((?:sudo )?pratique .*)$", block, re.MULTILINE)
        yield from re.findall(r"^    ((?:sudo )?pratique .*)$", text, re.MULTILINE)


def spans() -> set[str]:
    """Commands inside of sentences and tables, with placeholders."""
    return {span for page in PAGES.values() for span in re.findall(r"`((?:sudo )?pratique [^`]+)`", page.replace("\\|", "|"))}


def runnable() -> list[str]:
    """Whole lines, each once, as a shell would take them; without those that leave something out with …"""
    examples = [line for lines in EXAMPLES.values() for line in lines]
    lines = [alone(line) for line in (*block_lines(stories=False), *examples)]
    return [line for line in dict.fromkeys(lines) if "…" not in line]


LINES = runnable()
OF_STORIES = [line for line in dict.fromkeys(map(alone, block_lines(stories=True))) if "…" not in line and line not in LINES]


def test_the_pages_have_commands_to_run():
    assert len(LINES) > 70
    assert len(spans()) > 40


@pytest.mark.parametrize("span", sorted(spans()))
def test_a_command_in_a_sentence_has_a_name_and_options_that_there_are(span):
    words = [word for word in re.split(r"[\s\[\]|,/]+", span.removeprefix("sudo ")) if word][1:]
    command: click.Command = cli
    known = {name for parameter in cli.params for name in parameter.opts}
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z-]+", words[0]):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            assert command.name == "sbom", span  # `sbom SOURCE` is short for `sbom make SOURCE`
            break
        command, words = found, words[1:]
        known |= {name for parameter in command.params for name in parameter.opts}
    if isinstance(command, click.Group):
        inner = [command.get_command(click.Context(command), name) for name in command.list_commands(click.Context(command))]
        known |= {name for one in inner if one is not None for parameter in one.params for name in parameter.opts}
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= known | {"--help", "-h"}, span


@dataclass(frozen=True)
class Place:
    """What a shell gives a command. `columns`: of a terminal, 0 for a pipe; `full`: no file can grow."""

    columns: int = 0
    encoding: str = "utf-8"
    environ: Mapping[str, str | None] = field(default_factory=dict)
    full: bool = False


PLACES = {
    "a terminal of 80 columns, without a home": Place(
        columns=80, environ=dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"))
    ),
    "a terminal of 200 columns, without colour": Place(columns=200, environ={"NO_COLOR": "1", "HOME": "/proc/nowhere"}),
    "a pipe in Latin-1": Place(encoding="iso-8859-1"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A folder with all that the lines name."""
    for module in pkgutil.walk_packages(pratique.__path__, "pratique."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    world = tmp_path_factory.mktemp("world")
    folder = world / "work"
    folder.mkdir()
    layout_of_nothing(folder / "app")
    for name in ("release", "alice", "bob", "carol", "ci", "old"):
        generate_key(folder / name, "ecdsa-p256", None)
        for half in ("", ".pub"):
            shutil.copy(folder / f"{name}{half}", folder / f"{name}.key{half}")
    for name in ("app.cdx.json", "app-1.0.cdx.json", "app-1.1.cdx.json", "web.cdx.json", "syft.json"):
        (folder / name).write_text(SBOM)
    shutil.copy(folder / "release", folder / "cosign.key")
    (folder / "app.tar.gz").write_bytes(b"not even a tar\n")
    (folder / "policy.yaml").write_text(
        "version: 1\nname: p\nauthorities:\n  a: {keys: [release.pub]}\nrequire:\n  signature: {from: [a]}\n"
    )
    (folder / "deploy").mkdir()
    (folder / "charts").mkdir()
    (folder / "deploy" / "pod.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: []}\n")
    (folder / "app" / "Chart.yaml").write_text("apiVersion: v2\nname: app\nversion: 1.0.0\n")
    with tarfile.open(folder / "app-1.0.0.tgz", "w:gz") as chart:
        chart.add(folder / "app" / "Chart.yaml", "app/Chart.yaml")
    (folder / "scan.json").write_text(
        '{"scanner": {"uri": "https://example.com", "version": "1", "db": {}, "result": []}, '
        '"metadata": {"scanStartedOn": "2026-01-01T00:00:00Z", "scanFinishedOn": "2026-01-01T00:00:00Z"}}'
    )
    (folder / "provenance.json").write_text(
        '{"buildDefinition": {"buildType": "https://example.com/b", "externalParameters": {"a": "b"}}, '
        '"runDetails": {"builder": {"id": "https://example.com/x"}}}'
    )
    before, here = dict(os.environ), Path.cwd()
    os.environ |= {"PRATIQUE_HOME": str(world / "home"), "XDG_STATE_HOME": str(world / "state")}
    os.chdir(folder)
    try:
        for line in (
            "sbom convert app.cdx.json -o spdx-json=app.spdx.json",
            "sbom convert app.cdx.json -o spdx-json=worker.spdx.json",
            "copy oci-dir:app:1 oci-archive:harbour.tar",
            "copy oci-dir:app:1 oci-archive:old.tar",
            "copy oci-dir:app:1 oci-archive:new.tar",
            "sign oci-dir:app:1 --key release",
            "bundle export oci-dir:app:1 -o app.tar --key release.pub",
            "ship dir:deploy --key release --allow-empty",
            "sign oci-dir:app:1 --key release --output app.sigstore.json",
            "sign app.tar.gz --key release",
            "push app-1.0.0.tgz oci-dir:charts-there:1.0.0",
            "trust init -C ../trust --name t --root-key alice.pub --root-key bob.pub --online-key ci.pub",
            "trust add -C ../trust vendor --key release.pub --key old.pub --says signature --about *",
            "key rotate old --output new --no-passphrase --statement old.key.succession.json",
        ):
            assert run(["-q", *line.split()]) == 0, line
        shutil.copy(folder / "new", folder / "new.key")
        for path in folder.iterdir():
            if path.is_file():
                shutil.copy(path, world / "trust")
        shutil.copytree(world / "home" / "log", folder / "log")
        shutil.copytree(world / "trust" / "keys", folder / "keys")
        shutil.copy(world / "trust" / "trust.yaml", folder)
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
    return world


def words_of(line: str) -> list[str]:
    """The line with a layout for each registry, the image in it or another."""
    words = shlex.split(line)
    words = words[words.index("pratique") + 1 :]
    into = words[0] in ("push", "ship") or "--to" in words

    def here(word: str) -> str:
        if not word.startswith("registry:"):
            return word
        if word.endswith("/app:1.0.0"):
            return "oci-dir:charts-there:1.0.0"
        return "oci-dir:mirror:2" if into or "mirror." in word else "oci-dir:app:1"

    return [here(word) for word in words]


def played(world: Path, line: str, place: Place, copy: Path) -> tuple[int, str, str]:
    """Run a line in a copy of the world; returns exit code, standard output and standard error."""
    shutil.copytree(world, copy, symlinks=True)
    words = words_of(line)
    folder = copy / ("trust" if words[0] == "trust" and words[1] != "init" else "work")
    if "key" in words[:2] and "--output" in words:  # keys are never overwritten
        made = folder / words[words.index("--output") + 1]
        for path in (made, made.with_name(f"{made.name}.pub")):
            path.unlink(missing_ok=True)
    ours, theirs = pty.openpty() if place.columns else os.pipe()
    if place.columns:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, place.columns, 0, 0))
    our_err, their_err = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.chdir(folder)
            os.environ |= {"PRATIQUE_HOME": str(copy / "home"), "TERM": "xterm-256color", "HOME": str(copy)}
            os.environ |= {"XDG_STATE_HOME": str(copy / "state"), "PRATIQUE_KEY_PASSPHRASE": "secret"}
            for name in ("NO_COLOR", "PRATIQUE_KEY", "AWS_REGION", "VAULT_ADDR", "COLUMNS", "LINES"):
                os.environ.pop(name, None)
            os.environ |= {name: value for name, value in place.environ.items() if value is not None}
            for name in (name for name, value in place.environ.items() if value is None):
                os.environ.pop(name, None)
            os.dup2(os.open("app.cdx.json", os.O_RDONLY), 0)
            os.dup2(theirs, 1)
            os.dup2(theirs if place.columns else their_err, 2)
            sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb"), encoding=place.encoding)
            sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb"), encoding=place.encoding)
            sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb"), encoding=place.encoding)
            if place.full:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            sys.argv = ["pratique", *words]
            main()
        finally:
            os._exit(99)
    os.close(theirs)
    os.close(their_err)
    out, err = drained(ours), drained(our_err)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, out.decode(place.encoding), err.decode(place.encoding)


def drained(descriptor: int) -> bytes:
    """All that comes out until the other side is closed."""
    out = b""
    with suppress(OSError):  # so ends a terminal
        while part := os.read(descriptor, 65536):
            out += part
    os.close(descriptor)
    return out


@pytest.fixture(autouse=True)
def no_agent_watches(monkeypatch) -> None:
    """The agent reads what it is given, and does not begin to watch."""
    monkeypatch.setattr("pratique.runtime.agent.run_agent", lambda *_, **__: None)


@pytest.mark.parametrize("line", [*LINES, *OF_STORIES])
def test_a_documented_command_runs_and_ends_alike_wherever_it_is_typed(world, tmp_path, line):
    code, out, err = played(world, line, Place(), tmp_path / "reference")
    assert "Traceback" not in err
    assert "internal error" not in err
    if line in OF_STORIES:
        assert code in (0, 1, 2, 3), err
    elif any(mark in line for mark in NOT_HERE):
        assert code in (0, 2, 3), err
    else:
        assert code == any(mark in line for mark in FINDS), err
    if code == 0 and ("--format json" in line or line.endswith(("-o json", "--json"))):
        json.loads(out)
    for number, (name, place) in enumerate(PLACES.items()):
        found, shown, told = played(world, line, place, tmp_path / str(number))
        assert found == code, (name, shown, told)
        assert "Traceback" not in shown + told
        assert "internal error" not in shown + told
        assert bool(shown) >= bool(out), name
        if "NO_COLOR" in place.environ:
            assert "\x1b[3" not in shown


@pytest.mark.parametrize("line", LINES)
def test_a_documented_command_on_a_full_disk_says_so_and_leaves_nothing_half_written(world, tmp_path, line):
    """No file can grow, as on a disk that is full (`errno` differs: EFBIG); the pipes can take what is printed."""
    code, _, err = played(world, line, Place(full=True), tmp_path / "full")
    assert "Traceback" not in err
    assert "internal error" not in err
    work = {path.relative_to(tmp_path / "full") for path in (tmp_path / "full").rglob("*")}
    before = {path.relative_to(world) for path in world.rglob("*")}
    made = {path for path in work - before if path.parts[0] not in ("home", "state")}
    if re.search(r" -o \S+=|--file |^pratique (ship|sign|attest|key generate) ", line):
        assert code != 0, "it writes"
    if code == 4:
        last = err.splitlines()[-1]
        assert last.startswith("pratique: ")
        assert "file too large" in err or "disk" in err, err
        assert {path for path in made if (tmp_path / "full" / path).is_file()} == set()
    assert {path for path in work if path.name.startswith(".") and path.name.endswith(".json")} == set()


@pytest.mark.parametrize(
    "line", ["sbom dir:work", "key show work/release.pub", "verify work/app.tar.gz --key work/release.pub", "--help"]
)
def test_a_c_locale_takes_all_of_it(world, line):
    """As a whole process: what Python makes of the locale is decided when it starts."""
    environ = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_CTYPE", "PYTHONUTF8")}
    environ |= {"LC_ALL": "C", "PRATIQUE_HOME": str(world / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "pratique", *line.split()], cwd=world, env=environ, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout.decode("utf-8")
