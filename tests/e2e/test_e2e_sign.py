"""`sign` and `attest` as their user runs them: real processes, a real registry, and second opinions on what they write."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from test_e2e_chain import FILES, Run, make_archive, make_tar

from pratique.attest import cosign
from pratique.attest.bundle import parse_bundle
from pratique.attest.detached import parse_raw, verify_raw
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import ArtifactDigests, Requirements, verify_attestation, verify_message
from pratique.attest.statement import parse_statement
from pratique.attest.yaml_annotation import verify_manifests
from pratique.model import Digest
from pratique.registry.cosign import ATTESTATIONS, SIGNATURES, fetch_layers
from pratique.registry.layout import open_layout
from pratique.registry.open import open_repository
from pratique.registry.types import SIGSTORE_BUNDLE

KEY_ONLY = Requirements(logs=0)
MANIFESTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}  # stays
---
apiVersion: v1
kind: Service
metadata:
  name: web
"""
TEST_RESULT = {"result": "PASSED", "configuration": [{"uri": "https://example.org/tests"}]}
CHART = b"apiVersion: v2\nname: harbour\nversion: 1.0.0\n"


@pytest.fixture
def place(tmp_path: Path, pratique: Run, registry: str, request: pytest.FixtureRequest) -> str:
    """A small image in the registry, a key K for cosign's kind of signatures, and files to sign."""
    data = make_archive([make_tar(FILES)], name="app:1.0", created="2026-01-01T00:00:00Z")
    (tmp_path / "app.tar").write_bytes(data)
    (tmp_path / "app.bin").write_bytes(b"a program")
    (tmp_path / "web.yaml").write_text(MANIFESTS)
    (tmp_path / "result.json").write_text(json.dumps(TEST_RESULT))
    assert pratique("key", "generate", "--output", "K", "--algorithm", "ecdsa-p256").returncode == 0
    name = f"registry:{registry}/sign/{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}:1.0"
    copied = pratique("copy", f"oci-archive:{tmp_path}/app.tar", name)
    assert copied.returncode == 0, copied.stderr
    return name


def keys_of(folder: Path, *names: str) -> dict[str, PublicKey]:
    keys = [PublicKey.from_pem((folder / f"{name}.pub").read_bytes()) for name in names or ("K",)]
    return {key.keyid: key for key in keys}


def done(result: "subprocess.CompletedProcess[str]") -> dict:
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def log_size(pratique: Run) -> int:
    shown = pratique("log", "show", "--format", "json")
    return int(json.loads(shown.stdout)["checkpoint"].splitlines()[1]) if shown.returncode == 0 else 0


def test_an_image_is_signed_by_a_referrer_and_verify_finds_it(pratique: Run, place: str, tmp_path: Path) -> None:
    (row,) = done(pratique("sign", place, "--key", "K", "--format", "json"))["signed"]
    repository, reference = open_repository(place)
    digest = repository.resolve(reference or "")
    assert row["subjects"][0]["digest"] == digest
    (referrer,) = repository.list_referrers(digest, SIGSTORE_BUNDLE)
    assert row["places"] == [f"{repository.name}@{referrer.digest}"]
    bundle = parse_bundle(repository.fetch_blob(repository.fetch_manifest(referrer.digest).layers[0], limit=1 << 20))
    assert parse_statement(bundle.envelope.payload).digests == {digest}
    answers = json.loads(pratique("verify", place, "--key", "K.pub", "--format", "json").stdout)["answers"]
    assert {"what": "signature", "cause": "none"}.items() <= answers[0].items()
    repository.close()


def test_signing_again_says_nothing_twice(pratique: Run, place: str) -> None:
    first = done(pratique("sign", place, "--key", "K", "--format", "json"))["signed"][0]
    size = log_size(pratique)
    again = done(pratique("sign", place, "--key", "K", "--format", "json"))["signed"][0]
    assert again == {**first, "reused": True}
    assert log_size(pratique) == size


def test_cosigns_tags_are_written_beside_what_others_wrote(pratique: Run, place: str, tmp_path: Path) -> None:
    for _ in range(2):
        done(pratique("sign", place, "--key", "K", "--form", "cosign", "--format", "json"))
    assert pratique("key", "generate", "--output", "L").returncode == 0
    done(pratique("sign", place, "--key", "L", "--form", "cosign", "--format", "json"))
    done(pratique(*f"attest {place} --type test-result --predicate result.json --key K --form cosign --format json".split()))
    repository, reference = open_repository(place)
    digest = repository.resolve(reference or "")
    layers = fetch_layers(repository, digest, SIGNATURES).layers
    assert len(layers) == 3  # ECDSA signs differently each time
    verified = [
        cosign.verify_signature(
            cosign.parse_signature(layer.data, layer.annotations),
            digest,
            TrustedRoot(),
            keys=keys_of(tmp_path, "K", "L"),
        )
        for layer in layers
    ]
    assert {claim.reference for claim, _ in verified} == {repository.name}
    (layer,) = fetch_layers(repository, digest, ATTESTATIONS).layers
    found = cosign.verify_attestation(
        cosign.parse_attestation(layer.data, layer.annotations), digest, TrustedRoot(), keys=keys_of(tmp_path)
    )
    assert found.statement().predicate == TEST_RESULT
    # What openssl makes of the first of them, as cosign's own verification does: base64 of DER over the payload.
    (tmp_path / "payload").write_bytes(layers[0].data)
    (tmp_path / "der").write_bytes(base64.b64decode(layers[0].annotations[cosign.SIGNATURE]))
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "K.pub", "-signature", "der", "payload"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=30,
    )
    repository.close()


def test_several_subjects_of_all_kinds_are_in_one_statement(pratique: Run, place: str, tmp_path: Path) -> None:
    layout = f"oci-dir:{tmp_path}/layout:1.0"
    assert pratique("copy", f"oci-archive:{tmp_path}/app.tar", layout).returncode == 0
    bare = Digest.of(b"somewhere else")
    what = "--type https://example.org/claim/v1 --predicate result.json --key K --format json".split()
    (row,) = done(pratique("attest", place, layout, "file:app.bin", bare, *what))["signed"]
    assert [item["digest"] for item in row["subjects"]][2:] == [Digest.of(b"a program"), bare]
    assert len(row["places"]) == 2
    found = open_layout(tmp_path / "layout")
    digest = found.resolve("1.0")
    (referrer,) = found.list_referrers(digest, SIGSTORE_BUNDLE)
    bundle = parse_bundle(found.fetch_blob(found.fetch_manifest(referrer.digest).layers[0], limit=1 << 20))
    assert len(parse_statement(bundle.envelope.payload).subjects) == 4


def test_a_file_has_its_bundle_beside_it_and_nothing_there_is_overwritten(pratique: Run, place: str, tmp_path: Path) -> None:
    assert pratique("sign", "file:app.bin", "--key", "K", "--file").returncode == 0
    data = (tmp_path / "app.bin.sigstore.json").read_bytes()
    found = verify_attestation(parse_bundle(data), TrustedRoot(), keys=keys_of(tmp_path), needs=KEY_ONLY)
    assert found.head.is_about(ArtifactDigests.of(b"a program").named)
    assert pratique("sign", "file:app.bin", "--key", "K", "--file").returncode == 0  # it is the same
    (tmp_path / "app.bin.sigstore.json").write_text("another's")
    size = log_size(pratique)
    refused = pratique("sign", "file:app.bin", "--key", "K", "--file", "--form", "message")
    assert (refused.returncode, (tmp_path / "app.bin.sigstore.json").read_text()) == (2, "another's")
    assert log_size(pratique) == size
    assert pratique("sign", "file:app.bin", "--key", "K", "--form", "message", "--replace").returncode == 0
    bundle = parse_bundle((tmp_path / "app.bin.sigstore.json").read_bytes())
    verify_message(bundle, ArtifactDigests.of(b"a program"), TrustedRoot(), keys=keys_of(tmp_path), needs=KEY_ONLY)


def test_a_bare_signature_is_one_that_openssl_verifies(pratique: Run, place: str, tmp_path: Path) -> None:
    assert pratique("sign", "file:app.bin", "--key", "K", "--form", "raw").returncode == 0
    sig = parse_raw((tmp_path / "app.bin.sig").read_bytes())
    assert verify_raw(sig, b"a program", keys_of(tmp_path))
    (tmp_path / "der").write_bytes(sig)
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "K.pub", "-signature", "der", "app.bin"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=30,
    )


def test_manifests_are_signed_inside_and_keep_their_mode(pratique: Run, place: str, tmp_path: Path) -> None:
    (tmp_path / "web.yaml").chmod(0o640)
    assert pratique("sign", "manifests:web.yaml", "--key", "K", "--form", "annotation").returncode == 0
    data = (tmp_path / "web.yaml").read_bytes()
    assert (tmp_path / "web.yaml").stat().st_mode & 0o777 == 0o640
    assert b"# stays" in data
    found = verify_manifests(data, TrustedRoot(), keys=keys_of(tmp_path), needs=KEY_ONLY)
    assert (len(found.objects), found.missing) == (2, ())
    assert [item["metadata"]["name"] for item in yaml.safe_load_all(data)] == ["web", "web"]
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {a: on}\n")
    size = log_size(pratique)
    refused = pratique("sign", "manifests:web.yaml", "manifests:bad.yaml", "--key", "K", "--form", "annotation")
    assert refused.returncode == 2
    assert "bad.yaml: line 4: 'on' is read differently" in refused.stderr
    assert ((tmp_path / "web.yaml").read_bytes(), log_size(pratique)) == (data, size)


def test_a_chart_gets_a_provenance_file_that_gnupg_verifies(pratique: Run, place: str, tmp_path: Path) -> None:
    gpg = shutil.which("gpg")
    if gpg is None:
        pytest.skip("gpg is not installed")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    environ = {**os.environ, "GNUPGHOME": str(home)}
    command = [gpg, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "between us"]

    def run(*arguments: str) -> bytes:
        return subprocess.run([*command, *arguments], env=environ, capture_output=True, check=True, timeout=60).stdout

    run("--quick-generate-key", "harbour <h@example.org>", "ed25519", "sign", "never")
    (tmp_path / "secret.gpg").write_bytes(run("--export-secret-keys", "harbour"))
    (tmp_path / "secret.gpg").chmod(0o600)
    make_chart(tmp_path / "harbour-1.0.0.tgz")
    made = pratique("sign", "chart:harbour-1.0.0.tgz", "--form", "prov", "--key", "secret.gpg")
    assert made.returncode == 0, made.stderr
    run("--verify", str(tmp_path / "harbour-1.0.0.tgz.prov"))
    text = (tmp_path / "harbour-1.0.0.tgz.prov").read_text()
    assert f"harbour-1.0.0.tgz: {Digest.of((tmp_path / 'harbour-1.0.0.tgz').read_bytes())}" in text
    assert pratique("sign", "harbour-1.0.0.tgz", "--form", "prov", "--key", "secret.gpg").returncode == 2
    wrong = pratique(
        "sign", "harbour-1.0.0.tgz", "--form", "prov", "--key", "secret.gpg", "--replace", PRATIQUE_KEY_PASSPHRASE="a guess"
    )
    assert wrong.returncode == 2
    assert "a guess" not in wrong.stderr
    (tmp_path / "secret.gpg").chmod(0o644)
    assert "chmod 600" in pratique("sign", "harbour-1.0.0.tgz", "--form", "prov", "--key", "secret.gpg", "--replace").stderr
    subprocess.run(["gpgconf", "--kill", "all"], env=environ, timeout=30, check=False)


def signatures(pratique: Run, source: str, *options: str) -> list[tuple[str, str]]:
    """Cause and detail of each signature that `verify` finds."""
    found = pratique("verify", source, "--format", "json", *options)
    answers = json.loads(found.stdout)["answers"]
    assert found.returncode == (0 if {answer["cause"] for answer in answers} == {"none"} else 1), found.stdout
    return [(answer["cause"], answer["detail"]) for answer in answers if answer["what"] in ("signature", "evidence")]


def test_what_is_signed_beside_a_file_and_in_it_is_verified_and_each_cause_is_told(
    pratique: Run, place: str, tmp_path: Path
) -> None:
    source, key = "file:app.bin", ("--key", "K.pub")
    assert signatures(pratique, source, *key)[0][0] == "absent"
    assert pratique("sign", source, "--key", "K", "--file").returncode == 0
    assert pratique("sign", source, "--key", "K", "--form", "raw").returncode == 0
    assert {cause for cause, _ in signatures(pratique, source, *key)} == {"none"}
    assert pratique("key", "generate", "--output", "L").returncode == 0
    assert "untrusted" in {cause for cause, _ in signatures(pratique, source, "--key", "L.pub")}
    (tmp_path / "app.bin").write_bytes(b"another program")
    assert {cause for cause, _ in signatures(pratique, source, *key)} == {"mismatch", "invalid"}
    source = "manifests:web.yaml"
    assert pratique("sign", source, "--key", "K", "--form", "annotation").returncode == 0
    ((cause, detail),) = signatures(pratique, source, *key)
    assert (cause, "log entry" in detail) == ("none", True)
    signed = (tmp_path / "web.yaml").read_text()
    for old, new, expected in (
        ("kind: Service", "kind: Ingress", "mismatch"),
        ("kind: Service", "kind: Service\nkind: Service", "invalid"),
        (signed[signed.index("---") :], "", "mismatch"),
    ):
        (tmp_path / "web.yaml").write_text(signed.replace(old, new))
        assert signatures(pratique, source, *key)[0][0] == expected, new


def make_chart(path: Path) -> None:
    import io
    import tarfile

    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo("harbour/Chart.yaml")
        info.size = len(CHART)
        tar.addfile(info, io.BytesIO(CHART))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("sign",), 2, "missing argument"),
        (("sign", "file:none"), 2, "none"),
        (("sign", "file:app.bin", "--key", "none"), 2, "no such key"),
        (("sign", "file:app.bin", "file:app.bin"), 2, "named twice"),
        (("sign", "file:app.bin", "--form", "cosign"), 2, "in no registry"),
        (("sign", "dir:.", "--form", "raw"), 2, "not a file"),
        (("sign", "dir:.", "--file"), 2, "not a file"),
        (("sign", "file:app.bin", "file:web.yaml", "-o", "x"), 2, "do not go into one file"),
        (("sign", "sha256:" + "0" * 63), 2, "no file or folder"),
        (("sign", "file:app.bin", "--form", "annotation"), 2, "app.bin"),
        (("sign", "file:app.bin", "--form", "prov"), 2, "OpenPGP"),
        (("sign", "file:app.bin", "--form", "prov", "--key", "K"), 2, "app.bin"),
        (("sign", "registry:127.0.0.1:1/x:1"), 3, "127.0.0.1:1"),
        (("attest", "file:app.bin", "--type", "nonsense", "--predicate", "result.json"), 2, "not a predicate type"),
        (("attest", "file:app.bin", "--type", "vsa", "--predicate", "result.json"), 2, "verifier is missing"),
        (("attest", "file:app.bin", "--type", "cyclonedx", "--predicate", "result.json"), 2, "result.json"),
        (("attest", "file:app.bin", "--type", "scai", "--predicate", "none.json"), 2, "none.json"),
        (("attest", "file:app.bin", "--type", "scai", "--predicate", "web.yaml"), 2, "web.yaml"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_signed(
    pratique: Run, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "app.bin").write_bytes(b"a program")
    (tmp_path / "web.yaml").write_text(MANIFESTS)
    (tmp_path / "result.json").write_text(json.dumps(TEST_RESULT))
    assert pratique("key", "generate", "--output", "K").returncode == 0
    before = sorted(path.name for path in tmp_path.iterdir() if path.name != "home")
    keyed = () if "--key" in arguments or "prov" in arguments else ("--key", "K")
    result = pratique(*arguments, *keyed)
    assert (result.returncode, words in result.stderr) == (code, True), result.stderr
    assert len([line for line in result.stderr.splitlines() if not line.startswith("pratique: reading")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == before
    assert log_size(pratique) == 0
