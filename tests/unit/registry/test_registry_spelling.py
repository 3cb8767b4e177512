"""What helm, skopeo and others call a place is understood wherever a source is taken, or answered with what to type."""

import shutil

import pytest

from pratique.artifact.source import parse_source
from pratique.cli.main import run
from pratique.errors import InputError
from pratique.registry.open import open_repository
from pratique.registry.spelling import as_spelled_here
from pratique.tuf.places import open_place

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("oci://host.example/x:1", "registry:host.example/x:1"),
        ("docker://host.example/x:1", "registry:host.example/x:1"),
        ("DOCKER://host.example:5000/x", "registry:host.example:5000/x"),
        ("docker://alpine", "registry:alpine"),
        (f"docker-pullable://host.example/x@{DIGEST}", f"registry:host.example/x@{DIGEST}"),
        ("registry://host.example/x:1", "registry:host.example/x:1"),
        ("oci:path/to/layout:1", "oci-dir:path/to/layout:1"),
        ("ocidir://path:1", "oci-dir:path:1"),
        ("oci-archive://a.tar", "oci-archive:a.tar"),
        ("docker-daemon:app:1", "docker:app:1"),
        ("containers-storage:app:1", "podman:app:1"),
        (f"{DIGEST}@docker://host.example/x", f"{DIGEST}@registry:host.example/x"),
        ("registry:host.example/x:1", "registry:host.example/x:1"),
        ("docker:app:1", "docker:app:1"),
        ("host.example/x:1", "host.example/x:1"),
        (DIGEST, DIGEST),
        ("file:oci://x", "file:oci://x"),
        ("", ""),
    ],
)
def test_others_spellings_are_ours(theirs, ours):
    assert as_spelled_here(theirs) == ours
    assert as_spelled_here(ours) == ours


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("https://host.example/acme/app:1", "write registry:host.example/acme/app:1"),
        ("http://host.example/", "write registry:host.example"),
        ("https://", "write registry:HOST/NAME:TAG"),
        ("containers-storage:[overlay@/var/lib]app", "write podman:NAME:TAG"),
    ],
)
def test_what_names_no_image_is_answered_with_what_to_type(text, hint):
    for ask in (as_spelled_here, parse_source, open_repository):
        with pytest.raises(InputError) as caught:
            ask(text)
        assert caught.value.hint == hint


def test_sources_and_repositories_are_found_by_them():
    source = parse_source("oci://host.example/acme/app:1")
    assert (source.scheme, source.location, str(source)) == (
        "registry",
        "host.example/acme/app:1",
        "registry:host.example/acme/app:1",
    )
    repository, tag = open_repository("docker://host.example/acme/app:1")
    assert (repository.name, tag) == ("host.example/acme/app", "1")
    assert open_place("oci://host.example/trust:latest").name == open_place("registry:host.example/trust:latest").name
    assert open_place("https://host.example/trust").name == "https://host.example/trust"


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    import sys
    from pathlib import Path

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "artifact"))
    from artifact_builders import OCI_MANIFEST, ImageParts, files, write_layout

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    image = ImageParts([files(etc__os_release=b"ID=debian\n")])
    write_layout(tmp_path / "app", image.manifest, OCI_MANIFEST, image.blobs())

    def command(*arguments, code=0):
        capsys.readouterr()
        got = run(list(arguments))
        out = capsys.readouterr()
        assert got == code, (arguments, got, out)
        return out.out + out.err

    command("key", "generate", "-o", "K", "--no-passphrase")
    (tmp_path / "claim.json").write_text("{}")
    return command


def test_every_command_that_takes_a_source_understands_them(here, tmp_path):
    here("sbom", "oci:app", "-o", "cyclonedx-json=sbom.json")
    here("ship", "oci:app", "--key", "K", "--to", "ocidir://out:v1")
    here("verify", "oci:out:v1", "--key", "K.pub")
    here("sign", "oci:out:v1", "--key", "K")
    here("attest", "oci:out:v1", "--type", "custom", "--predicate", "claim.json", "--key", "K", "--evidence", "oci:kept")
    here("verify", "oci:out:v1", "--key", "K.pub", "--require", "custom", "--evidence", "oci:kept")
    here("copy", "oci:out:v1", "oci:copied:v1")
    here("tree", "oci:copied:v1")
    here("download", "oci:copied:v1", "-o", "files")
    here("bundle", "export", "oci:copied:v1", "-o", "out.tar", "--key", "K.pub")
    assert (tmp_path / "copied").is_dir() and not list(tmp_path.glob("oci:*"))
    shutil.rmtree(tmp_path / "copied")


@pytest.mark.parametrize(
    "command",
    [
        ("ship", "URL", "--key", "K"),
        ("ship", "oci:app", "--key", "K", "--to", "URL"),
        ("sbom", "URL"),
        ("verify", "URL", "--key", "K.pub"),
        ("verify", "oci:app", "--key", "K.pub", "--evidence", "URL"),
        ("sign", "URL", "--key", "K"),
        ("attest", "URL", "--type", "custom", "--predicate", "claim.json", "--key", "K"),
        ("attach", "URL", "claim.json"),
        ("copy", "URL", "oci-dir:x:1"),
        ("copy", "oci:app", "URL"),
        ("tree", "URL"),
        ("download", "URL", "-o", "files"),
        ("pull", "URL"),
    ],
)
def test_an_address_is_answered_with_what_to_type_by_every_command(here, command):
    said = here(*[word.replace("URL", "https://host.example/acme/app:1") for word in command], code=2)
    assert "write registry:host.example/acme/app:1" in said


def test_the_name_that_permissions_are_about_is_the_same_however_it_is_spelled():
    from pratique.app.sources import public_name

    spellings = ("oci://host.example/acme/app:1", "docker://host.example/acme/app:1", "host.example/acme/app:1")
    assert {public_name(str(parse_source(text))) for text in spellings} == {"host.example/acme/app:1"}
