"""Helm verifies the provenance that we write and we verify Helm's, beside a chart and in a registry; altered, neither does."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from peer_artifacts import make_chart
from peer_cells import refused_by_us
from peer_matrix import Matrix
from peer_registry import MODES

PASSPHRASE = "between us"


@dataclass(frozen=True)
class OpenPgp:
    """A key as Helm wants it, in two keyrings of the old form: secret and public."""

    name: str
    secret: Path
    public: Path
    exported: Path
    passphrase: Path


@pytest.fixture(scope="session", params=["rsa3072", "ed25519"])
def keys(
    request: pytest.FixtureRequest, matrix: Matrix, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[OpenPgp, OpenPgp]]:
    """The signer's, and a stranger's."""
    if shutil.which("gpg") is None:
        pytest.skip("gpg is not installed")
    homes = [tmp_path_factory.mktemp(who, numbered=True) for who in ("harbour", "stranger")]
    yield _key(homes[0], "harbour", request.param), _key(homes[1], "stranger", request.param)
    for home in homes:
        subprocess.run(["gpgconf", "--kill", "all"], env=os.environ | {"GNUPGHOME": str(home)}, timeout=30, check=False)


def _key(home: Path, name: str, kind: str) -> OpenPgp:
    home.chmod(0o700)
    environ = os.environ | {"GNUPGHOME": str(home)}
    command = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", PASSPHRASE]

    def gpg(*arguments: str) -> bytes:
        return subprocess.run([*command, *arguments], env=environ, capture_output=True, check=True, timeout=120).stdout

    gpg("--quick-generate-key", f"{name} <{name}@example.org>", kind, "sign", "never")
    (home / "secret.gpg").write_bytes(gpg("--export-secret-keys", name))
    (home / "public.gpg").write_bytes(gpg("--export", name))
    (home / "passphrase").write_text(PASSPHRASE + "\n")
    for file in ("secret.gpg", "passphrase"):
        (home / file).chmod(0o600)
    return OpenPgp(name, home / "secret.gpg", home / "public.gpg", home / "secret.gpg", home / "passphrase")


def ours(matrix: Matrix, key: OpenPgp, source: str):
    return matrix.elsewhere.answers(source, "--keyring", key.public, "--require", "signature", "--no-content")


def altered(chart: Path, folder: Path) -> list[Path]:
    """The provenance beside another chart of that name, and the chart beside a provenance with a flipped byte."""
    made = []
    for name, data, prov in (
        ("other", chart.read_bytes() + b"\0", chart.with_name(chart.name + ".prov").read_bytes()),
        ("flipped", chart.read_bytes(), chart.with_name(chart.name + ".prov").read_bytes().replace(b"for tests", b"for Tests")),
    ):
        (folder / name).mkdir(parents=True)
        made.append(folder / name / chart.name)
        made[-1].write_bytes(data)
        made[-1].with_name(chart.name + ".prov").write_bytes(prov)
    return made


def signed_by_helm(matrix: Matrix, key: OpenPgp, folder: Path, name: str) -> Path:
    options = ("--sign", "--key", key.name, "--keyring", str(key.secret), "--passphrase-file", str(key.passphrase))
    return make_chart(matrix.peers, folder, name, *options)


def test_what_helm_signed_verifies_here_and_altered_it_does_not(matrix: Matrix, keys, tmp_path: Path) -> None:
    signer, stranger = keys
    chart = signed_by_helm(matrix, signer, tmp_path, "harbour")
    for source in (f"chart:{chart}", f"file:{chart}"):
        verdict = ours(matrix, signer, source)
        assert verdict.code == 0, verdict.ran.told()
        refused_by_us(ours(matrix, stranger, source))
    for file in altered(chart, tmp_path / "altered"):
        refused_by_us(ours(matrix, signer, f"chart:{file}"))


def test_what_we_sign_verifies_with_helm_and_altered_it_does_not(matrix: Matrix, keys, tmp_path: Path) -> None:
    signer, stranger = keys
    chart = make_chart(matrix.peers, tmp_path, "harbour")
    matrix.pratique("sign", f"chart:{chart}", "--form", "prov", "--key", signer.exported, PRATIQUE_KEY_PASSPHRASE=PASSPHRASE).ok()
    matrix.peers.helm("verify", chart, "--keyring", signer.public).ok()
    assert matrix.peers.helm("verify", chart, "--keyring", stranger.public).code != 0
    for file in altered(chart, tmp_path / "altered"):
        assert matrix.peers.helm("verify", file, "--keyring", signer.public).code != 0
        refused_by_us(ours(matrix, signer, f"chart:{file}"))


@pytest.mark.parametrize("mode", MODES)
def test_the_provenance_that_helm_pushes_with_a_chart_verifies_here(
    matrix: Matrix, keys, registry, tmp_path: Path, mode: str
) -> None:
    signer, stranger = keys
    chart = signed_by_helm(matrix, signer, tmp_path, f"pushed-{mode}")
    host = registry(mode).host
    matrix.peers.helm("push", "--plain-http", chart, f"oci://{host}/{signer.public.parent.name}").ok()
    source = f"registry:{host}/{signer.public.parent.name}/pushed-{mode}:1.0.0_build.1"
    verdict = ours(matrix, signer, source)
    assert verdict.code == 0, verdict.ran.told()
    refused_by_us(ours(matrix, stranger, source))
