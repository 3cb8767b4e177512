"""The wheel and the source archive that are handed on: built twice alike, wherever and by whomever; and the wheel works where
nothing but it and its locked dependencies is. What takes long, an image and bare systems, is in tests/fresh."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path, root: Path = ROOT, umask: int = 0o022, **environ: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    everything = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000", **environ}
    done = subprocess.run(
        command, cwd=root, env=everything, umask=umask, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def copy_as_another_would_have_it(root: Path, target: Path) -> None:
    """What git has, in another folder, of another time, readable by nobody else."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached"], cwd=root, capture_output=True, check=True).stdout
    for name in filter(None, os.fsdecode(listed).split("\0")):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, copy)
        copy.chmod(0o700 if os.access(root / name, os.X_OK) else 0o600)
        os.utime(copy, (86400 * 365 * 20, 86400 * 365 * 20))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_the_same_sources_give_the_same_wheel_and_source_archive_whoever_has_them_where_and_since_when(
    wheel: Path, tmp_path: Path
) -> None:
    copy_as_another_would_have_it(ROOT, tmp_path / "elsewhere")
    environ = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7", "USER": "somebody"}
    again = build(tmp_path / "out", tmp_path / "elsewhere", 0o077, **environ)
    (archive,) = wheel.parent.glob("*.tar.gz")
    for first, second in ((wheel, again), (archive, again.with_name(archive.name))):
        assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(second.read_bytes()).digest(), first.name


def test_the_wheel_holds_the_unit_file_and_no_path_of_the_machine_it_was_built_on(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        units = [name for name in archive.namelist() if name.endswith(".data/data/share/systemd/pratique-agent.service")]
        assert len(units) == 1
        assert not [name for name in archive.namelist() if str(ROOT).encode() in archive.read(name)]


def test_the_wheel_in_a_fresh_environment_shows_its_help_and_makes_a_bill_of_materials(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, timeout=300)
    # Of the locked dependencies, those of this environment serve; a .pth brings its packages, and not what was installed editably
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (site / "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert (environment / "share" / "systemd" / "pratique-agent.service").is_file()

    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "requirements.txt").write_text("click==8.2.1\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PRATIQUE_HOME": str(tmp_path / "home")}

    def run(*arguments: str) -> str:
        done = subprocess.run(arguments, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    program = str(environment / "bin" / "pratique")
    assert str(environment) in run(str(python), "-c", "import pratique; print(pratique.__file__)")
    assert "Usage: pratique" in run(program, "--help")
    document = json.loads(run(program, "sbom", f"dir:{folder}", "-o", "cyclonedx-json"))
    assert "pkg:pypi/click@8.2.1" in {component.get("purl") for component in document["components"]}


def test_what_is_handed_on_has_beside_it_what_a_stranger_verifies_it_by(tmp_path: Path) -> None:
    """`make dist` by whoever is not root: without the image, signed by the key that PRATIQUE_KEY names."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "id").write_text("#!/bin/sh\necho 1000\n")
    (programs / "id").chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PRATIQUE_HOME": str(tmp_path / "home"),
        "PRATIQUE_KEY": str(tmp_path / "release"),
        "PRATIQUE_KEY_PASSPHRASE": "between us",
    }
    folder = tmp_path / "dist"

    def run(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            arguments, cwd=ROOT, env={**environ, **more}, capture_output=True, text=True, timeout=600, check=False
        )

    pratique = [sys.executable, "-m", "pratique"]
    assert run(*pratique, "key", "generate", "--output", str(tmp_path / "release")).returncode == 0
    made = run("bash", "tools/make-dist", str(folder))
    assert made.returncode == 0, made.stderr
    assert "no image" in made.stderr and "MADE FOR THIS ONCE" not in made.stderr
    files = [path for path in folder.iterdir() if path.suffix in (".whl", ".gz")]
    assert len(files) == 2 and not (folder / "only-this-once.pub").exists()
    for path in files:
        assert json.loads(Path(f"{path}.cdx.json").read_bytes())["bomFormat"] == "CycloneDX"
        assert json.loads(Path(f"{path}.spdx.json").read_bytes())["spdxVersion"].startswith("SPDX-2")
        believed = ("--key", str(tmp_path / "release.pub"), "--log-key", str(folder / "log.vkey"), "--require", "provenance")
        stranger = {"PRATIQUE_HOME": str(tmp_path / "another"), "PRATIQUE_KEY": ""}
        verified = run(*pratique, "verify", str(path), *believed, **stranger)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert verified.stdout.count("log entry") == 4 and "not in a log" not in verified.stdout
        path.write_bytes(path.read_bytes() + b"\n")
        assert run(*pratique, "verify", str(path), *believed, **stranger).returncode == 1
