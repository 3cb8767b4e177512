"""What `attest --replace` took away stays away: neither repair, export nor catalog brings it back, until it is said again."""

import json
import shutil
import sqlite3

import pytest
from test_e2e_index import digest_of, here, index, part
from test_e2e_index import write_layout as lay

__all__ = ["here", "index"]  # fixtures
REVIEW = "https://example.org/review/v1"
IMAGE = part("amd64")


@pytest.fixture
def place(tmp_path):
    from artifact_builders import OCI_MANIFEST

    lay(tmp_path / "one", IMAGE.manifest, OCI_MANIFEST, IMAGE.blobs())
    return "oci-dir:one"


@pytest.fixture
def attest(here, tmp_path, place):
    def state(result, *more, key="K"):
        (tmp_path / "predicate.json").write_text(json.dumps({"result": result}))
        code, _, err = here("attest", place, "--type", REVIEW, "--predicate", "predicate.json", "--key", key, *more)
        assert code == 0, err

    return state


def results(here, source, *more):
    """What verifies about the image, of the review's type: the results stated."""
    code, out, err = here("verify", source, "--key", "K.pub", "--require", REVIEW, "--format", "json", *more)
    assert code in (0, 1), err
    return code, len([row for row in json.loads(out)["answers"] if row.get("predicate_type") == REVIEW])


def forget(tmp_path):
    """The place loses all evidence, as a registry that collects garbage does."""
    from artifact_builders import OCI_MANIFEST

    shutil.rmtree(tmp_path / "one")
    lay(tmp_path / "one", IMAGE.manifest, OCI_MANIFEST, IMAGE.blobs())


@pytest.mark.parametrize("form", ["bundle", "cosign"])
def test_repair_does_not_bring_back_what_was_replaced(here, attest, place, tmp_path, form):
    attest("bad", "--form", form)
    attest("good", "--replace", "--form", form)
    out = json.loads(here("verify", place, "--key", "K.pub", "--require", REVIEW, "--repair", "--format", "json")[1])
    assert len(out["restored"]) == (0 if form == "bundle" else 1)  # a cosign tag is no bundle of its own
    assert results(here, place)[0] == 0
    forget(tmp_path)
    out = json.loads(here("verify", place, "--key", "K.pub", "--require", REVIEW, "--repair", "--format", "json")[1])
    assert out["restored"] == [REVIEW]
    assert results(here, place) == (0, 1)


def test_export_does_not_bring_it_back_either(here, attest, place, tmp_path):
    attest("bad")
    attest("good", "--replace")
    forget(tmp_path)
    code, out, err = here("bundle", "export", place, "-o", "out.tar", "--key", "K.pub", "--format", "json")
    assert code == 0 and json.loads(out)["said"] == 1, err


def test_the_catalog_alone_does_not_count_it_and_trace_says_what_became_of_it(here, attest):
    attest("bad")
    attest("good", "--replace")
    digest = digest_of(IMAGE.manifest)
    assert results(here, digest) == (0, 1)
    told = json.loads(here("trace", digest, "--key", "K.pub", "--format", "json")[1])["evidence"]
    states = sorted(row["state"] for row in told)
    assert states == ["superseded", "verified"]
    assert "superseded, not verified" in here("trace", digest)[1]


def test_what_is_stated_again_stands_again(here, attest, place, tmp_path):
    attest("bad")
    attest("good", "--replace")
    attest("bad", "--replace")
    forget(tmp_path)
    here("verify", place, "--key", "K.pub", "--require", REVIEW, "--repair")
    assert results(here, place) == (0, 1)
    rows = sqlite3.connect(tmp_path / "home/catalog/catalog.db")
    assert rows.execute("SELECT count(*) FROM artifact_documents WHERE role = 'superseded'").fetchone() == (1,)
    assert rows.execute("SELECT count(*) FROM artifact_documents WHERE role = 'bundle'").fetchone() == (2,)


def test_what_another_key_or_type_stated_is_not_marked(here, attest, place, tmp_path):
    assert here("key", "generate", "--algorithm", "ecdsa-p256", "-o", "L")[0] == 0
    attest("theirs", key="L")
    attest("bad")
    attest("good", "--replace")
    rows = sqlite3.connect(tmp_path / "home/catalog/catalog.db")
    assert rows.execute("SELECT count(*) FROM artifact_documents WHERE role = 'superseded'").fetchone() == (1,)
    forget(tmp_path)
    out = json.loads(
        here("verify", place, "--key", "K.pub", "--key", "L.pub", "--require", REVIEW, "--repair", "--format", "json")[1]
    )
    assert out["restored"] == [REVIEW, REVIEW]


def test_without_replace_both_stay(here, attest, place, tmp_path):
    attest("bad")
    attest("good")
    forget(tmp_path)
    here("verify", place, "--key", "K.pub", "--require", REVIEW, "--repair")
    assert results(here, place) == (0, 2)
