"""Saying again by a new key what an old one said, with a fault at every step: run again, everything is said once by each."""

import os
import signal
import sqlite3
import sys
import traceback
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "ship"))
from test_ship_shipment import KINDS, Dock, Faults, Pen, archive, broken, of_each_kind

from pratique.app.countersign import countersign
from pratique.attest.bundle import parse_bundle
from pratique.attest.statement import parse_statement
from pratique.catalog.ledger import open_catalog
from pratique.errors import PratiqueError
from pratique.evidence.trust_anchors import TrustAnchors
from pratique.keys.file import generate_key, load_signer
from pratique.keys.logged_signer import LoggedSigner
from pratique.model import Cause
from pratique.registry.layout import open_layout
from pratique.registry.types import SIGSTORE_BUNDLE
from pratique.tlog.log import create_log
from pratique.tlog.memory import FileMemory
from pratique.tlog.verify import verify_log
from pratique.trust import Authorities, Authority, Grant, Key, Lifetime, Scope, Threshold, Trust

__all__ = ["archive"]  # a fixture


class Harbour(Dock):
    """A dock from which an archive was shipped by the key K; the key N is to say the same."""

    def countersign(self, faults: Faults | None = None, *, lifetime: Lifetime | None = None, thresholds=(), about="*"):
        faults = faults or Faults()
        self.now += 3600
        old, log_signer = (load_signer(self.keys / name, lambda: None) for name in ("K", "log.key"))
        pen = Pen(load_signer(self.keys / "N", lambda: None), faults)
        memory = FileMemory((self.root / "seen",))
        log = create_log(
            self.root / "log",
            origin="log.example",
            public_key=log_signer.public_key.raw,
            sign=log_signer.sign,
            memory=memory,
        )
        grants = (Grant(predicates=frozenset(KINDS), scopes=(Scope.parse(about),)),)
        keys = (Key(keyid=old.public_key.keyid, lifetime=lifetime or Lifetime()), Key(keyid=pen.public_key.keyid))
        one = Authority(name="release", signers=keys, grants=grants)
        other = Authority(name="other", signers=(Key(keyid="0" * 64),), grants=grants)
        trust = Trust(name="acme", authorities=Authorities((one, other)), thresholds=thresholds)
        anchors = TrustAnchors(
            keys={key.keyid: key for key in (old.public_key, pen.public_key)}, authorities=trust.authorities, trust=trust
        )
        with ExitStack() as stack:
            catalog = stack.enter_context(open_catalog(self.root / "catalog"))
            stack.enter_context(broken(faults))
            return countersign(
                catalog,
                old.public_key,
                LoggedSigner(signer=pen, log=log),
                anchors=anchors,
                trust=replace(trust, thresholds=()),
                journals=self.root / "journal",
                clock=lambda: self.now,
            )

    def said(self) -> list[str]:
        """The kinds of all bundles beside the image."""
        layout = open_layout(self.root / "out")
        rows = layout.list_referrers(layout.resolve("1"), SIGSTORE_BUNDLE)
        data = [layout.fetch_blob(layout.fetch_manifest(row.digest).layers[0], limit=1 << 20) for row in rows]
        return sorted(parse_statement(parse_bundle(item).envelope.payload).predicate_type for item in data)

    def check_both(self, *, others: int = 0) -> None:
        assert self.said() == sorted([*KINDS, *KINDS])
        rows = sqlite3.connect(self.root / "catalog" / "catalog.db")
        assert rows.execute("SELECT count(*) FROM artifact_documents WHERE role = 'bundle'").fetchone() == (8,)
        key = load_signer(self.keys / "log.key", lambda: None).public_key.raw
        assert verify_log(self.root / "log", public_key=key).size == 8 + others
        assert not list((self.root / "journal").glob("said-*"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("K", "N"):
        generate_key(folder / name, "ecdsa-p256", None)
    generate_key(folder / "log.key", "ed25519", None)
    open_catalog(folder / "catalog").close()
    return folder


@pytest.fixture
def harbour(tmp_path, archive, keys, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.chdir(tmp_path)

    def make(name="harbour") -> Harbour:
        made = Harbour(tmp_path / name, archive, keys)
        made.ship(stamped=False)
        return made

    return make


@pytest.fixture
def steps(harbour) -> list[str]:
    faults = Faults()
    whole = harbour("count")
    done = whole.countersign(faults)
    assert (len(done.said), done.left) == (4, ())
    whole.check_both()
    return faults.seen


@pytest.mark.parametrize("done", [False, True], ids=["before it", "once it is done"])
def test_a_fault_at_any_step_is_named_and_the_next_run_says_what_is_missing_once(harbour, steps, done):
    assert {"sign", "append", "transaction", "push_blob", "push_referrers", "record_document", "replace"} <= set(steps)
    for number in of_each_kind(steps):
        here = harbour(f"{number}")
        faults = Faults(number, done=done)
        with suppress(PratiqueError):
            found = here.countersign(faults)
            # A folder that is there after all is no failure.
            assert found.left or steps[number - 1].startswith("mkdir") or not faults.failed, steps[number - 1]
            assert all(item.name and item.what and item.why for item in found.left)
        here.log_something_else()
        again = here.countersign()
        assert (len(again.said), again.left) == (4, ()), steps[number - 1]
        here.check_both(others=1)


def test_killed_at_any_step_nothing_is_signed_twice(harbour, steps):
    for number in of_each_kind(steps):
        here = harbour(f"{number}")
        child = os.fork()
        if child == 0:
            try:
                here.countersign(Faults(number, done=True, kill=True))
            except BaseException:
                traceback.print_exc()
            os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, steps[number - 1]
        here.countersign()
        here.check_both()


def test_a_second_run_signs_nothing(harbour):
    here = harbour()
    here.countersign()
    faults = Faults()
    again = here.countersign(faults)
    assert all(item.reused for item in again.said) and "sign" not in faults.seen
    here.check_both()


@pytest.mark.parametrize(
    ("options", "cause", "words"),
    [
        ({"lifetime": Lifetime(retired_at=1_700_000_000)}, Cause.EXPIRED, "retired"),
        ({"lifetime": Lifetime(compromised_at=1_700_000_000)}, Cause.REVOKED, "compromised"),
        ({"about": "registry.example.com/other"}, Cause.UNTRUSTED, "may not say"),
    ],
)
def test_what_does_not_count_now_is_named_and_not_said_again(harbour, options, cause, words):
    here = harbour()
    found = here.countersign(**options)
    assert (found.said, found.left) == ((), ()) and {item.cause for item in found.uncounted} == {cause}
    assert len(found.uncounted) == 4 and all(words in item.why and item.name == "app" for item in found.uncounted)
    assert here.said() == sorted(KINDS)


def test_a_threshold_is_no_reason_to_let_a_voice_fall(harbour):
    rule = Threshold(predicates=frozenset(KINDS), scopes=(Scope.parse("*"),), count=2)
    assert len(harbour().countersign(thresholds=(rule,)).said) == 4


def test_a_document_that_was_damaged_is_named_and_the_others_are_said_again(harbour):
    here = harbour()
    rows = sqlite3.connect(here.root / "catalog" / "catalog.db")
    (digest,) = rows.execute("SELECT document FROM artifact_documents WHERE predicate_type LIKE '%cosign%'").fetchone()
    path = here.root / "catalog/documents/sha256" / digest[7:9] / digest[7:]
    path.chmod(0o600)
    path.write_bytes(b"{}")
    found = here.countersign()
    assert len(found.said) == 3
    assert [(item.what, item.cause) for item in found.left] == [("signature", Cause.INVALID)]


def test_an_artifact_whose_place_is_gone_is_said_again_in_the_catalog(harbour):
    import shutil

    here = harbour()
    shutil.rmtree(here.root / "out")
    found = here.countersign()
    assert len(found.said) == 4 and found.left == () and all(item.places == () for item in found.said)
