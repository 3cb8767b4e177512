"""Every argument and option that names a file or a source, given every kind of thing that is none: one line, exit code 2, at
once, and nothing left behind. What is tried is found in click's own parameters, so that no new option escapes.
"""

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from test_cli_help import COMMANDS

from pratique.cli.main import run
from pratique.keys.file import generate_key

ODD = ("missing", "folder", "pipe", "loop", "dangling", "/dev/zero", "binary", "empty", "huge")
SECONDS = 30

# What else a command needs to be told before it reads the file. A value of "{}" stands for the odd thing.
NEEDED = {
    "ship": "dir:d --key k",
    "sbom make": "dir:d",
    "sbom check": "dir:d s.json",
    "sbom convert": "s.json -o spdx-json",
    "sbom diff": "s.json s.json",
    "sbom merge": "s.json -o spdx-json",
    "sbom score": "s.json",
    "sign": "file --key k",
    "attest": "file --type cyclonedx --predicate s.json --key k",
    "verify": "file --key k.pub",
    "gate": "file --policy policy.yaml",
    "bundle export": "oci-dir:layout -o out.tar --key k.pub",
    "bundle verify": "out.tar --key k.pub",
    "attach": "oci-dir:layout s.json",
    "download": "file -o evidence",
    "push": "chart.tgz oci-dir:layout",
    "pull": "oci-dir:layout",
    "copy": "oci-dir:layout oci-dir:other",
    "tree": "oci-dir:layout",
    "trace": "sha256:00",
    "trust init": "--root-key k.pub -C new",
    "trust add": "a --key k.pub --says sbom --about *",
    "trust rotate": "k.pub k.pub",
    "trust retire": "k.pub",
    "trust revoke": "k.pub --compromised-at 2026-01-01",
    "trust role": "root --add k.pub",
    "trust follow": "file:t --root root.json",
    "trust publish": "--key k",
    "trust sign": "--key k",
    "key import": "k --output new --no-passphrase",
    "key show": "k.pub",
    "key rotate": "k --output new --no-passphrase",
    "key generate": "--output new",
    "log verify": "",
    "log recover": "",
    "log trusted-root": "",
    "agent run": "--mode observe --key k.pub",
    "catalog import": "s.json",
}
# Options of click's type for paths that name what is written, or a folder: tried in test_an_output_that_cannot_be_is_refused.
OUTPUTS = {
    ("sbom make", "path"),
    ("sbom make", "manifest_path"),
    ("sbom convert", "path"),
    ("sbom merge", "path"),
    ("sign", "output"),
    ("attest", "output"),
    ("bundle export", "output"),
    ("backup", "folder"),
    ("download", "output"),
    ("pull", "output"),
    ("key generate", "public"),
    ("key import", "public"),
    ("key show", "public"),
    ("key rotate", "public"),
    ("key rotate", "statement"),
    ("log trusted-root", "output"),
    ("backup", "folder"),
}
FOLDERS = {(path, "directory") for path in COMMANDS} | {(path, "notation_config") for path in COMMANDS}
NOT_READ = {("key show", "passphrase_file")}  # of a key in a file the public half beside it is shown
# Read only where something else is true, too: said with what it needs.
TOGETHER = {
    ("sign", "certificate_chain"): "--form notation",
    ("attach", "payload"): "",
    ("attach", "certificate"): "--payload s.json",
    ("attach", "certificate_chain"): "--payload s.json --certificate s.json",
    ("trust rotate", "succession"): "",
}
# Arguments that are texts for click and name a file or a source.
TEXTS = {
    "source": ["ship", "sbom make", "sbom check", "verify", "gate", "bundle export", "download", "tree", "copy"],
    "subjects": ["sign", "attest"],
    "subject": ["attach"],
    "chart": ["push"],
    "place": ["pull"],
    "sbom": ["sbom score"],
    "before": ["sbom diff"],
    "after": ["sbom diff"],
    "key": ["ship", "sign", "attest", "gate"],
    "reference": ["key show", "key rotate"],
}


ARTIFACTS = ("source", "subjects", "subject", "sbom", "before", "after", "chart")
ENCRYPTED = {"gate": "--key locked", "agent run": "--report-key locked", "trust retire": "--countersign --key locked"}


KEYLESS = ("signing_config", "trusted_root", "identity_token_file")


def named_files() -> Iterator[tuple[str, click.Parameter]]:
    """Each command with each parameter that names a file that is read."""
    for path, command in COMMANDS.items():
        if isinstance(command, click.Group):
            continue
        for parameter in command.params:
            where = (path, str(parameter.name))
            is_read = isinstance(parameter.type, click.Path) and where not in OUTPUTS | FOLDERS | NOT_READ
            if is_read or path in TEXTS.get(str(parameter.name), ()):
                yield path, parameter


FILES = list(named_files())


def line_of(path: str, parameter: click.Parameter, odd: str) -> list[str]:
    """A whole command line in which only the one thing is odd."""
    words = shlex.split(NEEDED[path])
    if parameter.name == "passphrase_file":  # it is read when a key is encrypted
        words = ["locked" if word == "k" else word for word in words] + shlex.split(ENCRYPTED.get(path, ""))
    if path in ("sign", "attest") and parameter.name in KEYLESS:
        at = words.index("--key")
        words[at : at + 2] = ["--keyless"]
    if isinstance(parameter, click.Option):
        spelled = next((name for name in parameter.opts if name in words), None)
        if spelled is not None:
            words[words.index(spelled) + 1] = odd
        else:
            words += [parameter.opts[0], odd, *shlex.split(TOGETHER.get((path, str(parameter.name)), ""))]
    else:
        arguments = [one for one in COMMANDS[path].params if isinstance(one, click.Argument)]
        words[arguments.index(parameter)] = odd
    return [*path.split(), *words]


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder with something of each kind."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRATIQUE_KEY_PASSPHRASE", "secret")
    for name in ("PRATIQUE_KEY", "SIGSTORE_ID_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("d", "folder", "new"):
        (folder / name).mkdir()
    (folder / "file").write_bytes(b"x\n")
    (folder / "empty").write_bytes(b"")
    (folder / "binary").write_bytes(bytes(range(256)) * 16)
    with (folder / "huge").open("wb") as file:
        file.truncate(2 << 30)  # of zeros, which take no space
    (folder / "s.json").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    (folder / "policy.yaml").write_text(
        "version: 1\nname: p\nauthorities:\n  a: {keys: [k.pub]}\nrequire:\n  signature: {from: [a]}\n"
    )
    generate_key(folder / "k", "ecdsa-p256", None)
    generate_key(folder / "locked", "ecdsa-p256", b"secret")
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    return folder


def kept(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.fixture
def hurried() -> Iterator[None]:
    """What waits for a pipe, or reads a device to its end, is interrupted."""

    def give_up(*_: object) -> None:
        raise AssertionError(f"still busy after {SECONDS} s")

    before = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def agent_that_ends(monkeypatch) -> None:
    """The agent reads what it is given, and does not begin to watch."""
    monkeypatch.setattr("pratique.runtime.agent.run_agent", lambda *_, **__: None)


@pytest.mark.usefixtures("hurried", "agent_that_ends")
@pytest.mark.parametrize(("path", "parameter"), FILES, ids=[f"{path} {parameter.name}" for path, parameter in FILES])
def test_what_is_no_file_of_its_kind_is_one_line_with_its_exit_code_at_once(here, capsys, path, parameter):
    before = kept(here)
    for odd in ODD:
        if odd == "huge" and parameter.name in ARTIFACTS:
            continue  # an artifact may be so large, and is read to its end
        code = run(line_of(path, parameter, odd))
        said = capsys.readouterr().err
        last = said.splitlines()[-1] if said else ""
        assert "internal error" not in last, (odd, last)
        assert "Traceback" not in said
        assert code in (0, 1, 2, 3), (odd, code, last)
        if code == 2:
            assert last.startswith("pratique: "), (odd, said)
            assert last.endswith(")"), (odd, last)
        if odd in ("pipe", "/dev/zero", "loop", "dangling"):
            assert code == 2, (odd, code, last)
        if code != 0:
            assert kept(here) == before, (odd, last)


def test_every_parameter_that_names_a_file_is_tried():
    """A new command, or a new option of click's type for paths, is tried or says here why not."""
    lacking = {path for path, _ in FILES} - set(NEEDED)
    assert lacking == set()
    real = {(path, parameter.name) for path, command in COMMANDS.items() for parameter in command.params}
    assert set(OUTPUTS) <= real
    assert set(TOGETHER) <= real
    assert {(path, name) for name, paths in TEXTS.items() for path in paths} <= real
    assert len(FILES) > 90


OUTPUT_LINES = [
    "sbom dir:d -o json={}",
    "sbom dir:d -o json --file {}",
    "sbom dir:d --manifest {}",
    "sbom convert s.json -o spdx-json --file {}",
    "sbom merge s.json -o spdx-json --file {}",
    "sign file --key k --output {}",
    "sign file --key k --form raw --output {}",
    "attest file --type cyclonedx --predicate s.json --key k --output {}",
    "bundle export oci-dir:layout -o {} --unverified",
    "key generate --output {} --no-passphrase",
    "key generate --output new/k --no-passphrase --public {}",
    "key import k --output {} --no-passphrase",
    "key import k --output new/k --no-passphrase --public {}",
    "key show k.pub --public {}",
    "key rotate k --output {} --no-passphrase",
    "key rotate k --output new/k --no-passphrase --statement {}",
    "key rotate k --output new/k --no-passphrase --public {}",
    "backup {}",
]


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("odd", ["folder", "no/where", "no/where/deep", "''", "k"])
@pytest.mark.parametrize("line", OUTPUT_LINES)
def test_an_output_that_cannot_be_is_refused_before_anything_is_done(here, capsys, line, odd):
    layout_of_nothing(here / "layout")
    before, key = kept(here.parent), (here / "k").read_bytes()
    assert run(shlex.split(line.replace("{}", odd))) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(")"), last
    assert (here / "k").read_bytes() == key
    assert {name for name in kept(here.parent) - before if not name.startswith("home")} == set()


def layout_of_nothing(path: Path) -> None:
    """An OCI layout with one image of no files."""
    import json

    from pratique.model import Digest
    from pratique.registry.layout import open_layout
    from pratique.registry.types import OCI_MANIFEST

    layout = open_layout(path, create=True)
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    layout.push_blob(Digest.of(config), len(config), [config])
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(Digest.of(config)), "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described, "layers": []}
    layout.push_manifest(json.dumps(manifest).encode(), OCI_MANIFEST, tag="1")
