"""A token that is pulled out, and a key that is disabled, while a shipment is being signed: nothing of it is published, and the
same command completes it later."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest
from cloud_aws import REGION, AwsKms, refusal
from softhsm import PIN, SoftHsm

from pratique.attest.bundle import parse_bundle
from pratique.attest.verify import verify_bundle
from pratique.cli.main import run
from pratique.keys.access import Access
from pratique.keys.open import create_signer, load_public
from pratique.keys.pkcs11 import TokenSigner


def image(folder: Path) -> str:
    """An OCI layout with one image of one file."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> tuple[str, int]:
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return f"sha256:{name}", len(data)

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("etc/motd"), io.BytesIO(b""))
    digest, size = put(layer.getvalue())
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest]}, "config": {}}
    config_digest, config_size = put(json.dumps(config).encode())
    kind = "application/vnd.oci.image"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": {"mediaType": f"{kind}.config.v1+json", "digest": config_digest, "size": config_size},
        "layers": [{"mediaType": f"{kind}.layer.v1.tar", "digest": digest, "size": size}],
    }
    manifest_digest, manifest_size = put(json.dumps(manifest).encode())
    entry = {"mediaType": manifest["mediaType"], "digest": manifest_digest, "size": manifest_size}
    index = {"schemaVersion": 2, "manifests": [entry | {"annotations": {"org.opencontainers.image.ref.name": "v1"}}]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return f"oci-dir:{folder}:v1"


def published(folder: Path) -> tuple[list[str], list[bytes]]:
    """Tags and bundles in a layout."""
    if not (folder / "index.json").exists():
        return [], []
    entries = json.loads((folder / "index.json").read_text())["manifests"]
    tags = [name for entry in entries if (name := entry.get("annotations", {}).get("org.opencontainers.image.ref.name"))]
    blobs = [path.read_bytes() for path in (folder / "blobs" / "sha256").iterdir()]
    return tags, [data for data in blobs if b'"dsseEnvelope"' in data]


@pytest.fixture
def ship(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    source = image(tmp_path / "image")

    def begin(key: str) -> tuple[int, str]:
        code = run(["ship", source, "--key", key, "--to", f"oci-dir:{tmp_path / 'out'}:v1"])
        return code, capsys.readouterr().err

    return begin


def check_complete(folder: Path, key) -> None:
    tags, bundles = published(folder)
    assert tags == ["v1"]
    parsed = [parse_bundle(data) for data in bundles]
    kinds = {verify_bundle(bundle, {key.keyid: key}).head.predicate_type for bundle in parsed}
    assert len(kinds) == len(bundles) == 4
    assert sorted(bundle.log_entries[0].log_index for bundle in parsed) == [0, 1, 2, 3]  # nothing was logged twice


@pytest.mark.parametrize("signed_before", [0, 1, 3])
def test_a_token_is_pulled_out(pkcs11_place: SoftHsm, ship, tmp_path, monkeypatch, signed_before):
    key = f"pkcs11:token=first%20token;object=pulled-{signed_before}"
    create_signer(key, "ecdsa-p256", pkcs11_place.access()).close()
    monkeypatch.setenv("PRATIQUE_PKCS11_MODULE", pkcs11_place.module)
    monkeypatch.setenv("PRATIQUE_KEY_PIN", PIN)
    real, calls, put_back = TokenSigner.sign, [], []

    def sign(self, message):
        if len(calls) == signed_before and not put_back:
            put_back.append(pkcs11_place.unplug())
        calls.append(message)
        return real(self, message)

    monkeypatch.setattr(TokenSigner, "sign", sign)
    try:
        code, said = ship(key)
    finally:
        put_back[0]()
    assert code == 3
    assert "was it removed?" in said
    assert PIN not in said
    assert published(tmp_path / "out") == ([], [])
    assert ship(key)[0] == 0
    check_complete(tmp_path / "out", load_public(key, pkcs11_place.access()))


@pytest.mark.parametrize("signed_before", [0, 2])
def test_a_key_is_disabled(ship, tmp_path, monkeypatch, signed_before):
    kms = AwsKms()
    arn = kms.key("ecdsa-p256")
    name, identity = kms.signer(arn, "ECDSA_SHA_256")
    environ = {"AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": identity.secret, "AWS_REGION": REGION}
    environ["AWS_ENDPOINT_URL_KMS"] = f"http://127.0.0.1:{kms.server.server_port}"
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    count = []

    def tamper(request, reply):
        count.extend([1] if request.headers["x-amz-target"].endswith("Sign") else [])
        return refusal("DisabledException", f"{arn} is disabled.") if len(count) > signed_before else reply

    kms.tamper = tamper
    code, said = ship(f"awskms:///{arn}")
    assert code == 3
    assert "is disabled" in said
    assert identity.secret not in said
    assert published(tmp_path / "out") == ([], [])
    kms.tamper = lambda _, reply: reply
    assert ship(f"awskms:///{arn}")[0] == 0
    check_complete(tmp_path / "out", load_public(f"awskms:///{arn}", Access(passphrase=lambda: None, pin=lambda: None)))
    kms.stop()
