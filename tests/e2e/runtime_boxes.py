"""A container on the real kernel and the agent that holds it: `box` makes one, `manifest` lists what its image holds."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest

from pratique.errors import Unavailable
from pratique.model import Digest, FileEntry, FileKind, FileManifest
from pratique.model.manifest import manifest_root
from pratique.runtime.agent import run_agent
from pratique.runtime.config import AgentConfig
from pratique.runtime.fanotify import Group
from pratique.runtime.respond import Response
from pratique.runtime.watch import Rules
from pratique.runtime.workloads import PodmanEngine

RUNTIME = shutil.which("runc")


def why_not() -> str:
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("podman") is None:
        return "podman is not installed"
    try:
        Group.open().close()
    except Unavailable as error:
        return str(error)
    return ""


REASON = why_not()
NEEDS = [pytest.mark.podman, pytest.mark.kernel, pytest.mark.skipif(bool(REASON), reason=REASON)]

# The same program with one byte more behind its end: other content, still runs.
DROP = "(cat /bin/{0}; printf x) > {1}; chmod +x {1}"


def podman(*arguments: str, check: bool = False, **more) -> subprocess.CompletedProcess:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=60, check=check, **more)


@pytest.fixture(scope="session")
def manifest(base_image) -> FileManifest:
    """Every regular file of the image as it is mounted, hashed."""
    root = Path(podman("image", "mount", base_image, check=True).stdout.strip())
    entries = []
    try:
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file():
                    continue
                data, inside = path.read_bytes(), str(path.relative_to(root))
                sha256 = hashlib.sha256(data).hexdigest()
                entries.append(FileEntry(inside, FileKind.FILE, path.stat().st_mode & 0o7777, len(data), sha256))
    finally:
        podman("image", "unmount", base_image)
    entries.sort(key=lambda entry: os.fsencode(entry.path))
    owners = tuple("pkg:deb/debian/coreutils@9.1" if entry.path == "usr/bin/tee" else "" for entry in entries)
    return FileManifest(root=manifest_root(entries), entries=tuple(entries), owners=owners)


class Box:
    """One container and the agent that holds it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[dict] = []
        self.reports: list = []
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def run(self, script: str, *, user: str = "0") -> subprocess.CompletedProcess:
        return podman("exec", "-i", "-u", user, self.name, "sh", "-c", script)

    def guard(
        self,
        answer,
        *,
        interval_s=300.0,
        on_violation=Response.NONE,
        seal=False,
        ask_again_s=30.0,
        scope="every container",
        why_stopped="it was told to",
        **rules,
    ) -> "Box":
        config = AgentConfig(
            rules=Rules(**({"enforce": True} | rules)),
            node="node",
            boot_id="boot",
            scope=scope,
            seal=seal,
            on_violation=on_violation,
            report_interval_s=interval_s,
            poll_s=0.2,
            ask_again_s=ask_again_s,
        )

        def publish(report):
            self.reports.append(report)
            return Digest.of(str(len(self.reports)).encode())

        def target() -> None:
            try:
                run_agent(
                    config,
                    engine=PodmanEngine(only={self.name}),
                    manifests=answer if callable(answer) else lambda workload: answer,
                    emit=self.events.append,
                    publish_report=publish,
                    clock=time.time,
                    stop_event=self.stop,
                    why_stopped=lambda: why_stopped,
                )
            except BaseException as error:
                self.failure = error

        self.thread = threading.Thread(target=target)
        self.thread.start()
        self.wait(lambda: any(event["kind"] in ("watching", "unwatched") for event in self.events))
        return self

    def wait(self, condition) -> None:
        """For as long as the agent lives; it fails at once if that ended with an error."""
        deadline = time.monotonic() + 20
        while not condition():
            assert self.failure is None, self.failure
            assert time.monotonic() < deadline, (self.events, self.reports)
            threading.Event().wait(0.02)

    def end(self):
        self.stop.set()
        if self.thread is not None:
            self.thread.join(30)
            assert not self.thread.is_alive()
        assert self.failure is None, self.failure
        return self.reports[-1] if self.reports else None

    def about(self, path: str) -> list[dict]:
        return [event for event in self.events if event.get("path") == path]


@pytest.fixture
def box(base_image):
    with contextlib.ExitStack() as stack:

        def make(*options: str, image: str = base_image) -> Box:
            name = f"pratique-{uuid.uuid4().hex[:12]}"
            made = Box(name)
            command = ["podman", *(("--runtime", RUNTIME) if RUNTIME else ()), "run", "-d", "--name", name, "--network=none"]
            limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
            done = subprocess.run(
                [*command, *limits, *options, image, "sleep", "300"], capture_output=True, text=True, check=False, timeout=60
            )

            def clean() -> None:
                made.stop.set()
                if made.thread is not None:
                    made.thread.join(30)
                podman("rm", "-f", "-t", "0", name)

            stack.callback(clean)
            assert done.returncode == 0, done.stderr
            return made

        yield make
