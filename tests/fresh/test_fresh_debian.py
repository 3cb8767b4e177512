"""A newcomer's first minutes: a bare Debian, the README's lines as they stand there, and an image of one's own is let in.

Packages come from where this machine's apt and pip get them. Needs root and mmdebstrap; a minute or two for each system.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from docker_registry import serve_registry  # noqa: E402
from docs_console import blocks, transcript  # noqa: E402
from test_e2e_chain import FILES, make_archive, make_tar  # noqa: E402

README = (ROOT / "README.md").read_text()
AUTHORITIES = Path("/usr/local/share/ca-certificates")
HOST = "127.0.0.1:5000"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to change into another root"),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="mmdebstrap is not installed"),
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory):
    yield from serve_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture(params=["bookworm", "trixie"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The root of a system with nothing in it but what every Debian has, and the authorities that this machine believes."""
    made = subprocess.run(
        [ROOT / "tools" / "base-image", "bare", request.param], capture_output=True, text=True, check=False, timeout=900
    )
    assert made.returncode == 0, made.stderr
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", made.stdout.strip()], check=True, timeout=300)
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    if AUTHORITIES.is_dir():
        shutil.copytree(AUTHORITIES, root / str(AUTHORITIES)[1:], dirs_exist_ok=True)
    return root


def test_from_nothing_to_an_image_that_is_signed_verified_and_let_in(system: Path, wheel: Path, registry: str) -> None:
    environ = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "DEBIAN_FRONTEND": "noninteractive",
        "PRATIQUE_KEY_PASSPHRASE": "between us",  # in place of somebody at the prompt
    }
    if AUTHORITIES.is_dir():
        environ["PIP_CERT"] = "/etc/ssl/certs/ca-certificates.crt"

    def shell(script: str) -> str:
        command = ["unshare", "--mount", "--", "chroot", str(system), "bash", "-euc", f"cd /root\n{script}"]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    home = system / "root"
    (home / "dist").mkdir()
    shutil.copy(wheel, home / "dist" / wheel.name)
    archive = make_archive([make_tar(FILES)], name="harbour:1.0", created="2026-01-01T00:00:00Z")
    (home / "harbour.tar").write_bytes(archive)
    policies = [text for text in blocks(README, "yaml") if "policy.yaml" in text]
    (home / "policy.yaml").write_text(policies[0])
    shell("apt-get update -qq")  # as every machine that anybody has used

    began = time.monotonic()
    install = blocks(README, "sh")[0].replace("sudo ", "")
    commands = install.splitlines()
    shell(install)
    first = time.monotonic() - began
    words = [words for words, _ in transcript(README) if words[0] == "pratique" and words[1] in ("key", "ship", "verify", "gate")]
    for each in words:
        said = shell(shlex.join(each).replace(HOST, f"{registry}/fresh"))
    took = time.monotonic() - began
    assert re.search(r"allowed by policy harbour-master", said)
    name = (system / "etc" / "debian_version").read_text().strip()
    print(f"\nDebian {name}: {len(commands)} commands in {first:.0f} s to install, {len(words)} more in {took - first:.0f} s")
    assert [each[1] for each in words] == ["key", "ship", "verify", "gate"] and len(commands) == 2  # five, and `verify` to look
