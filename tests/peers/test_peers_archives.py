"""Archives that we write, in the hands of others' tools: each loads them, and those that carry evidence carry all of it."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from peer_artifacts import Pushed
from peer_programs import Peers, Pratique
from peer_registry import Raw, Registry

FORMS = ("export", "copy")


@pytest.fixture(scope="module")
def signed(
    artifact: Callable[[str, str], Pushed], peers: Peers, keypair: Callable[..., object], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Pushed, Path]:
    """An image with a bundle and a tag of cosign's, and the key to both."""
    pushed, key = artifact("image", "spec"), keypair("p256")
    peers.cosign("sign", "--key", key.cosign.reference, *peers.offline, pushed.theirs, **key.cosign.environ).ok()
    peers.cosign("sign", "--key", key.cosign.reference, *peers.offline_old, pushed.theirs, **key.cosign.environ).ok()
    return pushed, key.public


def write(form: str, pushed: Pushed, pratique: Pratique, path: Path, *options: str) -> Path:
    if form == "export":
        pratique("bundle", "export", pushed.ours, "--output", path, *options).ok()
    else:
        pratique("copy", pushed.ours, f"oci-archive:{path}", *options).ok()
    return path


def unpacked(archive: Path) -> Path:
    folder = archive.with_suffix("")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.mark.parametrize("form", FORMS)
def test_crane_pushes_the_image_of_an_archive_of_ours(signed, peers, elsewhere, registry, tmp_path, form):
    pushed, _ = signed
    folder = unpacked(write(form, pushed, elsewhere, tmp_path / "a.tar"))
    place = Raw(registry("spec"), f"{pushed.raw.name}-crane-{form}").place
    peers.crane("push", folder, f"{place}:1").ok()
    assert peers.crane("digest", f"{place}:1").ok().out.strip() == pushed.digest


@pytest.mark.parametrize("form", FORMS)
def test_cosign_loads_an_archive_of_ours_with_its_bundles(signed, peers, elsewhere, registry, tmp_path, form):
    pushed, key = signed
    folder = unpacked(write(form, pushed, elsewhere, tmp_path / "a.tar"))
    peers.cosign("verify", "--key", key, "--insecure-ignore-tlog", "--local-image", folder).ok()
    place = Raw(registry("spec"), f"{pushed.raw.name}-cosign-{form}").place
    peers.cosign("load", "--dir", folder, f"{place}:1").ok()
    assert elsewhere.answers(f"registry:{place}:1", "--key", key, "--require", "signature").code == 0


@pytest.mark.parametrize("form", FORMS)
def test_oras_restores_an_archive_of_ours_with_its_bundles_when_they_are_listed(
    signed, peers, elsewhere, registry, tmp_path, form
):
    pushed, key = signed
    for options, code in (((), 1), (("--list-evidence",), 0)):
        path = write(form, pushed, elsewhere, tmp_path / f"a{code}.tar", *options)
        place = Raw(registry("spec"), f"{pushed.raw.name}-oras-{form}-{code}").place
        peers.oras("restore", "--input", path, "--plain-http", "--no-tty", f"{place}:1").ok()
        assert peers.crane("digest", f"{place}:1").ok().out.strip() == pushed.digest
        assert elsewhere.answers(f"registry:{place}:1", "--key", key, "--require", "signature").code == code


@pytest.mark.parametrize("form", FORMS)
def test_podman_loads_an_archive_of_ours(signed, elsewhere, tmp_path, form):
    podman = shutil.which("podman")
    if podman is None:
        pytest.skip("podman is not installed")
    pushed, _ = signed
    path = write(form, pushed, elsewhere, tmp_path / "a.tar")
    loaded = subprocess.run([podman, "load", "--input", path], capture_output=True, text=True, timeout=120, check=False)
    assert loaded.returncode == 0 and pushed.tagged in loaded.stdout, loaded.stderr
    subprocess.run([podman, "rmi", pushed.tagged], capture_output=True, timeout=120, check=True)


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_of_ours_has_bundles_and_tags_alike(signed, elsewhere, tmp_path, form):
    pushed, key = signed
    path = write(form, pushed, elsewhere, tmp_path / "a.tar")
    told = elsewhere.answers(f"oci-archive:{path}", "--key", key, "--require", "signature").ran.ok().json
    forms = {answer["form"] for answer in told["answers"] if "form" in answer}
    assert forms == {"Sigstore bundle", "cosign signature"}


def test_a_backup_of_all_tags_by_oras_is_one_image_with_its_signatures(signed, peers, elsewhere, tmp_path):
    pushed, key = signed
    path = tmp_path / "backup.tar"
    peers.oras("backup", "--plain-http", "--no-tty", "--include-referrers", "--output", path, pushed.raw.place).ok()
    with tarfile.open(path) as tar:
        listed = json.loads(tar.extractfile("index.json").read())["manifests"]
    assert len(listed) > 2
    assert elsewhere.answers(f"oci-archive:{path}", "--key", key, "--require", "signature").code == 0


@pytest.mark.parametrize("tool", ["crane", "cosign"])
def test_what_a_copy_by_others_left_behind_is_named_with_what_brings_it_along(
    artifact, peers, keypair, elsewhere, registry: Callable[[str], Registry], tool
):
    pushed, key = artifact("image", "spec"), keypair("p256")
    peers.cosign("sign", "--key", key.cosign.reference, *peers.offline, pushed.theirs, **key.cosign.environ).ok()
    place = Raw(registry("spec"), f"{pushed.raw.name}-bare-{tool}").place
    if tool == "crane":
        peers.crane("copy", pushed.tagged, f"{place}:1").ok()
    else:
        peers.cosign("copy", pushed.tagged, f"{place}:1").ok()
    refused = elsewhere("verify", f"registry:{place}:1", "--key", key.public, "--require", "signature")
    assert refused.code == 1 and f"pratique copy registry:ORIGIN registry:{place}:1" in refused.out, refused.told()
    elsewhere("copy", pushed.ours, f"registry:{place}:1").ok()
    assert elsewhere.answers(f"registry:{place}:1", "--key", key.public, "--require", "signature").code == 0
