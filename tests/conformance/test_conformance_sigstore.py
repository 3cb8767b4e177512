"""Every case of sigstore-conformance, through the executable: by file and by digest. A folder named `…_fail` must be refused.

Which key, identity, artifact and trusted root belong to a case is said by files in its folder, and else by the suite's defaults
(its test/client.py and test/assets/bundle-verify/README.md).
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLIENT = Path(__file__).with_name("sigstore-client")
ASSETS = ROOT.parent / "shared" / "vectors" / "sigstore" / "test" / "assets" / "bundle-verify"
CASES = sorted(path for path in ASSETS.glob("*/") if path.is_dir())
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
    "extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"


def text(path: Path, default: str) -> str:
    return path.read_text().strip() if path.exists() else default


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, CLIENT, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )


def command(folder: Path, *, digest: bool) -> list:
    artifact = folder / "artifact" if (folder / "artifact").exists() else ASSETS / "a.txt"
    named = f"sha256:{hashlib.sha256(artifact.read_bytes()).hexdigest()}" if digest else artifact
    if (folder / "key.pub").exists():
        who = ["--key", folder / "key.pub"]
    else:
        identity, issuer = text(folder / "identity", IDENTITY), text(folder / "issuer", ISSUER)
        who = ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer]
    root = ["--trusted-root", folder / "trusted_root.json"] if (folder / "trusted_root.json").exists() else []
    return ["verify-bundle", "--bundle", folder / "bundle.sigstore.json", *who, *root, named]


@pytest.mark.skipif(not CASES, reason="the public vectors sigstore are not here")
def test_the_vectors_are_the_whole_suite():
    assert len(CASES) >= 70


@pytest.mark.parametrize("digest", [False, True], ids=["file", "digest"])
@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_case_of_the_conformance_suite_comes_out_right(folder, digest):
    result = run(*command(folder, digest=digest))
    assert "Traceback" not in result.stderr
    if folder.name.endswith("_fail"):
        assert result.returncode in (1, 2), result.stdout
        assert len(result.stderr.strip().splitlines()) == 1
    else:
        assert result.returncode == 0, result.stderr


def test_neither_or_both_ways_of_naming_the_signer_is_wrong_usage(tmp_path):
    bundle = tmp_path / "bundle"
    bundle.write_text("{}")
    assert run("verify-bundle", "--bundle", bundle, "x").returncode == 2
    result = run(
        "verify-bundle", "--bundle", bundle, "--key", "k", "--certificate-identity", "i", "--certificate-oidc-issuer", "o", "x"
    )
    assert result.returncode == 2
    assert "who is to have signed" in result.stderr
