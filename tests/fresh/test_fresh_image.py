"""`make dist`: the image of this program is the same bytes for the same commit, runs as nobody in particular, cleared by itself.

Packages come from where this machine's apt and pip get them. Needs root, buildah and podman; some minutes.
"""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MISSING = [program for program in ("buildah", "podman") if shutil.which(program) is None]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to build an image"),
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)}: not installed"),
]


def run(*arguments: str | Path, umask: int = 0o022, **environ: str) -> str:
    done = subprocess.run(
        [str(word) for word in arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        umask=umask,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    environ = {"PRATIQUE_KEY": "", "PRATIQUE_HOME": ""}
    run("bash", "tools/make-dist", folder, **environ)
    return folder


@pytest.fixture(scope="module")
def image(dist: Path):
    """Its name in podman's store."""
    (archive,) = dist.glob("*-image.tar")
    name = run("podman", "load", "--quiet", "--input", archive).strip().rpartition(" ")[2]
    assert name == f"localhost/pratique:{archive.name.split('-')[1]}"
    yield name
    run("podman", "rmi", "--force", name)


def test_the_same_commit_gives_the_same_image_byte_for_byte(dist: Path, tmp_path: Path) -> None:
    (archive,), (wheel,) = dist.glob("*-image.tar"), dist.glob("*.whl")
    (tmp_path / "tmp").mkdir()
    again = tmp_path / "again.tar"
    run("tools/make-image", wheel, again, umask=0o077, TMPDIR=str(tmp_path / "tmp"), TZ="Pacific/Kiritimati", LC_ALL="C")
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in (archive, again))
    assert first == second


def test_it_runs_as_nobody_in_particular_and_makes_a_bill_of_materials_without_a_network(image: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("click==8.2.1\n")
    tmp_path.chmod(0o755)
    sandbox = ["podman", "run", "--rm", "--network=none", "--read-only", "--cap-drop=all", "--ulimit=nofile=1024:1024"]
    sandbox += ["--ulimit=nproc=1024:1024", f"--volume={tmp_path}:/work:ro", "--tmpfs=/var/lib/pratique"]
    assert run(*sandbox, "--entrypoint=id", image, "-u").strip() == "65532"
    document = json.loads(run(*sandbox, image, "sbom", "dir:.", "-o", "cyclonedx-json"))
    assert "pkg:pypi/click@8.2.1" in {component.get("purl") for component in document["components"]}


def test_it_says_which_version_of_which_commit_it_is_and_what_it_stands_on(dist: Path, image: str) -> None:
    (told,) = json.loads(run("podman", "image", "inspect", image))
    assert told["Config"]["Entrypoint"] == ["pratique"] and told["Config"]["User"] == "65532:65532"
    labels = told["Config"]["Labels"]
    commit = run("git", "rev-parse", "HEAD").strip()
    assert labels["org.opencontainers.image.revision"].removesuffix("-modified") == commit
    assert f"pratique-{labels['org.opencontainers.image.version']}-image.tar" in {path.name for path in dist.iterdir()}
    assert told["Annotations"]["org.opencontainers.image.base.digest"].startswith("sha256:")


def test_beside_each_thing_are_its_bills_of_materials_and_what_is_signed_about_it(dist: Path) -> None:
    made = [path for path in dist.iterdir() if path.suffix in (".whl", ".gz", ".tar")]
    assert len(made) == 3
    for path in made:
        assert json.loads(Path(f"{path}.cdx.json").read_bytes())["bomFormat"] == "CycloneDX"
        assert json.loads(Path(f"{path}.spdx.json").read_bytes())["spdxVersion"].startswith("SPDX-2")
        assert len(Path(f"{path}.sigstore.jsonl").read_text().splitlines()) == 4
    assert (dist / "only-this-once.pub").exists() and (dist / "log.vkey").exists()
