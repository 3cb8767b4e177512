import pytest

from pratique.catalog.documents import DocumentStore
from pratique.errors import DigestMismatch, NotFound
from pratique.model import Digest


def test_a_document_is_kept_under_its_digest_and_comes_back(tmp_path):
    store = DocumentStore(tmp_path / "documents")
    digest = store.put(b"hello")
    assert digest == Digest.of(b"hello")
    assert store.get(digest) == b"hello"
    assert store.path_of(digest) == tmp_path / "documents" / "sha256" / digest.hex[:2] / digest.hex
    before = store.path_of(digest).stat().st_ino
    assert store.put(b"hello") == digest
    assert store.path_of(digest).stat().st_ino == before
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest.hex]


def test_one_altered_byte_is_found_and_the_file_named(tmp_path):
    store = DocumentStore(tmp_path)
    digest = store.put(b"hello")
    store.path_of(digest).write_bytes(b"hallo")
    with pytest.raises(DigestMismatch) as caught:
        store.get(digest)
    assert caught.value.where == str(store.path_of(digest))
    store.put(b"hello")  # request it again mends it
    assert store.get(digest) == b"hello"


def test_a_document_that_is_not_there_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        DocumentStore(tmp_path).get(Digest.of(b"x"))
    with pytest.raises(NotFound, match="SHA-256"):
        DocumentStore(tmp_path).get(Digest.parse("sha512:" + "0" * 128))
