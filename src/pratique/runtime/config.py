"""What the agent is told at its start, and what it is answered about a workload's manifest. Values."""

from collections.abc import Callable
from dataclasses import dataclass

from pratique.model import Cause, Digest, FileManifest
from pratique.runtime.respond import Response
from pratique.runtime.watch import Rules
from pratique.runtime.workloads import RunningContainer


@dataclass(frozen=True, slots=True, kw_only=True)
class Unverified:
    """Why a workload has no verified manifest. `detail`: one line."""

    cause: Cause
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """`rules`: what is refused. `seal`: make roots read-only from outside. `forbid_memory`: no programs in memory files (in
    enforce mode only). Times in seconds. `hold_s`: how long a new container's opens wait for its manifest. `ask_again_s`: how
    long after it could not be had it is asked for again: what is down may come back, and who forgot to sign may do so.
    `scope`: in words, which containers are watched and whence their manifests come.
    """

    rules: Rules
    node: str
    boot_id: str
    scope: str = "every container"
    nonce: str = ""
    policy_digest: Digest | None = None
    on_violation: Response = Response.NONE
    seal: bool = False
    forbid_memory: bool = True
    poll_s: float = 0.5
    report_interval_s: float = 300.0
    hold_s: float = 10.0
    ask_again_s: float = 30.0
    violations_limit: int = 100


ManifestSource = Callable[[RunningContainer], FileManifest | Unverified]
