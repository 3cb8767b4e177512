"""Shipping an index, with a fault at every step: the next run ends with each statement once, the index's own too."""

import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from test_ship_shipment import KINDS, Faults, Pen, broken, of_each_kind

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "artifact"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
from artifact_builders import OCI_INDEX, write_layout
from test_e2e_index import AMD_IMAGE, ARM_IMAGE, INDEX, digest_of

from pratique.app.sources import opened_all
from pratique.attest.bundle import parse_bundle
from pratique.attest.statement import parse_statement
from pratique.catalog.ledger import open_catalog
from pratique.errors import PratiqueError, Unavailable
from pratique.keys.file import generate_key, load_signer
from pratique.keys.logged_signer import LoggedSigner
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.layout import open_layout
from pratique.registry.types import SIGSTORE_BUNDLE
from pratique.ship.index import IndexedImage, ship_index
from pratique.ship.shipment import Steps, ship
from pratique.tlog.log import create_log
from pratique.tlog.memory import FileMemory
from pratique.tlog.verify import verify_log

QUIET = Steps(begin=lambda text: None, progress=lambda done, whole: None)


class Pier:
    """An index of two images to be shipped into a layout, with a key, a log, a timestamp authority and a catalog."""

    def __init__(self, root: Path, source: Path, keys: Path) -> None:
        self.root, self.source, self.keys, self.asked, self.now = root, source, keys, 0, 1_767_225_600
        root.mkdir()
        shutil.copytree(keys / "catalog", root / "catalog")

    def log(self):
        key = load_signer(self.keys / "log.key", lambda: None)
        memory = FileMemory((self.root / "seen",))
        return create_log(self.root / "log", origin="log.example", public_key=key.public_key.raw, sign=key.sign, memory=memory)

    def ship(self, faults: Faults | None = None):
        faults = faults or Faults()
        self.now += 3600

        def stamp(signature: bytes) -> bytes:
            self.asked += 1
            return faults.step("timestamp", lambda: b"at %d, answer %d" % (self.now, self.asked), Unavailable("no answer"))

        with ExitStack() as stack:
            every = stack.enter_context(opened_all(f"oci-dir:{self.source}", None, say=lambda text: None))
            catalog = stack.enter_context(open_catalog(self.root / "catalog"))
            layout = open_layout(self.root / "out", create=True)
            pen = Pen(load_signer(self.keys / "K", lambda: None), faults)
            shared = {
                "logged_signer": LoggedSigner(signer=pen, log=self.log(), stamp=stamp),
                "catalog": catalog,
                "destination": layout,
                "name": "app",
                "journals": self.root / "journal",
                "clock": lambda: self.now,
                "steps": QUIET,
            }
            stack.enter_context(broken(faults))
            return ship_index(
                every[0].indexes[0],
                [
                    IndexedImage(platform=one.platform, digest=one.target.digest, unreadable=one.unreadable, load=one.load)
                    for one in every
                ],
                source=every[0].repository,
                ship_one=lambda artifact: ship(artifact, tag=None, environ={}, cache=None, bases={}, **shared),
                tag="1",
                **shared,
            )

    def check(self, *, others: int) -> None:
        layout = open_layout(self.root / "out")
        assert layout.resolve("1") == digest_of(INDEX)
        said = {}
        for subject in map(digest_of, (INDEX, AMD_IMAGE.manifest, ARM_IMAGE.manifest)):
            for row in layout.list_referrers(subject, SIGSTORE_BUNDLE):
                blob = layout.fetch_manifest(row.digest).layers[0]
                kind = parse_statement(parse_bundle(layout.fetch_blob(blob, limit=1 << 20)).envelope.payload).predicate_type
                assert (subject, kind) not in said, f"{kind} is attached twice"
                said[subject, kind] = str(blob.digest)
        assert {kind for subject, kind in said if subject == digest_of(INDEX)} == {IMAGE_SIGNATURE}
        for image in (AMD_IMAGE, ARM_IMAGE):
            assert {kind for subject, kind in said if subject == digest_of(image.manifest)} == KINDS
        rows = sqlite3.connect(self.root / "catalog" / "catalog.db")
        recorded = [row for (row,) in rows.execute("SELECT document FROM artifact_documents WHERE role = 'bundle'")]
        assert sorted(recorded) == sorted(said.values())
        key = load_signer(self.keys / "log.key", lambda: None).public_key.raw
        assert verify_log(self.root / "log", public_key=key).size == len(said) + others
        left = [item.name for item in (self.root / "journal").iterdir() if not item.name.endswith(".lock")]
        assert left == []


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("source") / "app"
    images = [AMD_IMAGE, ARM_IMAGE]
    from test_e2e_index import ATTESTATION

    write_layout(path, INDEX, OCI_INDEX, {key: data for one in (*images, ATTESTATION) for key, data in one.blobs().items()})
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    generate_key(folder / "K", "ecdsa-p256", None)
    generate_key(folder / "log.key", "ed25519", None)
    open_catalog(folder / "catalog").close()
    return folder


@pytest.fixture
def pier(tmp_path, source, keys, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return lambda name="pier": Pier(tmp_path / name, source, keys)


@pytest.fixture
def steps(pier) -> list[str]:
    faults = Faults()
    whole = pier("count")
    whole.ship(faults)
    whole.check(others=0)
    return faults.seen


def of_the_index(steps: list[str]) -> list[int]:
    """Of the steps after the last image stood in the catalog, those about the index, the first and the last of each kind."""
    before = len(steps) - steps[::-1].index("record_build")
    return [before + number for number in of_each_kind(steps[before:])]


@pytest.mark.parametrize("done", [False, True], ids=["before it", "once it is done"])
def test_a_fault_at_any_step_of_signing_the_index_leaves_each_statement_once_when_it_is_run_again(pier, steps, done):
    assert {"sign", "timestamp", "append", "transaction", "push_referrers", "push_manifest"} <= {
        steps[number - 1] for number in of_the_index(steps)
    }
    for number in of_the_index(steps):
        here = pier(f"{number}")
        faults = Faults(number, done=done)
        with suppress(PratiqueError):
            here.ship(faults)
        assert faults.failed, steps[number - 1]
        here.asked = 100  # the authority answers with another time
        other = here.log()
        other.append([b"somebody else's entry %d" % other.size])
        here.ship()
        here.check(others=1)


def test_killed_at_any_step_of_signing_the_index_nothing_is_signed_twice(pier, steps):
    for number in of_the_index(steps):
        here = pier(f"{number}")
        child = os.fork()
        if child == 0:
            try:
                here.ship(Faults(number, done=True, kill=True))
            except BaseException:
                traceback.print_exc()
            os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, steps[number - 1]
        here.asked = 100
        here.ship()
        here.check(others=0)


def test_a_fault_of_any_kind_before_the_index_is_signed_leaves_each_statement_once(pier, steps):
    for number in of_each_kind(steps)[::3]:
        here = pier(f"{number}")
        with suppress(PratiqueError):
            here.ship(Faults(number, done=True))
        here.ship()
        here.check(others=0)


def test_a_journalled_signature_that_was_damaged_is_made_anew(pier, steps):
    at = next(number for number in of_the_index(steps) if steps[number - 1] == "append")
    here = pier()
    with pytest.raises(PratiqueError):
        here.ship(Faults(at))
    (kept,) = (here.root / "journal").glob("said-*.envelope.json")
    document = json.loads(kept.read_text())
    document["signatures"][0]["sig"] = "AAAA"
    kept.write_text(json.dumps(document))
    here.ship()
    here.check(others=0)
