"""What is signed: an image, an index of two platforms, a chart, any artifact, a file. Each is made anew, and no two are equal."""

import gzip
import io
import json
import tarfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer_programs import Peers
from peer_registry import INDEX, MANIFEST, Raw, Registry, digest_of

KINDS = ("image", "index", "chart", "artifact")
PLATFORMS = ("amd64", "arm64")


@dataclass(frozen=True)
class Pushed:
    """An artifact in a registry, under a tag. `digest`: of the manifest or index that the tag names."""

    kind: str
    raw: Raw
    tag: str
    digest: str

    @property
    def ours(self) -> str:
        """As our commands name it."""
        return f"registry:{self.raw.place}:{self.tag}"

    @property
    def theirs(self) -> str:
        """As cosign and crane are best told: by digest."""
        return f"{self.raw.place}@{self.digest}"

    @property
    def tagged(self) -> str:
        return f"{self.raw.place}:{self.tag}"


def push(kind: str, registry: Registry, peers: Peers, folder: Path) -> Pushed:
    """A new artifact of that kind, in a repository of its own."""
    name = uuid.uuid4().hex[:12]
    if kind == "chart":
        return _push_chart(registry, peers, folder, f"c{name}")
    raw = Raw(registry, f"peers/{name}")
    if kind == "artifact":
        (folder / "note.txt").write_text(f"note {name}\n")
        made = ("--artifact-type", "application/vnd.example.note", "note.txt:text/plain", "--disable-path-validation")
        peers.oras("push", "--plain-http", "--no-tty", f"{raw.place}:1", *made, cwd=folder).ok()
    elif kind == "index":
        entries = [
            {**_push_image(raw, name, architecture), "platform": {"os": "linux", "architecture": architecture}}
            for architecture in PLATFORMS
        ]
        raw.push_manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}, "1")
    else:
        raw.push_manifest(_image(raw, name, "amd64"), "1")
    data = raw.manifest("1")
    assert data is not None
    return Pushed(kind, raw, "1", digest_of(data))


def _push_image(raw: Raw, name: str, architecture: str) -> dict[str, Any]:
    document = _image(raw, name, architecture)
    raw.push_manifest(document)
    data = json.dumps(document).encode()
    return {"mediaType": MANIFEST, "digest": digest_of(data), "size": len(data)}


def _image(raw: Raw, name: str, architecture: str) -> dict[str, Any]:
    """An image of one layer that has one small package."""
    status = f"Package: {architecture}-tool\nStatus: install ok installed\nVersion: 1.0\nArchitecture: {architecture}\n\n"
    files = {
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "var/lib/dpkg/status": status,
        "srv/name": f"{name} {architecture}\n",
    }
    layer = _tar(files)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
    }
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            **raw.push_blob(json.dumps(config).encode()),
        },
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **raw.push_blob(gzip.compress(layer, mtime=0))}],
    }


def make_chart(peers: Peers, folder: Path, name: str, *options: str) -> Path:
    """A packaged chart. `options` go to `helm package`."""
    source = folder / name
    (source / "templates").mkdir(parents=True)
    (source / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: 1.0.0+build.1\ndescription: for tests\n")
    (source / "values.yaml").write_text("replicas: 1\n")
    (source / "templates" / "config.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
    peers.helm("package", source, "--destination", folder, *options).ok()
    return folder / f"{name}-1.0.0+build.1.tgz"


def _push_chart(registry: Registry, peers: Peers, folder: Path, name: str) -> Pushed:
    chart = make_chart(peers, folder, name)
    raw = Raw(registry, f"charts/{name}")
    peers.helm("push", "--plain-http", chart, f"oci://{registry.host}/charts").ok()
    tag = "1.0.0_build.1"
    data = raw.manifest(tag)
    assert data is not None
    return Pushed("chart", raw, tag, digest_of(data))


def _tar(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()
