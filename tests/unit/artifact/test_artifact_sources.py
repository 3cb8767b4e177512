"""Sources, folders, files, engines and the cache."""

import os
import socket
import stat
import sys

import pytest
from artifact_builders import ImageParts, docker_save, everything, files, member, nothing, scan, sha, tar_of

from pratique.artifact.cache import LayerCache
from pratique.artifact.engine import full_name, saved_by_containerd, saved_by_docker, saved_by_podman
from pratique.artifact.limits import Limits
from pratique.artifact.open import open_artifact
from pratique.artifact.selection import Chosen
from pratique.artifact.source import SCHEMES, ArtifactSource, parse_source
from pratique.errors import DigestMismatch, InputError, LimitExceeded, NotFound, StorageError, Unavailable
from pratique.model import Digest, FileKind

# --- what the user names


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_is_taken_as_written(scheme):
    assert parse_source(f"{scheme}:some/where:tag") == ArtifactSource(scheme, "some/where:tag")


def test_a_bare_word_is_guessed_and_the_guess_said(tmp_path):
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout" / "oci-layout").write_text("{}")
    (tmp_path / "plain").write_bytes(b"x")
    (tmp_path / "oci.tar").write_bytes(tar_of(member("manifest.json", b"[]"), member("oci-layout", b"{}")))
    (tmp_path / "docker.tar").write_bytes(tar_of(member("x", b"1" * 5000), member("manifest.json", b"[]")))
    (tmp_path / "other.tar").write_bytes(files(a=b""))
    guessed = {name: parse_source(str(tmp_path / name)) for name in ("", "layout", "plain", "oci.tar", "docker.tar", "other.tar")}
    assert {name: source.scheme for name, source in guessed.items()} == {
        "": "dir",
        "layout": "oci-dir",
        "plain": "file",
        "oci.tar": "oci-archive",
        "docker.tar": "docker-archive",
        "other.tar": "file",
    }
    assert all(source.guessed for source in guessed.values())


@pytest.mark.parametrize("text", ["registry.example/app:1", "localhost:5000/app", "10.0.0.1/app@sha256:00"])
def test_a_host_with_a_name_is_guessed_to_be_a_registry(text):
    assert parse_source(text) == ArtifactSource("registry", text, guessed=True)


@pytest.mark.parametrize("text", ["nothing.here", "No/such/file", "./missing.tar", "../x/y", "/no/such"])
def test_a_word_that_is_nothing_is_not_found_and_the_schemes_are_listed(text):
    with pytest.raises(NotFound) as caught:
        parse_source(text)
    assert "oci-archive:PATH" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["", "dir:", "registry:", "file:a\0b"])
def test_an_empty_location_is_refused(text):
    with pytest.raises(InputError):
        parse_source(text)


# --- folders and files


def read(source, wanted=nothing, **options):
    with open_artifact(source, **options) as artifact:
        tree = artifact.read_tree(Chosen(keep=wanted))
        return artifact.subject, tree


def test_a_folder_is_hashed_and_links_are_listed_not_followed(tmp_path):
    (tmp_path / "outside").write_bytes(b"secret")
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "file").write_bytes(b"x" * 2_000_000)
    (root / "link").symlink_to("../outside")
    (root / "folderlink").symlink_to("..")
    subject, tree = read(ArtifactSource("dir", str(root)), everything)
    assert sorted(tree.entries) == ["a/file", "folderlink", "link"]
    assert tree.entries["a/file"].sha256 == sha(b"x" * 2_000_000)
    assert tree.entries["link"].target == "../outside"
    assert tree.contents == {"a/file": b"x" * 2_000_000}
    assert subject.digest.startswith("sha256:")


def test_the_same_files_are_the_same_folder_and_a_changed_byte_is_another(tmp_path):
    digests = []
    for name, data in (("one", b"1"), ("two", b"1"), ("three", b"2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_bytes(data)
        digests.append(read(ArtifactSource("dir", str(tmp_path / name)))[0].digest)
    assert digests[0] == digests[1] != digests[2]


def test_what_is_left_out_of_a_folder_is_said(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"x")
    os.mkfifo(tmp_path / "fifo")
    server = socket.socket(socket.AF_UNIX)
    here = os.open(".", os.O_RDONLY)
    os.chdir(tmp_path)
    try:
        server.bind("sock")
    finally:
        os.fchdir(here)
        os.close(here)
        server.close()
    _, tree = read(ArtifactSource("dir", str(tmp_path)))
    assert {path: entry.kind for path, entry in tree.entries.items()} == {"fifo": FileKind.FIFO}
    assert [unknown.path for unknown in tree.unknowns] == [".git", "sock"]


def test_an_unreadable_file_is_said(as_nobody):
    (as_nobody / "f").write_bytes(b"x")
    (as_nobody / "f").chmod(0)
    assert [unknown.path for unknown in read(ArtifactSource("dir", str(as_nobody)))[1].unknowns] == ["f"]


def test_a_folder_that_changes_between_two_readings_is_refused(tmp_path):
    (tmp_path / "f").write_bytes(b"1")
    with open_artifact(ArtifactSource("dir", str(tmp_path))) as artifact:
        assert artifact.subject.digest
        (tmp_path / "f").write_bytes(b"2")
        with pytest.raises(DigestMismatch, match="changed while"):
            artifact.read_tree(Chosen())


def test_too_many_files_in_a_folder_end_in_one_error(tmp_path):
    for number in range(5):
        (tmp_path / str(number)).write_bytes(b"")
    with pytest.raises(LimitExceeded, match="max_entries"):
        read(ArtifactSource("dir", str(tmp_path)), limits=Limits(max_entries=3))


def test_a_file_is_one_entry_and_its_digest_is_its_own(tmp_path):
    (tmp_path / "tool").write_bytes(b"bytes")
    subject, tree = read(ArtifactSource("file", str(tmp_path / "tool")), everything)
    assert subject.digest == "sha256:" + sha(b"bytes")
    assert list(tree.entries) == ["tool"]
    assert tree.contents == {"tool": b"bytes"}


@pytest.mark.parametrize("scheme", ["dir", "file", "docker-archive", "oci-dir", "oci-archive"])
def test_what_does_not_exist_is_not_found(tmp_path, scheme):
    with pytest.raises(NotFound):
        read(ArtifactSource(scheme, str(tmp_path / "missing")))


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(InputError, match="not a regular file"):
        read(ArtifactSource("file", str(tmp_path / "fifo")))


def test_a_folder_has_no_platform(tmp_path):
    with pytest.raises(InputError, match="no platform"):
        read(ArtifactSource("dir", str(tmp_path)), platform="linux/amd64")


# --- engines


def engine(tmp_path, body):
    program = tmp_path / "engine"
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    program.chmod(0o755)
    return str(program)


def test_an_image_is_saved_without_a_shell_into_a_private_folder_that_is_removed(tmp_path):
    program = engine(tmp_path, "import json; open(sys.argv[sys.argv.index('--output') + 1], 'w').write(json.dumps(sys.argv))")
    with saved_by_podman("app:1", program=program) as archive:
        text = archive.read_text()
        assert text.endswith('"app:1"]')
        assert stat.S_IMODE(archive.parent.stat().st_mode) == 0o700
    assert not archive.parent.exists()


@pytest.mark.parametrize("name", ["--output=/etc/passwd", "-q", "a b", "a;b", "", "$(id)"])
def test_a_name_that_could_be_an_option_is_refused(name):
    with pytest.raises(InputError, match="not the name"), saved_by_podman(name):
        pass


def test_an_unknown_image_is_not_found(tmp_path):
    program = engine(tmp_path, "sys.exit('Error: nope:1: image not known')")
    with pytest.raises(NotFound, match="podman has no image nope:1"), saved_by_podman("nope:1", program=program):
        pass


def test_an_engine_that_fails_could_not_be_asked(tmp_path):
    program = engine(tmp_path, "sys.exit('Error: database is locked')")
    with pytest.raises(Unavailable, match="database is locked"), saved_by_podman("app", program=program):
        pass


def test_a_missing_engine_is_said(tmp_path):
    with pytest.raises(Unavailable, match="not installed"), saved_by_podman("app", program=str(tmp_path / "none")):
        pass


@pytest.mark.parametrize("save", [saved_by_docker, saved_by_containerd])
def test_a_daemon_that_does_not_answer_could_not_be_asked(tmp_path, save):
    body = "sys.exit('ctr: failed to dial /run/x.sock: Cannot connect to the Docker daemon: connection refused')"
    with pytest.raises(Unavailable, match="cannot be reached"), save("app", program=engine(tmp_path, body)):
        pass


def test_containerd_is_asked_for_the_full_name_and_then_for_the_name_as_it_is(tmp_path):
    body = (
        "name = sys.argv[-1]\nif name != 'app': sys.exit('ctr: image \"' + name + '\": not found')\n"
        "open(sys.argv[3], 'w').write('x')"
    )
    with saved_by_containerd("app", program=engine(tmp_path, body)) as archive:
        assert archive.read_text() == "x"
    with (
        pytest.raises(NotFound, match="containerd has no image other"),
        saved_by_containerd("other", program=engine(tmp_path, body)),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("a/b:1", "docker.io/a/b:1"),
        ("localhost/a", "localhost/a:latest"),
        ("r.example:5000/a@sha256:00", "r.example:5000/a@sha256:00"),
    ],
)
def test_short_names_are_dockers(name, full):
    assert full_name(name) == full


def test_what_docker_saves_is_read_under_the_name_it_was_asked_by(tmp_path, monkeypatch):
    (tmp_path / "image.tar").write_bytes(docker_save((ImageParts([files(a=b"1")]), ["app:1"])))
    (tmp_path / "docker").write_text(f'#!/bin/sh\ncp {tmp_path}/image.tar "$3"\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    subject, tree = read(ArtifactSource("docker", "app:1"))
    assert (subject.name, sorted(tree.entries)) == ("app:1", ["a"])


# --- the cache

BLOB = Digest.of(b"blob")


def cache_of(tmp_path, version="1"):
    return LayerCache(tmp_path / "cache", selection=Chosen(version=version), limits=Limits())


def a_scan():
    return scan(tar_of(member("a", b"1"), member("caf\udce9", b"2")) + b"rest", wanted=everything)


def test_what_was_kept_is_what_comes_back(tmp_path):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) == kept


def test_another_blob_or_another_wish_is_another_entry(tmp_path):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    assert cache_of(tmp_path).load(kept.diff_id, Digest.of(b"other")) is None
    assert cache_of(tmp_path, "2").load(kept.diff_id, BLOB) is None


@pytest.mark.parametrize("position", [0, 9, 60, -1])
def test_a_changed_entry_is_never_trusted_and_written_anew(tmp_path, position):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    [entry] = (tmp_path / "cache" / "layers").iterdir()
    data = bytearray(entry.read_bytes())
    data[position] ^= 1
    entry.write_bytes(bytes(data))
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) is None
    cache_of(tmp_path).save(kept, BLOB)
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) == kept


def test_a_truncated_entry_is_not_trusted(tmp_path):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    [entry] = (tmp_path / "cache" / "layers").iterdir()
    entry.write_bytes(entry.read_bytes()[:20])
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) is None


def test_the_cache_is_its_owners_alone(tmp_path):
    cache_of(tmp_path).save(a_scan(), BLOB)
    folder = tmp_path / "cache" / "layers"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    [entry] = folder.iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702])
def test_a_cache_others_may_write_to_is_refused(tmp_path, mode):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    (tmp_path / "cache" / "layers").chmod(mode)
    with pytest.raises(StorageError, match="others may write"):
        cache_of(tmp_path).save(kept, BLOB)
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) is None


def test_a_cache_of_somebody_else_is_refused_whatever_its_mode(tmp_path, monkeypatch):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    with pytest.raises(StorageError, match="others may write"):
        cache_of(tmp_path).save(kept, BLOB)
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) is None


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o750])
def test_a_cache_others_may_only_read_is_one(tmp_path, mode):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    (tmp_path / "cache" / "layers").chmod(mode)
    cache_of(tmp_path).save(kept, BLOB)
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) == kept


@pytest.mark.parametrize("mode", [0o666, 0o660, 0o620, 0o602])
def test_an_entry_others_may_write_to_is_not_trusted(tmp_path, mode):
    kept = a_scan()
    cache_of(tmp_path).save(kept, BLOB)
    [entry] = (tmp_path / "cache" / "layers").iterdir()
    entry.chmod(mode)
    assert cache_of(tmp_path).load(kept.diff_id, BLOB) is None


def test_the_helper_builds_what_is_guessed_to_be_a_docker_archive(tmp_path):
    (tmp_path / "image.tar").write_bytes(docker_save((ImageParts([files(a=b"")]), ["app:1"])))
    assert parse_source(str(tmp_path / "image.tar")).scheme == "docker-archive"
