import shutil
from pathlib import Path

import pytest

from pratique.errors import InputError, LimitExceeded, Malformed, NotFound
from pratique.tuf.notation import read_notation, stores_of

DATA = Path(__file__).resolve().parents[2] / "data" / "notation"


@pytest.fixture
def folder(tmp_path):
    """A configuration folder of notation, with one store."""
    shutil.copy(DATA / "policies" / "trustpolicy.json", tmp_path / "trustpolicy.json")
    store = tmp_path / "truststore" / "x509" / "ca" / "e2e"
    store.mkdir(parents=True)
    shutil.copy(DATA / "lists" / "certchain_with_crl.pem", store / "chain.pem")
    return tmp_path


def test_policy_and_stores_are_read_as_notation_keeps_them(folder):
    tsa = folder / "truststore" / "x509" / "tsa" / "stamp"
    tsa.mkdir(parents=True)
    for name in ("globalsignRoot.cer", "DigiCertTSARootSHA384.cer"):
        shutil.copy(DATA / "timestamps" / name, tsa / name)
    (tsa / "below").mkdir()
    (tsa / "below" / "other.pem").write_text("not read")
    (tsa / "notes.txt").write_text("not read")
    (folder / "truststore" / "x509" / "other").mkdir()
    policy, stores = read_notation(folder)
    assert [statement.name for statement in policy.statements] == ["e2e"]
    assert {name: len(found) for name, found in stores.certificates.items()} == {"ca:e2e": 3, "tsa:stamp": 2}


def test_the_policy_for_images_goes_before_the_older_name(folder):
    shutil.copy(DATA / "policies" / "quickstart.json", folder / "trustpolicy.oci.json")
    assert read_notation(folder)[0].statements[0].name == "wabbit-networks-images"


def test_a_folder_without_a_policy_is_not_notations(tmp_path):
    with pytest.raises(NotFound, match="no trust policy"):
        read_notation(tmp_path)


def test_links_are_refused_wherever_trust_is_read(folder):
    store = folder / "truststore" / "x509" / "ca" / "e2e"
    (store / "link.pem").symlink_to(store / "chain.pem")
    with pytest.raises(InputError, match="a link"):
        read_notation(folder)
    (store / "link.pem").unlink()
    (folder / "truststore" / "x509" / "ca" / "other").symlink_to(store)
    with pytest.raises(InputError, match="a link"):
        read_notation(folder)
    (folder / "truststore" / "x509" / "ca" / "other").unlink()
    (folder / "real.json").write_bytes((folder / "trustpolicy.json").read_bytes())
    (folder / "trustpolicy.json").unlink()
    (folder / "trustpolicy.json").symlink_to(folder / "real.json")
    with pytest.raises(InputError, match="regular file"):
        read_notation(folder)


def test_broken_files_are_named(folder):
    (folder / "truststore" / "x509" / "ca" / "e2e" / "bad.crt").write_text("nothing")
    with pytest.raises(Malformed, match="ca:e2e"):
        read_notation(folder)
    (folder / "trustpolicy.json").write_text("{}")
    with pytest.raises(Malformed, match=r"trustpolicy\.json"):
        read_notation(folder)
    (folder / "trustpolicy.json").write_bytes(b" " * (2 << 20))
    with pytest.raises(LimitExceeded):
        read_notation(folder)


def test_files_that_others_may_not_read_are_said(as_nobody):
    (as_nobody / "trustpolicy.json").write_text("{}")
    (as_nobody / "trustpolicy.json").chmod(0)
    with pytest.raises(InputError, match="cannot be read"):
        read_notation(as_nobody)


def test_carried_files_of_one_name_are_one_store():
    pem = (DATA / "lists" / "certchain_with_crl.pem").read_bytes()
    root = (DATA / "timestamps" / "globalsignRoot.cer").read_bytes()
    stores = stores_of([("ca:acme", pem), ("ca:acme", root), ("tsa:stamp", root)])
    assert {name: len(found) for name, found in stores.certificates.items()} == {"ca:acme": 4, "tsa:stamp": 1}
    with pytest.raises(Malformed, match="ca:none"):
        stores_of([("ca:none", b"")])
