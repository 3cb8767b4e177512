"""An exported index is loaded by what people load archives with: one image of it by its name, or each of them."""

import json
import os
import platform
import shutil
import subprocess
import tarfile

import pytest
from test_e2e_index import AMD_IMAGE, ARM_IMAGE, INDEX, here, index

__all__ = ["here", "index"]  # fixtures


@pytest.fixture
def exported(here, index, registry, tmp_path):
    """The archive of an index that was shipped to a registry, and the name that it has there."""
    name = f"{registry}/{tmp_path.name.replace('_', '-')}/app:v1"
    assert here("ship", index, "--key", "K", "--to", f"registry:{name}")[0] == 0
    code, _, err = here("bundle", "export", f"docker://{name}", "-o", "out.tar", "--key", "K.pub")
    assert code == 0, err
    return tmp_path / "out.tar", name


def ask(*command, **environ):
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def config_of(image):
    return json.loads(image.manifest)["config"]["digest"]


def test_podman_loads_the_image_for_this_machine_and_calls_it_by_its_name(exported):
    podman = shutil.which("podman")
    if podman is None:
        pytest.skip("podman is not installed")
    archive, name = exported
    assert name in ask(podman, "load", "--input", archive)
    try:
        mine = ARM_IMAGE if platform.machine() in ("aarch64", "arm64") else AMD_IMAGE
        assert ask(podman, "image", "inspect", "--format", "{{.Id}}", name).strip() == config_of(mine).removeprefix("sha256:")
    finally:
        ask(podman, "rmi", name)


def test_engines_that_know_no_layout_find_each_image_in_the_list_of_docker_s(exported):
    with tarfile.open(exported[0]) as tar:
        listed = json.loads(tar.extractfile("manifest.json").read())
        names = set(tar.getnames())
    # What a builder attests beside them is an image by its form, and has files of its own.
    assert {row["Config"].rpartition("/")[2] for row in listed} >= {
        config_of(image).removeprefix("sha256:") for image in (AMD_IMAGE, ARM_IMAGE)
    }
    assert all({row["Config"], *row["Layers"]} <= names for row in listed)
    assert all(not row["RepoTags"] for row in listed)  # one name for two images would be the last one's


def test_skopeo_copies_it_whole_from_the_layout_and_image_by_image_from_docker_s_list(exported, tmp_path):
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        pytest.skip("skopeo is not installed")
    archive, _ = exported
    (tmp_path / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    command = [skopeo, "--policy", tmp_path / "policy.json", "copy"]
    ask(*command, "--all", f"oci-archive:{archive}", f"dir:{tmp_path}/whole")
    assert (tmp_path / "whole/manifest.json").read_bytes() == INDEX
    for number in range(2):
        ask(*command, f"docker-archive:{archive}:@{number}", f"dir:{tmp_path}/d{number}")
