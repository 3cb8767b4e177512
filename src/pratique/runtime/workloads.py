"""Running containers, as the engine tells of them. `PodmanEngine` asks podman; no shell, no name is ever interpreted."""

import json
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pratique.errors import Malformed, Unavailable
from pratique.model import Digest

MAX_OUTPUT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningContainer:
    """One running container. `id`: the engine's, 64 hex digits. `image`: digest of the image manifest, None if the engine has
    none (started from a directory). `image_id`: digest of the image's configuration, hex, "" if none. `pid`: of its first
    process, in the agent's PID namespace. `merged`: where the engine mounts its root on the host, "" if unknown.
    `started_at`: Unix seconds.
    """

    engine: str
    id: str
    name: str
    image: Digest | None
    image_id: str
    image_name: str
    pid: int
    merged: str
    read_only: bool
    privileged: bool
    started_at: float


class Engine(Protocol):
    """What the agent asks of a container engine. No method may touch a container's files: the agent holds their opens."""

    name: str

    def running(self) -> Sequence[RunningContainer]:
        """All running containers, started or not by this engine's user. Raises Unavailable."""
        ...

    def freeze(self, workload: RunningContainer) -> None:
        """Stop all its processes where they are, for a person to look at. Raises Unavailable."""
        ...

    def stop(self, workload: RunningContainer) -> None:
        """Kill it. Raises Unavailable."""
        ...


class PodmanEngine:
    """podman ≥ 4 through its command line. `only`: names to watch; empty for all."""

    name = "podman"

    def __init__(self, *, only: Collection[str] = (), program: Sequence[str] = ("podman",), timeout_s: float = 30.0) -> None:
        self._only = frozenset(only)
        self._program = tuple(program)
        self._timeout_s = timeout_s
        self._known: dict[tuple[str, int], RunningContainer] = {}

    def running(self) -> Sequence[RunningContainer]:
        """All running containers; each is inspected once in its life. Raises Unavailable."""
        listed = _as_list(self._run("ps", "--format", "json"))
        current: dict[tuple[str, int], RunningContainer] = {}
        fresh: list[tuple[str, int]] = []
        for entry in listed:
            key = (str(entry.get("Id", "")), int(entry.get("Pid") or 0))
            if entry.get("IsInfra") or not key[1] or (self._only and not self._only & set(entry.get("Names") or ())):
                continue
            if key in self._known:
                current[key] = self._known[key]
            else:
                fresh.append(key)
        for number, _ in fresh:
            workload = self._inspect(number)
            if workload is not None:
                current[(workload.id, workload.pid)] = workload
        self._known = current
        return tuple(current.values())

    def freeze(self, workload: RunningContainer) -> None:
        """`podman pause`. Raises Unavailable."""
        self._run("pause", workload.id)

    def stop(self, workload: RunningContainer) -> None:
        """`podman stop -t 0`. Raises Unavailable."""
        self._run("stop", "-t", "0", workload.id)

    def _inspect(self, container_id: str) -> RunningContainer | None:
        try:
            found = _as_list(self._run("container", "inspect", container_id))
        except Unavailable:
            return None  # ended meanwhile: the next listing tells
        return parse_inspect(found[0]) if found and found[0].get("State", {}).get("Running") else None

    def _run(self, *arguments: str) -> bytes:
        command = [*self._program, *arguments]
        try:
            done = subprocess.run(command, capture_output=True, timeout=self._timeout_s, check=False, stdin=subprocess.DEVNULL)
        except FileNotFoundError as error:
            raise Unavailable("podman is not installed", hint="install podman, or choose another engine") from error
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"podman {arguments[0]} did not answer within {self._timeout_s:g} s") from error
        if done.returncode != 0:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Unavailable(f"podman {arguments[0]} failed: {lines[-1][:300] if lines else done.returncode}")
        if len(done.stdout) > MAX_OUTPUT_BYTES:
            raise Unavailable(f"podman {arguments[0]} said more than {MAX_OUTPUT_BYTES} bytes")
        return done.stdout


def _as_list(data: bytes) -> list[dict[str, Any]]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("podman did not answer with JSON") from error
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed("podman did not answer with a list of objects")
    return value


def parse_inspect(entry: dict[str, Any]) -> RunningContainer:
    """One element of `podman container inspect`. Raises Malformed."""
    try:
        state, host = entry["State"], entry["HostConfig"]
        driver = (entry.get("GraphDriver") or {}).get("Data") or {}
        digest = entry.get("ImageDigest") or ""
        return RunningContainer(
            engine="podman",
            id=str(entry["Id"]),
            name=str(entry["Name"]),
            image=Digest.parse(digest) if digest else None,
            image_id=str(entry.get("Image") or ""),
            image_name=str(entry.get("ImageName") or ""),
            pid=int(state["Pid"]),
            merged=str(driver.get("MergedDir") or ""),
            read_only=bool(host.get("ReadonlyRootfs")),
            privileged=bool(host.get("Privileged")),
            started_at=datetime.fromisoformat(str(state["StartedAt"])).timestamp(),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed("podman described a container in another form than we know") from error
