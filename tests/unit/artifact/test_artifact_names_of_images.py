"""Names of images without a scheme: whose they are, in which order places are asked, and how that is said."""

import pytest

from pratique.artifact.local_images import find_local_image
from pratique.artifact.source import ArtifactSource, parse_source, understood
from pratique.errors import NotFound

ID = "4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1"


@pytest.fixture
def engines(tmp_path, monkeypatch):
    """Install an engine's client that runs this line of shell, and the socket it needs."""
    programs = tmp_path / "programs"
    programs.mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/bin")
    monkeypatch.chdir(tmp_path / "here")
    for name in ("DOCKER_HOST", "CONTAINERD_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)

    def install(name, line):
        program = programs / name
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$0 $*\" >> {tmp_path}/asked\n{line}\n")
        program.chmod(0o755)
        if name == "docker":
            monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere")
        if name == "ctr":
            (tmp_path / "containerd.sock").touch()
            monkeypatch.setenv("CONTAINERD_ADDRESS", f"{tmp_path}/containerd.sock")

    # A machine's own podman must not answer in place of one that a test did not install.
    install("podman", "echo 'Error: no such image' >&2; exit 125")
    return install


def asked(tmp_path):
    return [line.removeprefix(f"{tmp_path}/programs/") for line in (tmp_path / "asked").read_text().splitlines()]


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("alpine:3.19", "docker.io/library/alpine:3.19"),
        ("alpine", "docker.io/library/alpine:latest"),
        ("user/app:1", "docker.io/user/app:1"),
        (f"alpine@sha256:{ID}", f"docker.io/library/alpine@sha256:{ID}"),
        ("localhost/app:1", "localhost/app:1"),
        ("index.docker.io/alpine", "index.docker.io/alpine"),  # a host that is named stays as it is
    ],
)
def test_a_name_that_no_engine_has_is_the_registrys_with_dockers_short_names_written_out(engines, text, full):
    assert parse_source(text) == ArtifactSource("registry", full, guessed=True)


@pytest.mark.parametrize("text", ["alpine:3.19", "localhost/app:1", ID[:12]])
def test_an_image_that_podman_has_is_read_from_podman_and_the_line_names_the_registrys(engines, text):
    engines("podman", f"echo {ID}")
    source = parse_source(text)
    assert source == ArtifactSource("podman", text, guessed=True)
    assert understood(text, source).startswith(f"reading {text} as podman:{text} (podman has it; the registry's is registry:")


def test_docker_and_containerd_are_asked_after_podman_where_they_are(engines, tmp_path):
    engines("docker", "echo 'Error: No such image: app:1' >&2; exit 1")
    engines("ctr", "echo docker.io/library/app:1")
    assert parse_source("app:1") == ArtifactSource("containerd", "app:1", guessed=True)
    assert [line.split()[0] for line in asked(tmp_path)] == ["podman", "docker", "ctr"]
    assert "name==docker.io/library/app:1" in asked(tmp_path)[2]


def test_an_engine_without_its_socket_is_not_asked(engines, tmp_path, monkeypatch):
    engines("docker", "exit 1")
    engines("ctr", "exit 1")
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("CONTAINERD_ADDRESS", f"{tmp_path}/nothing")
    monkeypatch.setattr("pratique.artifact.local_images._is_there", lambda socket: False)
    assert parse_source("app:1").scheme == "registry"
    assert [line.split()[0] for line in asked(tmp_path)] == ["podman"]


def test_an_engine_that_does_not_answer_is_named_and_the_next_one_asked(engines):
    engines("podman", "echo 'Error: permission denied' >&2; exit 125")
    engines("docker", f"echo sha256:{ID}")
    answer = find_local_image("app:1")
    assert (answer.image.engine, answer.image.image_id, answer.silent) == ("docker", f"sha256:{ID}", ("podman",))
    engines("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    line = understood("app:1", parse_source("app:1"))
    assert line.endswith("(no file or folder of that name, no engine here to ask; podman, docker did not answer)")


def test_a_file_or_folder_of_the_name_comes_first_and_is_said(engines, tmp_path):
    engines("podman", f"echo {ID}")
    (tmp_path / "here" / "alpine:3.19").write_bytes(b"x")
    (tmp_path / "here" / "localhost").mkdir()
    source = parse_source("alpine:3.19")
    assert understood("alpine:3.19", source) == "reading alpine:3.19 as file:alpine:3.19"
    assert parse_source("localhost").scheme == "dir"


@pytest.mark.parametrize("text", ["host.example/acme/app:1", "127.0.0.1:5000/app", "localhost:5000/app:1"])
def test_a_name_with_a_registrys_host_is_that_registrys_whatever_engines_have(engines, tmp_path, text):
    engines("podman", f"echo {ID}")
    assert parse_source(text) == ArtifactSource("registry", text, guessed=True)
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    "text",
    ["missing.json", "folder/missing", "./app:1", "../app", "/no/such", "~/app", "App:1", "No/such", "-h", "a b", "sha256:00"],
)
def test_a_path_to_nothing_is_no_image_and_nobody_is_asked(engines, tmp_path, text):
    (tmp_path / "here" / "folder").mkdir()
    with pytest.raises(NotFound, match="no file or folder"):
        parse_source(text)
    assert not (tmp_path / "asked").exists()


def test_where_only_registries_and_layouts_are_of_use_no_engine_is_asked(engines, tmp_path):
    engines("podman", f"echo {ID}")
    assert parse_source("localhost/app:1", engines=False) == ArtifactSource("registry", "localhost/app:1", guessed=True)
    digest = f"sha256:{ID}"
    assert parse_source(f"{digest}@alpine") == ArtifactSource("registry", f"docker.io/library/alpine@{digest}", guessed=True)
    assert not (tmp_path / "asked").exists()
