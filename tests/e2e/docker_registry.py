"""Debian's docker-registry, for as long as a test runs."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REGISTRY = shutil.which("docker-registry") or shutil.which("docker-registry", path="/usr/bin:/usr/sbin")


def serve_registry(root: Path) -> Iterator[str]:
    """Yields HOST:PORT while it runs."""
    if REGISTRY is None:
        pytest.skip("docker-registry is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    storage = f"{{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}"
    config = f'version: 0.1\nlog: {{level: error}}\nstorage: {storage}\nhttp: {{addr: "{host}"}}\n'
    (root / "config.yml").write_text(config)
    with (root / "log").open("wb") as log:
        server = subprocess.Popen([REGISTRY, "serve", str(root / "config.yml")], stdout=log, stderr=log)
    try:
        for _ in range(200):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", int(host.rpartition(":")[2]))) == 0:
                    break
            time.sleep(0.05)
        else:
            pytest.fail(f"docker-registry did not start: {(root / 'log').read_text()}")
        yield host
    finally:
        server.terminate()
        server.wait(10)
