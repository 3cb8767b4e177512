"""Registries of several manners, and the raw look into them that tests need: what is there, and putting something else there."""

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from openbao import free_port

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MEDIA_TYPES = (INDEX, MANIFEST, "application/vnd.docker.distribution.manifest.v2+json")

# spec: the referrers API by the letter; ggcr: with go-containerregistry's manners; none: without it, of the same make; debian:
# the distribution project's registry as Debian has it, without it.
MODES = ("spec", "ggcr", "none", "debian")


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Registry:
    """HOST:PORT of a registry that is reached without TLS."""

    host: str
    mode: str

    @property
    def referrers_api(self) -> bool:
        return self.mode in ("spec", "ggcr")


@dataclass(frozen=True)
class Raw:
    """One repository of a registry, without our own client: tests look into it and put things there with nothing but HTTP."""

    registry: Registry
    name: str

    @property
    def place(self) -> str:
        return f"{self.registry.host}/{self.name}"

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        return httpx.request(method, f"http://{self.registry.host}/v2/{self.name}/{path}", trust_env=False, timeout=30, **options)

    def manifest(self, reference: str) -> bytes | None:
        """Its bytes, or None where there is none."""
        answer = self._call("GET", f"manifests/{reference}", headers={"Accept": ", ".join(MEDIA_TYPES)})
        assert answer.status_code in (200, 404), answer.text
        return answer.content if answer.status_code == 200 else None

    def blob(self, digest: str) -> bytes:
        answer = self._call("GET", f"blobs/{digest}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def push_blob(self, data: bytes) -> dict[str, Any]:
        """Size and digest, as a descriptor has them."""
        digest = digest_of(data)
        start = self._call("POST", "blobs/uploads/")
        assert start.status_code == 202, start.text
        where = httpx.URL(f"http://{self.registry.host}").join(start.headers["Location"])
        where = where.copy_merge_params({"digest": digest})
        done = httpx.put(where, content=data, headers={"Content-Type": "application/octet-stream"}, trust_env=False, timeout=30)
        assert done.status_code == 201, done.text
        return {"digest": digest, "size": len(data)}

    def push_manifest(self, document: dict[str, Any], reference: str | None = None) -> str:
        """Its digest. Where there is no referrers API, the fallback tag of its subject gets it too."""
        data = json.dumps(document).encode()
        media_type = document.get("mediaType", MANIFEST)
        answer = self._call(
            "PUT", f"manifests/{reference or digest_of(data)}", content=data, headers={"Content-Type": media_type}
        )
        assert answer.status_code == 201, answer.text
        if "subject" in document and not self.registry.referrers_api:
            self._list(document, media_type, data)
        return digest_of(data)

    def _list(self, document: dict[str, Any], media_type: str, data: bytes) -> None:
        tag = document["subject"]["digest"].replace(":", "-")
        listed = json.loads(self.manifest(tag) or b'{"manifests": []}')["manifests"]
        entry = {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
        entry["artifactType"] = document.get("artifactType") or document["config"]["mediaType"]
        self.push_manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]}, tag)

    def referrers(self, digest: str) -> list[str]:
        """Digests of the manifests that refer to it."""
        if self.registry.referrers_api:
            answer = self._call("GET", f"referrers/{digest}")
            assert answer.status_code == 200, answer.text
            listed = answer.json()["manifests"]
        else:
            listed = json.loads(self.manifest(digest.replace(":", "-")) or b'{"manifests": []}')["manifests"]
        return [entry["digest"] for entry in listed]


@contextmanager
def serve(mode: str, folder: Path, program: Path) -> Iterator[Registry]:
    """A registry while it is needed. `program`: the small one that `tools/peers` builds."""
    if mode == "debian":
        yield from _serve_debian(folder)
        return
    process = subprocess.Popen([program, "-mode", mode], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        host = process.stdout.readline().strip()
        assert host, "the registry did not start"
        yield Registry(host, mode)
    finally:
        process.terminate()
        process.wait(10)


def _serve_debian(folder: Path) -> Iterator[Registry]:
    program = shutil.which("docker-registry") or shutil.which("docker-registry", path="/usr/bin:/usr/sbin")
    if program is None:
        pytest.skip("docker-registry is not installed")
    host = f"127.0.0.1:{free_port()}"
    storage = f"{{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}"
    (folder / "config.yml").write_text(f'version: 0.1\nlog: {{level: error}}\nstorage: {storage}\nhttp: {{addr: "{host}"}}\n')
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        for _ in range(400):
            try:
                httpx.get(f"http://{host}/v2/", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        else:
            pytest.fail(f"docker-registry did not start: {(folder / 'log').read_text()}")
        yield Registry(host, "debian")
    finally:
        process.terminate()
        process.wait(10)
