"""`bundle` and `verify --repair`: what travels where there is no network, and what a registry lost."""

import io
import json
import shutil
import tarfile

import pytest
from test_e2e_chain import Run, image

__all__ = ["image"]  # the fixture of the chain

SOURCE = """\
version: 1
name: acme
authorities:
  release:
    keys: [{file: K.pub}]
    says: [{predicates: [signature, sbom, file-manifest, provenance], about: [registry.example.com/acme]}]
"""
NAME = ["--name", "registry.example.com/acme/app"]


@pytest.fixture
def shipped(image, pratique: Run):
    """A layout `harbour` with evidence, and a trust that is published and followed."""
    folder = image.parent
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:harbour:v1").returncode == 0
    trust = folder / "trust"
    trust.mkdir()
    shutil.copy(folder / "K.pub", trust / "K.pub")
    for arguments in (
        ("init", "-C", "trust", "--name", "acme", "--root-key", "K.pub"),
        ("sign", "-C", "trust", "--key", "K"),
        ("publish", "-C", "trust"),
    ):
        if arguments[0] == "sign":
            (trust / "trust.yaml").write_text(SOURCE)
        done = pratique("trust", *arguments)
        assert done.returncode == 0, done.stderr
    root = trust / "published/metadata/1.root.json"
    shutil.copy(root, folder / "root.json")
    done = pratique("trust", "follow", "file:trust/published", "--root", "root.json")
    assert done.returncode == 0, done.stderr
    return folder


def rewrite(path, change) -> None:
    """The archive with `change(name, data)` for each member; None leaves it out."""
    out = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            data = change(member.name, old.extractfile(member).read())
            if data is not None:
                member.size = len(data)
                new.addfile(member, io.BytesIO(data))
    path.write_bytes(out.getvalue())


def test_what_was_exported_is_verified_on_a_machine_that_has_nothing_but_the_root(shipped, pratique: Run, tmp_path):
    done = pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["said"] == 4
    elsewhere = {"PRATIQUE_HOME": str(tmp_path / "elsewhere")}
    log = ["--log-key", str(tmp_path / "home/keys/log.key.pub")]
    done = pratique("bundle", "verify", "out.tar", "--trust-root", "root.json", *NAME, *log, **elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trust" in done.stdout and "good until" in done.stdout and "log entry" in done.stdout
    assert pratique("bundle", "verify", "out.tar", "--key", "K.pub", **elsewhere).returncode == 0


def test_the_same_artifact_evidence_and_trust_give_the_same_archive_but_for_the_time(shipped, pratique: Run, tmp_path):
    for name in ("one.tar", "two.tar"):
        assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", name).returncode == 0
    for name in ("one.tar", "two.tar"):
        rewrite(tmp_path / name, lambda name, data: None if name == "pratique/bundle.json" else data)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_without_a_root_of_one_s_own_nobody_is_believed(shipped, pratique: Run, tmp_path):
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar").returncode == 0
    done = pratique("bundle", "verify", "out.tar", *NAME, PRATIQUE_HOME=str(tmp_path / "elsewhere"))
    assert done.returncode == 2 and "no root is pinned" in done.stderr


def test_a_trust_of_another_team_does_not_pass_for_ours(shipped, pratique: Run, tmp_path):
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar").returncode == 0
    assert pratique("key", "generate", "-o", "evil").returncode == 0
    assert pratique("trust", "init", "-C", "evil.d", "--root-key", "evil.pub").returncode in (0, 2)
    (tmp_path / "evil.d").mkdir(exist_ok=True)
    assert pratique("trust", "init", "-C", "evil.d", "--root-key", "evil.pub").returncode in (0, 2)
    assert pratique("trust", "sign", "-C", "evil.d", "--key", "evil").returncode == 0
    assert pratique("trust", "publish", "-C", "evil.d").returncode == 0
    root = tmp_path / "evil.d/published/metadata/1.root.json"
    done = pratique("bundle", "verify", "out.tar", *NAME, "--trust-root", str(root))
    assert done.returncode in (1, 3) and done.stdout == "", done.stdout


def test_a_trust_that_has_expired_is_no_answer(shipped, pratique: Run, tmp_path, monkeypatch):
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar").returncode == 0
    faketime = shutil.which("faketime")
    if faketime is None:
        pytest.skip("faketime is not installed")
    import os
    import subprocess
    import sys

    command = [faketime, "-f", "+4000d", sys.executable, "-c", "from pratique.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "bundle", "verify", "out.tar", "--trust-root", "root.json", *NAME],
        cwd=tmp_path,
        env={**os.environ, "PRATIQUE_HOME": str(tmp_path / "elsewhere")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3 and "expired" in done.stderr, done.stdout + done.stderr


def test_an_archive_from_before_a_revocation_that_was_seen_here_is_refused_in_one_line(shipped, pratique: Run, tmp_path):
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar").returncode == 0
    assert pratique("bundle", "verify", "out.tar", *NAME).returncode == 0
    for arguments in (
        ("revoke", "-C", "trust", "--predicate", "sbom", "--subject", "sha256:" + "0" * 64),
        ("sign", "-C", "trust", "--key", "K"),
        ("publish", "-C", "trust"),
        ("refresh",),
    ):
        done = pratique("trust", *arguments)
        assert done.returncode == 0, done.stderr
    done = pratique("bundle", "verify", "out.tar", *NAME)
    assert done.returncode == 1, done.stdout
    (line,) = [line for line in done.stderr.splitlines() if "was seen here" in line]
    assert "targets is version 1, and version 2" in line
    elsewhere = {"PRATIQUE_HOME": str(tmp_path / "elsewhere")}
    log = ["--log-key", str(tmp_path / "home/keys/log.key.pub")]
    assert pratique("bundle", "verify", "out.tar", "--trust-root", "root.json", *NAME, *log, **elsewhere).returncode == 0


def test_an_altered_archive_is_found_out_wherever_it_was_altered(shipped, pratique: Run, tmp_path):
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar").returncode == 0
    whole = (tmp_path / "out.tar").read_bytes()
    with tarfile.open(tmp_path / "out.tar") as archive:
        names = [member.name for member in archive if member.name.startswith(("blobs/", "pratique/trust/"))]
    names.remove("pratique/trust/metadata/1.root.json")  # the pinned one stands in its place
    assert len(names) > 10
    for target in names:
        (tmp_path / "out.tar").write_bytes(whole)
        rewrite(
            tmp_path / "out.tar",
            lambda name, data, target=target: data[:-1] + bytes([data[-1] ^ 1]) if name == target and data else data,
        )
        done = pratique("bundle", "verify", "out.tar", *NAME)
        assert done.returncode in (1, 2, 3), f"{target}: {done.stdout}"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["bundle", "verify", "app.tar"], 2, "not a bundle"),
        (["bundle", "verify", "none.tar"], 2, "none.tar"),
        (["bundle", "verify", "K"], 2, "K"),
        (["bundle", "export", "oci-dir:none", "-o", "x.tar"], 2, "none"),
        (["bundle", "export", "podman:x", "-o", "x.tar"], 2, "not a repository"),
        (["bundle", "export", "oci-archive:app.tar", "-o", "no/such/folder/x.tar"], 2, "no/such/folder"),
        (["verify", "oci-archive:app.tar", "--key", "K.pub", "--repair"], 2, "nothing can be put back"),
    ],
)
def test_what_cannot_be_bundled_is_one_line(image, pratique: Run, arguments, code, words):
    done = pratique(*arguments)
    assert done.returncode == code and words in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (image.parent / "x.tar").exists()


def test_what_only_the_catalog_has_is_taken_along(image, pratique: Run):
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    done = pratique("bundle", "export", "oci-archive:app.tar", "-o", "out.tar", "--format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["said"] == 4, done.stderr
    assert pratique("bundle", "verify", "out.tar", "--key", "K.pub").returncode == 0


def test_evidence_that_a_place_lost_is_put_back_when_it_verifies(image, pratique: Run):
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:harbour:v1").returncode == 0
    index = image.parent / "harbour/index.json"
    document = json.loads(index.read_text())
    kept = [item for item in document["manifests"] if "org.opencontainers.image.ref.name" in item.get("annotations", {})]
    index.write_text(json.dumps({**document, "manifests": kept}))
    lost = pratique("verify", "oci-dir:harbour:v1", "--key", "K.pub")
    assert lost.returncode == 1 and "absent" in lost.stdout
    assert pratique("key", "generate", "-o", "K2").returncode == 0
    stranger = pratique("verify", "oci-dir:harbour:v1", "--key", "K2.pub", "--repair")
    assert stranger.returncode == 1 and "restored" not in stranger.stdout
    done = pratique("verify", "oci-dir:harbour:v1", "--key", "K.pub", "--repair")
    assert done.returncode == 0 and done.stdout.count("restored") == 4, done.stdout
    again = pratique("verify", "oci-dir:harbour:v1", "--key", "K.pub", "--repair", "--format", "json")
    assert json.loads(again.stdout)["restored"] == []


@pytest.fixture
def crl_server(tmp_path):
    """Hands out `list.crl` from the test's folder, and counts; gives its URL and the count."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            data = (tmp_path / "list.crl").read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/list.crl", asked
    server.shutdown()
    server.server_close()


def test_what_revocation_servers_said_travels_along_and_nobody_is_asked_again(image, pratique: Run, crl_server, tmp_path):
    import datetime as dt
    import sys
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    sys.path.append(str(Path(__file__).parents[1] / "unit/attest"))
    import pki

    url, asked = crl_server
    root = pki.make("Acme Root", ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    leaf = root.issue("Acme Builder", key=key, extensions=[(x509.CRLDistributionPoints([point]), False)])
    now = dt.datetime.now(dt.UTC)
    empty = x509.CertificateRevocationListBuilder().issuer_name(root.certificate.subject).last_update(now - dt.timedelta(1))
    crl = empty.next_update(now + dt.timedelta(7)).sign(root.key, hashes.SHA256())
    (tmp_path / "list.crl").write_bytes(crl.public_bytes(Encoding.DER))
    (tmp_path / "N").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "N").chmod(0o600)
    pem = [party.certificate.public_bytes(Encoding.PEM) for party in (leaf, root)]
    (tmp_path / "chain.pem").write_bytes(b"".join(pem))
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "ca.pem").write_bytes(pem[1])
    source = (
        "version: 1\nname: acme\nauthorities:\n  builders:\n"
        f'    certified: [{{store: "ca:acme", name: "{leaf.certificate.subject.rfc4514_string()}"}}]\n'
        "    says: [{predicates: [signature], about: [registry.example.com/acme]}]\n"
        'stores: [{name: "ca:acme", file: ca.pem}]\n'
    )
    for arguments in (
        ("copy", "oci-archive:app.tar", "oci-dir:harbour:v1"),
        ("sign", "oci-dir:harbour:v1", "--form", "notation", "--key", "N", "--certificate-chain", "chain.pem"),
        ("trust", "init", "-C", "trust", "--name", "acme", "--root-key", "K.pub"),
        ("trust", "sign", "-C", "trust", "--key", "K"),
        ("trust", "publish", "-C", "trust"),
        ("trust", "follow", "file:trust/published", "--root", "trust/published/metadata/1.root.json"),
        ("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar"),
    ):
        if arguments[:2] == ("trust", "sign"):
            (trust / "trust.yaml").write_text(source)
        done = pratique(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
    assert asked
    asked.clear()
    done = pratique("bundle", "verify", "out.tar", *NAME, "--require", "signature")
    assert done.returncode == 0 and "by builders" in done.stdout, done.stdout + done.stderr
    rewrite(tmp_path / "out.tar", lambda name, data: None if name == "pratique/answers.json" else data)
    done = pratique("bundle", "verify", "out.tar", *NAME, "--require", "signature")
    assert done.returncode == 3 and "unreachable" in done.stdout
    assert asked == []
    offline = pratique("verify", "oci-dir:harbour:v1", *NAME, "--require", "signature", "--offline")
    assert offline.returncode == 3 and asked == []
    assert pratique("verify", "oci-dir:harbour:v1", *NAME, "--require", "signature").returncode == 0 and asked


def test_a_named_key_that_the_followed_trust_calls_compromised_is_said_and_refused_without_asking_anybody(
    shipped, pratique: Run, tmp_path
):
    assert pratique("bundle", "export", "oci-dir:harbour:v1", "-o", "before.tar").returncode == 0
    for arguments in (
        ("revoke", "K.pub", "-C", "trust", "--compromised-at", "2020-01-01"),
        ("sign", "-C", "trust", "--key", "K"),
        ("publish", "-C", "trust"),
        ("refresh",),
    ):
        done = pratique("trust", *arguments)
        assert done.returncode == 0, done.stderr
    shutil.rmtree(tmp_path / "trust")  # whence it came is not asked again
    state = tmp_path / "home/trust/state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "expires": 1, "fetched_at": 1}))
    for arguments in (
        ("verify", "oci-dir:harbour:v1"),
        ("verify", "--repair", "oci-dir:harbour:v1"),
        ("bundle", "verify", "before.tar"),
        ("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar"),
    ):
        done = pratique(*arguments, "--key", "K.pub")
        assert done.returncode == 1, (arguments, done.stdout, done.stderr)
        assert done.stderr.count("the trust you follow says that K.pub is compromised since 2020-01-01T00:00:00Z") == 1
    assert not (tmp_path / "out.tar").exists()
    assert pratique("verify", "oci-dir:harbour:v1", "--key", "K.pub", PRATIQUE_HOME=str(tmp_path / "elsewhere")).returncode == 0


def test_a_trust_that_has_expired_stays_behind_and_stops_no_archive_for_a_named_key(shipped, pratique: Run, tmp_path):
    shutil.rmtree(tmp_path / "trust")
    state = tmp_path / "home/trust/state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "expires": 1, "fetched_at": 1}))
    export = ("bundle", "export", "oci-dir:harbour:v1", "-o", "out.tar")
    assert pratique(*export).returncode == 3
    done = pratique(*export, "--key", "K.pub")
    assert done.returncode == 0 and "no trust is in the archive" in done.stderr, done.stderr
    assert pratique("bundle", "verify", "out.tar", "--key", "K.pub").returncode == 0
