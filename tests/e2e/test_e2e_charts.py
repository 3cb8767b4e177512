"""Helm charts: pushed and pulled as Helm does, and their provenance as evidence, in a registry and as a file."""

import gzip
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest
from test_e2e_index import OCI_MANIFEST, digest_of, here

from pratique.registry.layout import open_layout

__all__ = ["here"]  # the fixture

DATA = Path(__file__).resolve().parents[1] / "data" / "helm-prov"
NAME = "hashtest-1.2.3.tgz"
KEYRING = ("--keyring", "keyring")


@pytest.fixture
def chart(here, tmp_path):
    """Helm's own test chart with its provenance, signed by Helm's test key, in the test's folder."""
    for name in (NAME, f"{NAME}.prov"):
        shutil.copy(DATA / name, tmp_path / name)
    shutil.copy(DATA / "helm-test-key.pub", tmp_path / "keyring")
    return tmp_path / NAME


def test_a_chart_s_provenance_counts_by_whatever_scheme_it_is_named(here, chart):
    for scheme in ("", "file:", "chart:"):
        code, out, err = here("verify", f"{scheme}{NAME}", *KEYRING)
        assert code == 0, out + err
        assert "Helm provenance" in out


def test_a_chart_that_another_packer_packed_is_a_chart(here, tmp_path):
    def packed(*members):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return gzip.compress(out.getvalue())

    chart = b"apiVersion: v2\nname: a\nversion: 1.0.0\n"
    (tmp_path / "a.tgz").write_bytes(packed(("a/values.yaml", b"x: 1\n"), ("a/templates/b.yaml", b""), ("./a/Chart.yaml", chart)))
    (tmp_path / "b.tgz").write_bytes(packed(("a/values.yaml", b"x: 1\n"), ("a/deeper/Chart.yaml", chart)))
    assert "as chart:a.tgz" in here("sign", "a.tgz", "--key", "K")[2]
    assert "as file:b.tgz" in here("sign", "b.tgz", "--key", "K")[2]


def test_a_chart_is_pushed_and_pulled_with_its_provenance_which_counts_there(here, chart, tmp_path):
    code, out, err = here("push", NAME, "oci-dir:charts", "--format", "json")
    assert code == 0, err
    pushed = json.loads(out)
    assert pushed["archive"] == digest_of(chart.read_bytes()) and pushed["signed"]
    code, out, err = here("verify", "oci-dir:charts:1.2.3", *KEYRING)
    assert code == 0, out + err
    assert "as Helm provenance" in out
    (tmp_path / "pulled").mkdir()
    assert here("pull", "oci-dir:charts:1.2.3", "-o", "pulled")[0] == 0
    for name in (NAME, f"{NAME}.prov"):
        assert (tmp_path / "pulled" / name).read_bytes() == (DATA / name).read_bytes()
    (tmp_path / "pulled" / NAME).write_bytes(b"another")
    assert here("pull", "oci-dir:charts:1.2.3", "-o", "pulled")[0] == 2
    assert here("pull", "oci-dir:charts:1.2.3", "-o", "pulled", "--replace")[0] == 0
    assert here("verify", "oci-dir:charts:1.2.3", "--key", "K.pub")[0] == 1  # nobody believes the OpenPGP key
    assert here("sign", "oci-dir:charts:1.2.3", "--key", "K")[0] == 0


def rewritten(tmp_path, change):
    """The pushed chart with another manifest: `change` gets the document and pushes blobs of its own."""
    store = open_layout(tmp_path / "charts")
    document = json.loads(store.fetch_manifest("1.2.3").data)

    def blob(media_type, data):
        store.push_blob(digest_of(data), len(data), [data])
        return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}

    change(document, blob)
    store.push_manifest(json.dumps(document).encode(), OCI_MANIFEST, "other")


def other_archive(document, blob):
    data = (DATA / NAME).read_bytes()
    document["layers"][0] = blob(document["layers"][0]["mediaType"], gzip.compress(gzip.decompress(data), mtime=1))


def other_provenance(document, blob):
    data = (DATA / f"{NAME}.prov").read_bytes().replace(b"Test chart", b"Best chart").replace(b"description: ", b"description: x")
    document["layers"][1] = blob(document["layers"][1]["mediaType"], data)


def two_archives(document, blob):
    document["layers"].append(blob(document["layers"][0]["mediaType"], b"\x1f\x8b"))


def something_beside(document, blob):
    document["layers"].append(blob("application/x.payload", b"anything"))


@pytest.mark.parametrize("change", [other_archive, other_provenance, two_archives, something_beside])
def test_a_provenance_layer_counts_for_nothing_but_the_archive_that_it_signs(here, chart, tmp_path, change):
    assert here("push", NAME, "oci-dir:charts")[0] == 0
    rewritten(tmp_path, change)
    code, out, _ = here("verify", "oci-dir:charts:other", *KEYRING)
    assert code == 1, out


def test_a_chart_whose_name_would_leave_the_folder_is_not_written(here, tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        data = b"apiVersion: v2\nname: ../../up\nversion: 1.0.0\n"
        info = tarfile.TarInfo("up/Chart.yaml")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    (tmp_path / "up.tgz").write_bytes(gzip.compress(out.getvalue()))
    assert here("push", "up.tgz", "oci-dir:charts")[0] == 2


def test_a_chart_goes_to_a_registry_and_what_was_pushed_is_signed_shown_and_verified(here, chart, registry, tmp_path):
    place = f"registry:{registry}/{tmp_path.name.lower()}/hashtest"
    assert here("push", NAME, place)[0] == 0
    assert here("sign", f"{place}:1.2.3", "--key", "K")[0] == 0
    code, out, _ = here("verify", f"{place}:1.2.3", "--key", "K.pub", *KEYRING)
    assert code == 0 and "not opened" in out
    code, out, _ = here("tree", f"{place}:1.2.3")
    assert code == 0 and "sigstore.bundle" in out and "not verified" in out
    assert here("pull", f"{place}:1.2.3", "-o", ".")[0] == 0
    assert here("pull", f"{place}:1.2.4", "-o", ".")[0] == 2
