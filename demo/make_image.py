"""Put root file system tars into an OCI archive, one layer each: `make_image.py OUT.tar NAME CREATED LAYER.tar …`.

What the demo, the tests and the benchmarks ship. Deterministic: the same layers give the same archive, byte for byte.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path


def make_archive(layers: list[bytes], *, name: str, created: str, level: int = 6, command: list[str] | None = None) -> bytes:
    """An OCI image-layout in a tar with one image of these uncompressed layers; `created`: RFC 3339."""
    blobs: dict[str, bytes] = {}

    def put(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    oci = "application/vnd.oci.image"
    packed = [put(gzip.compress(layer, level, mtime=0), f"{oci}.layer.v1.tar+gzip") for layer in layers]
    config = {
        "created": created,
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": command or ["/bin/sh"], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{oci}.manifest.v1+json",
        "config": put(json.dumps(config).encode(), f"{oci}.config.v1+json"),
        "layers": packed,
    }
    entry = put(json.dumps(manifest).encode(), f"{oci}.manifest.v1+json")
    entry["platform"] = {"architecture": "amd64", "os": "linux"}
    entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    files = {f"blobs/sha256/{digest}": data for digest, data in blobs.items()}
    files["oci-layout"] = b'{"imageLayoutVersion":"1.0.0"}'
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    return make_tar(files)


def make_tar(files: dict[str, bytes], *, mode: int = 0o644) -> bytes:
    """A plain tar of these files, without times or owners."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, data in sorted(files.items()):
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def main() -> None:
    """See the module's docstring."""
    out, name, created, *layers = sys.argv[1:]
    data = make_archive([Path(layer).read_bytes() for layer in layers], name=name, created=created, command=["sleep", "600"])
    Path(out).write_bytes(data)


if __name__ == "__main__":
    main()
