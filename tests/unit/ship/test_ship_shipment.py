"""Shipping, with a fault at every step: whatever failed, the next run ends with the same four bundles, once."""

import json
import os
import shutil
import signal
import sqlite3
import sys
import traceback
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from pratique.app.sources import opened
from pratique.attest.bundle import parse_bundle
from pratique.attest.statement import parse_statement
from pratique.catalog.ledger import Catalog, Transaction, open_catalog
from pratique.errors import Locked, PratiqueError, StorageError, Unavailable
from pratique.keys.file import generate_key, load_signer
from pratique.keys.logged_signer import LoggedSigner
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE
from pratique.registry.layout import Layout, open_layout
from pratique.registry.types import SIGSTORE_BUNDLE
from pratique.ship.shipment import Steps, ship
from pratique.tlog.log import TileLog, create_log
from pratique.tlog.memory import FileMemory
from pratique.tlog.verify import verify_log

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
from test_e2e_chain import FILES, make_archive, make_tar

KINDS = {IMAGE_SIGNATURE, CYCLONEDX, FILE_MANIFEST, SLSA_PROVENANCE}


class Faults:
    """Counts every step that changes something, and fails at one of them: before it, or once it is done."""

    def __init__(self, at: int = 0, *, done: bool = False, kill: bool = False) -> None:
        self.left, self.done, self.kill = at, done, kill
        self.seen: list[str] = []
        self.failed = False

    def step(self, name, act, error):
        self.left -= 1
        now = self.left == 0  # what it does may have steps of its own
        self.seen.append(name)
        if now and not self.done:
            self.fail(error)
        try:
            return act()
        finally:
            if now:
                self.fail(error)

    def fail(self, error):
        if self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.failed = True
        raise error


class Dock:
    """An archive to be shipped into a layout, with a key, a log, a timestamp authority and a catalog."""

    def __init__(self, root: Path, archive: Path, keys: Path) -> None:
        self.root, self.archive, self.keys = root, archive, keys
        self.asked = 0
        self.now = 1_767_225_600
        root.mkdir(exist_ok=True)
        shutil.copytree(keys / "catalog", root / "catalog")  # with its tables: making them is not what is tried here

    def ship(self, faults: Faults | None = None, *, place: str = "out", stamped: bool = True, environ=None):
        faults = faults or Faults()
        self.now += 3600
        signer = load_signer(self.keys / "K", lambda: None)
        log_signer = load_signer(self.keys / "log.key", lambda: None)
        log = create_log(
            self.root / "log",
            origin="log.example",
            public_key=log_signer.public_key.raw,
            sign=log_signer.sign,
            memory=FileMemory((self.root / "seen",)),
        )

        def stamp(signature: bytes) -> bytes:
            self.asked += 1
            return faults.step("timestamp", lambda: b"at %d, answer %d" % (self.now, self.asked), Unavailable("no answer"))

        with ExitStack() as stack:
            found = stack.enter_context(opened(f"oci-archive:{self.archive}", None, None, say=lambda text: None))
            catalog = stack.enter_context(open_catalog(self.root / "catalog"))
            layout = open_layout(self.root / place, create=True)
            stack.enter_context(broken(faults))
            return ship(
                found.artifact,
                logged_signer=LoggedSigner(signer=Pen(signer, faults), log=log, stamp=stamp if stamped else None),
                catalog=catalog,
                destination=layout,
                tag="1",
                name="app",
                environ=environ or {},
                cache=None,
                journals=self.root / "journal",
                clock=lambda: self.now,
                steps=Steps(begin=lambda text: None, progress=lambda done, whole: None),
                bases={},
            )

    def log_something_else(self) -> None:
        log_signer = load_signer(self.keys / "log.key", lambda: None)
        log = create_log(
            self.root / "log",
            origin="log.example",
            public_key=log_signer.public_key.raw,
            sign=log_signer.sign,
            memory=FileMemory((self.root / "seen",)),
        )
        log.append([b"somebody else's entry %d" % log.size])

    def attached(self, place: str = "out") -> dict[str, str]:
        """Predicate type → digest of the bundle, of every referrer; each kind once."""
        layout = open_layout(self.root / place)
        image = layout.resolve("1")
        found = {}
        for row in layout.list_referrers(image, SIGSTORE_BUNDLE):
            blobs = self.root / place / "blobs" / "sha256"
            manifest = json.loads((blobs / row.digest.hex).read_text())
            data = (blobs / manifest["layers"][0]["digest"].removeprefix("sha256:")).read_bytes()
            kind = parse_statement(parse_bundle(data).envelope.payload).predicate_type
            assert kind not in found, f"{kind} is attached twice"
            found[kind] = manifest["layers"][0]["digest"]
        return found

    def check(self, *, others: int) -> None:
        attached = self.attached()
        assert set(attached) == KINDS
        rows = sqlite3.connect(self.root / "catalog" / "catalog.db")
        query = "SELECT predicate_type, document FROM artifact_documents WHERE role = 'bundle'"
        assert dict(rows.execute(query).fetchall()) == attached
        assert rows.execute("SELECT count(*) FROM artifact_documents WHERE role = 'bundle'").fetchone() == (4,)
        key = load_signer(self.keys / "log.key", lambda: None).public_key.raw
        assert verify_log(self.root / "log", public_key=key).size == 4 + others
        assert not [item for item in (self.root / "journal").iterdir() if item.is_dir()]
        documents = self.root / "catalog" / "documents" / "sha256"
        digest = attached[SLSA_PROVENANCE].removeprefix("sha256:")
        signed = parse_bundle((documents / digest[:2] / digest).read_bytes())
        started = parse_statement(signed.envelope.payload).predicate["runDetails"]["metadata"]["startedOn"]
        ((recorded,),) = rows.execute("SELECT started FROM builds").fetchall()
        from pratique.attest.members import as_instant

        assert recorded == as_instant(started, "startedOn")


class Pen:
    """A signer that may fail."""

    def __init__(self, signer, faults: Faults) -> None:
        self._signer, self._faults = signer, faults
        self.public_key = signer.public_key

    def sign(self, message: bytes) -> bytes:
        return self._faults.step("sign", lambda: self._signer.sign(message), Unavailable("the token is gone"))

    def close(self) -> None:
        self._signer.close()


@contextmanager
def broken(faults: Faults):
    """Registry, log, catalog and disk fail when `faults` says so."""
    patch = pytest.MonkeyPatch()

    def breaking(owner, name, error):
        kept = getattr(owner, name)

        def wrapped(*arguments, **options):
            there = name == "mkdir" and os.path.isdir(arguments[0])  # documents whose digests begin alike share a folder
            return faults.step("mkdir again" if there else name, lambda: kept(*arguments, **options), error)

        patch.setattr(owner, name, wrapped)

    for name in ("push_blob", "push_manifest", "push_referrers"):
        breaking(Layout, name, Unavailable("the registry is down"))
    breaking(TileLog, "append", StorageError("cannot write: no space left on device"))
    breaking(Catalog, "transaction", Locked("another process writes to the catalog"))
    full = OSError(28, "No space left on device")
    for name in ("replace", "mkdir", "unlink", "rmdir"):
        breaking(os, name, full)
    for name in ("record_artifact", "record_components", "record_document", "record_build"):
        breaking(Transaction, name, StorageError("cannot write: no space left on device"))
    try:
        yield
    finally:
        patch.undo()


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "app.tar"
    path.write_bytes(make_archive([make_tar(FILES, mode=0o755)], name="app:1.0", created="2026-01-01T00:00:00Z"))
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    generate_key(folder / "K", "ecdsa-p256", None)
    generate_key(folder / "log.key", "ed25519", None)
    open_catalog(folder / "catalog").close()
    return folder


@pytest.fixture
def dock(tmp_path, archive, keys, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    return lambda name="dock": Dock(tmp_path / name, archive, keys)


def steps_of(dock) -> list[str]:
    faults = Faults()
    whole = dock("count")
    whole.ship(faults)
    whole.check(others=0)
    assert whole.asked == 4
    return faults.seen


def test_every_step_that_can_fail_is_among_those_that_are_tried(dock):
    seen = set(steps_of(dock))
    wanted = {"sign", "timestamp", "push_referrers", "append", "transaction", "replace", "mkdir", "rmdir", "record_build"}
    assert wanted <= seen, seen


def of_each_kind(steps: list[str]) -> list[int]:
    """The first and the last step of each kind."""
    return sorted({place for name in steps for place in (steps.index(name) + 1, len(steps) - steps[::-1].index(name))})


@pytest.mark.parametrize("done", [False, True], ids=["before it", "once it is done"])
def test_a_fault_of_any_kind_leaves_four_bundles_once_when_it_is_run_again_after_the_log_moved(dock, done):
    steps = steps_of(dock)
    for number in of_each_kind(steps):
        here = dock(f"{number}")
        faults, said = Faults(number, done=done), ""
        try:
            here.ship(faults)
        except PratiqueError as error:
            said = str(error)
        assert faults.failed
        # A folder that is there after all is no failure, and neither is one that was not made for the first time.
        step = faults.seen[number - 1]
        assert said or step == "mkdir again" or (step == "mkdir" and done), step
        here.log_something_else()
        here.ship()
        here.check(others=1)


def test_killed_at_any_step_it_leaves_four_bundles_once_when_it_is_run_again_after_the_log_moved(dock):
    steps = steps_of(dock)
    # Every change by itself is tried in e2e/test_e2e_kill.py; here the log moves and the authority answers otherwise.
    for number in sorted({*of_each_kind(steps), *range(steps.index("sign"), len(steps), 9)}):
        name = steps[number - 1]
        here = dock(f"{number}")
        child = os.fork()
        if child == 0:
            try:
                here.ship(Faults(number, done=True, kill=True))
            except BaseException:
                traceback.print_exc()
            os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, name
        here.asked = 100  # the authority answers with another time
        here.log_something_else()
        here.ship()
        here.check(others=1)


def test_two_faults_in_a_row_change_nothing_either(dock):
    steps = steps_of(dock)
    for number in range(steps.index("sign"), len(steps) + 1, 21):
        here = dock(f"{number}")
        for at in (number, 5, number // 2 + 1):
            with suppress(PratiqueError):  # a later run has fewer steps, and may be finished
                here.ship(Faults(at, done=True))
            here.log_something_else()
        here.ship()
        here.check(others=3)


def test_what_was_attached_before_another_destination_was_served_is_not_attached_a_second_time(dock):
    here = dock()
    steps = steps_of(dock)
    at = len(steps) - steps[::-1].index("push_referrers")
    with pytest.raises(Unavailable):
        here.ship(Faults(at, done=True))
    here.ship(place="elsewhere")
    here.ship()
    assert set(here.attached()) == KINDS
    assert set(here.attached("elsewhere")) == KINDS


def test_a_build_of_the_first_second_of_1970_is_recorded_as_of_then_when_it_is_run_again_later(dock):
    here = dock()
    here.now = -3600  # an hour passes before each shipment
    with pytest.raises(StorageError):
        here.ship(Faults(steps_of(dock).index("record_build") + 1))
    here.ship()
    here.check(others=0)


def test_a_build_that_was_killed_last_week_is_not_this_one(dock):
    here = dock()
    steps = steps_of(dock)
    at = steps.index("append") + 1
    with pytest.raises(StorageError):
        here.ship(Faults(at), environ={"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1", "GITHUB_REPOSITORY": "a/b"})
    shipped = here.ship(environ={"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "2", "GITHUB_REPOSITORY": "a/b"})
    payload = parse_bundle(shipped.bundles[SLSA_PROVENANCE].data).envelope.payload
    assert b'"2"' in payload or b"/runs/2" in payload
    here.check(others=0)


def test_a_timestamp_that_is_asked_for_later_is_added_to_what_was_signed(dock):
    here = dock()
    plain = here.ship(stamped=False)
    assert here.ship(stamped=False).reused
    stamped = here.ship(stamped=True)
    assert not stamped.reused
    for kind in KINDS:
        assert parse_bundle(stamped.bundles[kind].data).timestamps
        assert not parse_bundle(plain.bundles[kind].data).timestamps
    again = here.ship(stamped=True)
    assert again.reused and again.bundles == stamped.bundles
