"""`sign` and `attest`, interrupted between key, log and catalog: the same command again signs and logs nothing twice."""

import os
import signal
import traceback

import pytest
from test_ship_shipment import Faults, Pen, broken, of_each_kind
from test_ship_sign import Shop

from pratique.errors import PratiqueError
from pratique.tlog.verify import verify_log


@pytest.fixture
def shops(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    made = []

    def make(name) -> Shop:
        made.append(Shop(tmp_path / name))
        return made[-1]

    yield make
    for shop in made:
        shop.catalog.close()


def sign(shop, faults=None):
    faults = faults or Faults()
    with broken(faults):
        return shop.sign_and_publish(shop.images, signer=Pen(shop.signer, faults))


@pytest.fixture
def steps(shops):
    faults = Faults()
    shop = shops("count")
    sign(shop, faults)
    check(shop)
    return faults.seen


def check(shop):
    assert shop.published() == (2, 0, 2, 2)
    key = shop.log.public_key
    assert verify_log(shop.root / "log", public_key=key).size == 2
    assert not list((shop.root / "journal").iterdir())


@pytest.mark.parametrize("done", [False, True], ids=["before it", "once it is done"])
def test_a_fault_at_any_step_and_the_same_command_again_leave_one_entry_for_each(shops, steps, done):
    assert {"sign", "append", "transaction", "record_document", "push_referrers"} <= set(steps)
    for number in of_each_kind(steps):
        shop = shops(f"{number}")
        try:
            sign(shop, Faults(number, done=done))
        except PratiqueError:
            sign(shop)
        check(shop)


def test_killed_at_any_step_and_begun_again_it_leaves_one_entry_for_each(shops, steps):
    for number in of_each_kind(steps):
        shop = shops(f"{number}")
        child = os.fork()
        if child == 0:
            try:
                sign(shop, Faults(number, done=True, kill=True))
            except BaseException:
                traceback.print_exc()
            os._exit(99)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, steps[number - 1]
        sign(shop)
        check(shop)


def test_manifests_that_could_not_be_written_are_signed_once_when_they_are_signed_again(tmp_path, monkeypatch, capsys):
    import json

    import pratique.files
    from pratique.cli.main import run
    from pratique.errors import StorageError

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
    assert run(["key", "generate", "-o", "K", "--no-passphrase"]) == 0
    command = ["sign", "manifests:a.yaml", "manifests:b.yaml", "--key", "K", "--form", "annotation"]
    write = pratique.files.write_atomic

    def full(path, data, **options):
        if path.name == "b.yaml":
            raise StorageError("no space left on device", where=str(path))
        write(path, data, **options)

    with monkeypatch.context() as patch:
        patch.setattr(pratique.files, "write_atomic", full)
        assert run(command) == 4
    assert run(command) == 0
    capsys.readouterr()
    assert run(["log", "verify", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == 2
    assert run(["verify", "manifests:b.yaml", "--key", "K.pub"]) == 0
    assert not [path for path in (tmp_path / "home/journal").iterdir() if path.name.startswith("said-")]
