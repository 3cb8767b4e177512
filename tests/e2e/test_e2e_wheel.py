"""The wheel that is handed on: it is built twice alike, and works where nothing but it and its locked dependencies is."""

import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path) -> Path:
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_the_same_sources_give_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    again = build(tmp_path)
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


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
