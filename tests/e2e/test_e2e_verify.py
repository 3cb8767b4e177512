"""`verify` and `copy` as their user runs them: under keys, a trust.yaml, an identity; what came a long way is still whole."""

import json
import os
import sys
import time
from collections.abc import Callable

import pytest
from test_e2e_chain import Run, image

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "unit", "attest"))

__all__ = ["image"]  # the fixture of the chain

TRUST = """\
version: 1
name: acme
authorities:
  release:
    keys: [{file: K.pub%s}]
    says: [{predicates: [signature, sbom, file-manifest, provenance], about: [%s]}]
%s
"""


@pytest.fixture
def trusting(image, pratique: Run, registry: str, tmp_path) -> Callable[..., tuple[int, dict[str, str], str]]:
    """Ships once, then verifies under a trust.yaml; gives code, cause by what was asked, and what was printed."""
    # Others ship the same image to the same registry, with keys of their own.
    place = f"registry:{registry}/acme/{tmp_path.parent.name}-{tmp_path.name}:v1".lower().replace("_", "-")
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", place).returncode == 0

    def verify(about: str = f"{registry}/acme", key: str = "", rest: str = "", *more: str) -> tuple[int, dict[str, str], str]:
        (image.parent / "trust.yaml").write_text(TRUST % (key, about, rest))
        done = pratique("verify", place, "--trust", "trust.yaml", "--format", "json", *more)
        answers = {item["what"]: item["cause"] for item in json.loads(done.stdout)["answers"]} if done.stdout else {}
        return done.returncode, answers, done.stdout + done.stderr

    return verify


def test_a_trust_says_who_may_say_what_about_which_repository(trusting):
    code, answers, text = trusting()
    assert code == 0, text
    assert set(answers.values()) == {"none"}
    code, answers, _ = trusting(about="registry.example.com/other")
    assert code == 1 and answers["signature"] == answers["SBOM"] == "untrusted"


def test_a_key_that_was_compromised_or_retired_is_said_to_be(trusting):
    code, answers, _ = trusting(key=", compromised: 2020-01-01T00:00:00Z")
    assert code == 1 and answers["signature"] == "revoked"
    code, answers, _ = trusting(key=", retired: 2020-01-01T00:00:00Z")
    assert code == 1 and answers["signature"] == "expired"


@pytest.fixture
def stamp_server(tmp_path):
    """openssl as a timestamp authority behind HTTP; gives its URL, and its root certificate lies in `tsa.pem`."""
    import subprocess
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    import pki

    stamper = pki.Stamper.start(tmp_path / "tsa")
    (tmp_path / "tsa.pem").write_bytes((tmp_path / "tsa/root.pem").read_bytes())
    reply = ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-signer", "signer.pem", "-inkey", "key.pem"]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (stamper.folder / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            command = [*reply, "-chain", "root.pem", "-out", "answer"]
            subprocess.run(command, cwd=stamper.folder, check=True, capture_output=True, timeout=30)
            answer = (stamper.folder / "answer").read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/tsa"
    server.shutdown()
    server.server_close()


def test_a_timestamp_keeps_signatures_good_when_their_key_is_retired_or_stolen_later(image, pratique: Run, stamp_server):
    def verify(place: str, key: str, rest: str = "") -> str:
        (image.parent / "trust.yaml").write_text(TRUST % (key, "'*'", rest))
        done = pratique("verify", place, "--trust", "trust.yaml", "--require", "signature", "--format", "json")
        return {item["what"]: item["cause"] for item in json.loads(done.stdout)["answers"]}["signature"]

    tsa = "timestamp-authorities: [{name: acme-tsa, operator: acme, file: tsa.pem}]"
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    shipped = pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:timed:v1", "--timestamp-url", stamp_server)
    assert shipped.returncode == 0, shipped.stderr
    now = time.time()
    while time.time() < now + 4:  # beyond the accuracy that the authority states of itself, by a whole second
        time.sleep(0.1)
    retired = f", retired: {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 1))}"
    stolen = retired.replace("retired", "compromised")
    assert verify("oci-dir:timed:v1", retired, tsa) == verify("oci-dir:timed:v1", stolen, tsa) == "none"
    assert verify("oci-dir:timed:v1", retired) == "expired"  # nobody is believed about times
    assert verify("oci-dir:timed:v1", stolen) == "revoked"
    assert verify("oci-dir:timed:v1", f", from: {later}", tsa) == "expired"


def test_a_timestamp_authority_that_is_down_costs_no_log_entry_and_nothing_is_published(image, pratique: Run):
    done = pratique(
        "ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:timed:v1", "--timestamp-url", "http://127.0.0.1:9/"
    )
    assert done.returncode == 3 and "timestamp" in done.stderr
    assert json.loads(pratique("log", "verify", "--format", "json").stdout)["size"] == 0
    assert pratique("verify", "oci-dir:timed", "--key", "K.pub").returncode != 0


def test_a_threshold_of_two_is_not_met_by_one_party(trusting, pratique: Run):
    assert pratique("key", "generate", "-o", "K2").returncode == 0
    second = (
        "  security: {keys: [{file: K2.pub}], says: [{predicates: [signature], about: ['*']}]}\n"
        "thresholds: [{predicates: [signature], about: ['*'], count: 2}]"
    )
    code, answers, text = trusting(rest=second)
    assert (code, answers["agreement"]) == (1, "untrusted") and "1 of 2" in text


def test_what_must_be_there_can_be_chosen(trusting):
    code, answers, _ = trusting("'*'", "", "", "--require", "signature", "--require", "https://example.org/review/v1")
    assert code == 1 and answers["https://example.org/review/v1"] == "absent"
    assert trusting("'*'", "", "", "--require", "signature")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nobody is believed"),
        (["--trust", "none.yaml"], "none.yaml"),
        (["--trust", "K.pub"], "K.pub"),
        (["--trust", "none.yaml", "--key", "K.pub"], "widen it unseen"),
        (["--certificate-identity", "me@example.org"], "belong together"),
        (["--key", "K.pub", "--require", "everything"], "not a kind of statement"),
    ],
)
def test_who_is_believed_is_said_once_and_clearly(image, pratique: Run, arguments, words):
    done = pratique("verify", "oci-archive:app.tar", *arguments)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_an_identity_is_believed_with_its_issuer_and_a_trusted_root(image, pratique: Run, registry: str):
    import world

    from pratique.registry.attach import attach
    from pratique.registry.open import open_repository
    from pratique.registry.types import SIGSTORE_BUNDLE

    place = f"registry:{registry}/acme/keyless:v1"
    assert pratique("copy", "oci-archive:app.tar", place).returncode == 0
    repository, _ = open_repository(place)
    subject = repository.fetch_manifest("v1").descriptor
    mine = world.World()
    bundle = keyless_bundle(mine, subject.digest)
    attach(repository, subject=subject, blob=bundle, artifact_type=SIGSTORE_BUNDLE, annotations={}, created=None)
    (image.parent / "root.json").write_bytes(world.dump(mine.trusted_root()))
    identity = ["--certificate-identity", world.SUBJECT, "--certificate-oidc-issuer", world.ISSUER, "--trusted-root", "root.json"]
    done = pratique("verify", place, *identity, "--require", "signature")
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.SUBJECT in done.stdout and "log entry 1001" in done.stdout
    identity[1] = world.SUBJECT + "x"
    done = pratique("verify", place, *identity, "--require", "signature")
    assert done.returncode == 1 and "untrusted" in done.stdout


def keyless_bundle(mine, digest) -> bytes:
    """A signature statement about the digest, in a bundle with a certificate, as cosign 3 attaches it."""
    import world

    from pratique.attest.statement import StatementSubject, render_statement
    from pratique.model.predicates import IMAGE_SIGNATURE

    payload = render_statement(subjects=[StatementSubject.of("", digest)], predicate_type=IMAGE_SIGNATURE, predicate={})
    original = world.statement
    world.statement = lambda *_: payload
    try:
        return world.dump(mine.bundle(content="dsse"))
    finally:
        world.statement = original


def test_a_copy_carries_all_evidence_and_verifies_at_the_other_end(image, pratique: Run, registry: str):
    there = f"registry:{registry}/acme/moved:v1"
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:harbour:v1").returncode == 0
    done = pratique("copy", "oci-dir:harbour:v1", there)
    assert done.returncode == 0 and "4 × application/vnd.dev.sigstore.bundle.v0.3+json" in done.stdout, done.stderr
    assert pratique("verify", there, "--key", "K.pub").returncode == 0
    assert pratique("copy", there, "oci-dir:home-again").returncode == 0
    assert pratique("verify", "oci-dir:home-again:v1", "--key", "K.pub").returncode == 0


@pytest.mark.parametrize("envelope", ["jws", "cose"])
def test_notation_s_signatures_are_made_and_verified_under_a_trust(image, pratique: Run, registry, stamp_server, envelope):
    import pki
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    root = pki.make("Acme Root", ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = root.issue("Acme Builder", key=key)
    folder = image.parent
    (folder / "N").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "N").chmod(0o600)
    pem = [party.certificate.public_bytes(Encoding.PEM) for party in (leaf, root)]
    (folder / "chain.pem").write_bytes(b"".join(pem))
    (folder / "ca.pem").write_bytes(pem[1])
    place = f"registry:{registry}/acme/notation-{envelope}:v1"
    assert pratique("copy", "oci-archive:app.tar", place).returncode == 0
    signed = pratique(
        "sign", place, "--form", "notation", "--key", "N", "--certificate-chain", "chain.pem", "--envelope", envelope
    )
    assert signed.returncode == 0, signed.stderr
    name = leaf.certificate.subject.rfc4514_string()
    trust = (
        "version: 1\nname: acme\nauthorities:\n  builders:\n"
        f'    certified: [{{store: "ca:acme", name: "{name}"}}]\n    says: [{{predicates: [signature], about: ["*"]}}]\n'
        'stores: [{name: "ca:acme", file: ca.pem}]\n'
    )
    (folder / "trust.yaml").write_text(trust)
    done = pratique("verify", place, "--trust", "trust.yaml", "--require", "signature")
    assert done.returncode == 0 and "by builders" in done.stdout, done.stdout + done.stderr
    (folder / "trust.yaml").write_text(trust.replace(name, "CN=Somebody Else"))
    done = pratique("verify", place, "--trust", "trust.yaml", "--require", "signature")
    assert done.returncode == 1 and "untrusted" in done.stdout
    wrong = pratique("sign", place, "--form", "notation", "--key", "K", "--certificate-chain", "chain.pem")
    assert wrong.returncode == 2 and "not the one in the signing certificate" in wrong.stderr
    stamped = pratique(
        *("sign", place, "--form", "notation", "--key", "N", "--certificate-chain", "chain.pem"),
        *("--envelope", envelope, "--timestamp-url", stamp_server),
    )
    assert stamped.returncode == 0, stamped.stderr
    assert "give the key's chain" in pratique("sign", place, "--form", "notation", "--key", "N").stderr
    assert (
        "in no registry"
        in pratique("sign", "oci-archive:app.tar", "--form", "notation", "--key", "N", "--certificate-chain", "chain.pem").stderr
    )
