"""Entries of our log, verified by cosign: with `log trusted-root`, and by nothing that is another log's."""

import json
import re
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from peer_programs import ROOT, Peers, Pratique, missing, peers_folder

LOGGED = ("p256", "p384", "rsa2048", "rsa3072")


@pytest.fixture
def machine(pratique: Pratique, tmp_path: Path) -> Pratique:
    """A machine of its own, so that its log can be moved."""
    return pratique.at(tmp_path / "machine")


def root_of(machine: Pratique, *options: str | Path) -> Path:
    """The trusted root that our log prints."""
    path = machine.home / f"root-{uuid.uuid4().hex[:8]}.json"
    machine("log", "trusted-root", "-o", path, *options).ok()
    return path


def checked(peers: Peers, image, key: Path, root: Path, kind: str = ""):
    # cosign takes SHA-256 for every key that it is given, and P-384 signs with SHA-384.
    digest = ("--signature-digest-algorithm", "sha384") if kind == "p384" else ()
    return peers.cosign("verify", "--key", key, "--trusted-root", root, *digest, "--allow-http-registry", image.theirs)


@pytest.mark.parametrize("kind", LOGGED)
@pytest.mark.parametrize("command", ["sign", "ship"])
def test_cosign_verifies_the_entry_in_our_log_and_refuses_another_log_s(peers, machine, artifact, keypair, kind, command):
    image, key, stranger = artifact("image", "spec"), keypair(kind), keypair(kind, "stranger")
    machine(command, image.ours, "--key", key.ours.reference, **key.ours.environ).ok()
    root = root_of(machine)
    done = checked(peers, image, key.public, root, kind).ok()
    assert "Existence of the claims in the transparency log was verified offline" in done.out + done.err
    assert checked(peers, image, stranger.public, root, kind).code != 0
    document = json.loads(root.read_text())
    for change in ("key", "name", "nothing"):
        other = json.loads(root.read_text())
        if change == "key":
            raw = other["tlogs"][0]["publicKey"]["rawBytes"]
            other["tlogs"][0]["publicKey"]["rawBytes"] = raw[:-6] + ("A" if raw[-6] != "A" else "B") + raw[-5:]
        elif change == "name":
            other["tlogs"][0]["baseUrl"] = "https://another.example"
        else:
            other["tlogs"] = []
        assert other != document
        root.write_text(json.dumps(other))
        assert checked(peers, image, key.public, root, kind).code != 0, change


def test_cosign_verifies_a_file_s_statement_in_our_log(peers, machine, keypair, tmp_path):
    key = keypair("p256")
    (tmp_path / "a.bin").write_text(uuid.uuid4().hex)
    machine("sign", f"file:{tmp_path}/a.bin", "--key", key.ours.reference, "--file", **key.ours.environ).ok()
    arguments = ("--key", key.public, "--trusted-root", root_of(machine), "--bundle", tmp_path / "a.bin.sigstore.json")
    kind = ("--type", "https://sigstore.dev/cosign/sign/v1")
    peers.cosign("verify-blob-attestation", *arguments, *kind, tmp_path / "a.bin").ok()
    (tmp_path / "a.bin").write_text("altered")
    assert peers.cosign("verify-blob-attestation", *arguments, *kind, tmp_path / "a.bin").code != 0


def test_what_an_older_log_held_is_verified_once_the_log_has_moved_and_it_is_signed_again(peers, machine, artifact, keypair):
    image, key = artifact("image", "spec"), keypair("p256")
    log = machine.home / "state" / "log"
    machine("sign", image.ours, "--key", key.ours.reference, PRATIQUE_LOG_ORIGIN="old.example", **key.ours.environ).ok()
    assert (log / "checkpoint").read_text().startswith("old.example\n")
    machine("log", "move", "--origin", "new.example").ok()
    machine("sign", image.ours, "--key", key.ours.reference, **key.ours.environ).ok()
    assert (log / "checkpoint").read_text().split("\n")[:2] == ["new.example", "1"]  # the same entry, no second one
    root = root_of(machine)
    urls = [entry["baseUrl"] for entry in json.loads(root.read_text())["tlogs"]]
    assert sorted(urls) == ["https://new.example", "https://old.example"]
    checked(peers, image, key.public, root).ok()


def test_what_pure_ed25519_costs_is_what_key_generate_says(peers, machine, artifact, keypair):
    image, key = artifact("image", "spec"), keypair("ed25519")
    machine("sign", image.ours, "--key", key.ours.reference, **key.ours.environ).ok()
    with_log = checked(peers, image, key.public, root_of(machine))
    assert with_log.code != 0 and re.search("log|entry", with_log.err)
    peers.cosign("verify", "--key", key.public, "--insecure-ignore-tlog", "--allow-http-registry", image.theirs).ok()


def test_tessera_accepts_every_tile_and_root_of_our_log(machine, keypair, tmp_path):
    reason = missing("tessera-fsck")
    if reason:
        pytest.skip(reason)
    key = keypair("p256")
    for number in range(3):
        files = []
        for index in range(90):
            (tmp_path / f"{number}-{index}").write_text(f"{number} {index}")
            files.append(f"file:{tmp_path}/{number}-{index}")
        machine("sign", *files, "--key", key.ours.reference, "--file", **key.ours.environ).ok()
    for place in ("log", "former-logs/pratique.local"):
        if place.startswith("former"):
            machine("log", "move", "--origin", "moved.example").ok()
        for folder in {place, "log"}:
            log = machine.home / "state" / folder
            command = [
                peers_folder() / "tessera-fsck",
                "--ui=false",
                f"--storage_url=file://{log}/",
                f"--public_key={log}/log.vkey",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)
            assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture
def stamper(tmp_path: Path) -> Iterator[str]:
    """The address of Sigstore's timestamp authority."""
    reason = missing("timestamp-server")
    if reason:
        pytest.skip(reason)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--host", "127.0.0.1", "--port", str(port), "--timestamp-signer", "memory", "--disable-ntp-monitoring")
    base, written = f"http://127.0.0.1:{port}/api/v1/timestamp", tmp_path / "tsa.log"
    server = None
    try:
        for _ in range(300):
            if server is None or server.poll() is not None:  # the port of its metrics is still somebody else's
                with written.open("wb") as log:
                    server = subprocess.Popen([peers_folder() / "timestamp-server", "serve", *options], stdout=log, stderr=log)
            try:
                httpx.get(f"{base}/certchain").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            pytest.fail(f"the timestamp authority does not come up: {written.read_text()[-500:]}")
        yield base
    finally:
        if server is not None:
            server.terminate()
            server.wait(10)


ALONE = pytest.mark.xdist_group("sigstore")  # the timestamp authority has one port, of its metrics, that cannot be chosen


@ALONE
@pytest.mark.parametrize("order", ["signer first", "root first"])
def test_cosign_verifies_our_timestamps_by_the_chain_in_our_trusted_root(peers, machine, artifact, keypair, stamper, order):
    image, key = artifact("image", "spec"), keypair("p256")
    machine("sign", image.ours, "--key", key.ours.reference, "--timestamp-url", stamper, **key.ours.environ).ok()
    end = "-----END CERTIFICATE-----\n"
    chain = [block + end for block in httpx.get(f"{stamper}/certchain").text.split(end) if block.strip()]
    (machine.home / "tsa.pem").write_text("".join(chain if order == "signer first" else reversed(chain)))
    root = root_of(machine, "--tsa", machine.home / "tsa.pem")
    arguments = ("verify", "--key", key.public, "--trusted-root", root, "--use-signed-timestamps", "--allow-http-registry")
    peers.cosign(*arguments, image.theirs).ok()
    without = json.loads(root.read_text()) | {"timestampAuthorities": []}
    root.write_text(json.dumps(without))
    assert peers.cosign(*arguments, image.theirs).code != 0


@ALONE
def test_certificates_that_are_no_chain_are_no_timestamp_authority(machine, keypair, tmp_path, stamper):
    key = keypair("p256")
    (tmp_path / "a").write_text("a")
    machine("sign", f"file:{tmp_path}/a", "--key", key.ours.reference, "--file", **key.ours.environ).ok()
    end = "-----END CERTIFICATE-----\n"
    chain = [block + end for block in httpx.get(f"{stamper}/certchain").text.split(end) if block.strip()]
    (tmp_path / "tsa.pem").write_text(chain[-1] + chain[0] + chain[-1])
    done = machine("log", "trusted-root", "--tsa", tmp_path / "tsa.pem")
    assert done.code == 2 and "not one chain" in done.err
