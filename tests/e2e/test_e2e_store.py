"""One altered byte in any blob of a store makes `verify` fail, and it says which: a folder, a registry, the catalog."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_e2e_chain import FILES, Run, image, make_archive, make_tar  # noqa: F401  (image is a fixture)


def altered(path: Path, count: int = 4) -> Iterator[int]:
    """Alter one byte at several places in turn; in the end the file is as it was."""
    good = path.read_bytes()
    try:
        for at in sorted({round(part * (len(good) - 1) / (count - 1)) for part in range(count)}):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            yield at
    finally:
        path.write_bytes(good)


def test_a_byte_in_any_blob_of_a_layout(pratique: Run, image: Path) -> None:  # noqa: F811
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1").returncode == 0
    # another image in the same store, which the one that is verified has nothing to do with
    other = make_archive([make_tar({"else": b"where"})], name="other:1", created="2026-01-01T00:00:00Z")
    (image.parent / "other.tar").write_bytes(other)
    assert pratique("ship", "oci-archive:other.tar", "--key", "K", "--to", "oci-dir:out:other").returncode == 0
    assert pratique("verify", "oci-dir:out:1", "--key", "K.pub").returncode == 0
    blobs = sorted((image.parent / "out" / "blobs" / "sha256").iterdir())
    assert len(blobs) == 24  # twice: manifest, configuration, four bundles, their manifests; three layers; the empty one
    for blob in blobs:
        for at in altered(blob):
            done = pratique("verify", "oci-dir:out:1", "--key", "K.pub")
            said = done.stdout + done.stderr
            assert done.returncode in (1, 2), f"{blob.name} at {at}: {said}"
            line = next(line for line in said.splitlines() if blob.name in line)
            assert line.count(blob.name) == 1, line
    assert pratique("verify", "oci-dir:out:1", "--key", "K.pub").returncode == 0


@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
def test_a_byte_in_the_files_that_have_no_digest_never_passes_for_more_than_it_is(
    pratique: Run,
    image: Path,  # noqa: F811
    name: str,
) -> None:
    """They are pointers that nobody signed. Whatever is done to them, what is verified is the same image or nothing."""
    shipped = pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1", "--format", "json")
    digest = json.loads(shipped.stdout)["digest"]
    for at in altered(image.parent / "out" / name, 24):
        done = pratique("verify", "oci-dir:out:1", "--key", "K.pub", "--format", "json")
        if done.returncode == 0:
            assert json.loads(done.stdout)["digest"] == digest, at
        else:
            assert done.returncode in (1, 2), at
            assert "Traceback" not in done.stderr


def test_a_byte_in_any_blob_of_a_registry(pratique: Run, image: Path, registry_store: tuple[str, Path]) -> None:  # noqa: F811
    host, root = registry_store
    place = f"registry:{host}/flip/app:1"
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", place).returncode == 0
    blobs = sorted(root.rglob("data"))
    assert len(blobs) == 14  # manifest, configuration, two layers, four bundles, their manifests, the empty one, the fallback tag
    for blob in blobs:
        for at in altered(blob, 3):
            done = pratique("verify", place, "--key", "K.pub")
            assert done.returncode in (1, 2, 3), f"{blob.parent.name} at {at}: {done.stdout}{done.stderr}"
    assert pratique("verify", place, "--key", "K.pub").returncode == 0


def test_a_byte_in_any_document_of_the_catalog(pratique: Run, image: Path) -> None:  # noqa: F811
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    documents = sorted(path for path in (image.parent / "home" / "catalog" / "documents").rglob("*") if path.is_file())
    assert len(documents) == 5
    for document in documents:
        for at in altered(document, 3):
            done = pratique("verify", "oci-archive:app.tar", "--key", "K.pub")
            assert done.returncode == 1, f"{document.name} at {at}: {done.stdout}{done.stderr}"
            assert document.name in done.stdout
