"""Whether an engine on this machine has an image of a name. Asked of each engine's own client, and only where the engine is:
podman where it is installed, docker and containerd where their socket is. Nothing is fetched, and nothing is saved.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pratique.artifact.engine import full_name

_TIMEOUT_S = 10  # an engine that does not answer a question about its own list is as good as not there
_IMAGE_ID = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class LocalImage:
    """`engine`: the scheme that opens it: podman, docker or containerd. `image_id`: what the engine calls it, the digest of its
    configuration or of its manifest; "" where its client does not say.
    """

    engine: str
    image_id: str


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """`image`: the first that was found. `asked`: the engines that answered. `silent`: those that are here and did not."""

    image: LocalImage | None
    asked: tuple[str, ...]
    silent: tuple[str, ...]

    def __str__(self) -> str:
        if self.image is not None:
            return f"{self.image.engine} has it"
        asked = f"not in {', '.join(self.asked)}" if self.asked else "no engine here to ask"
        return f"{asked}; {', '.join(self.silent)} did not answer" if self.silent else asked


def find_local_image(name: str, environ: Mapping[str, str] = os.environ) -> LocalAnswer:
    """Ask podman, docker and containerd in this order for `name`, which must be the name of an image or an image ID."""
    asked: list[str] = []
    silent: list[str] = []
    for engine, command in _questions(name, environ):
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            silent.append(engine)
            continue
        words = done.stdout.decode("utf-8", "replace").split()
        if done.returncode == 0:
            asked.append(engine)
            if words:
                matched = _IMAGE_ID.fullmatch(words[0])
                return LocalAnswer(LocalImage(engine, f"sha256:{matched[1]}" if matched else ""), tuple(asked), tuple(silent))
        else:
            known = "no such" in (reason := done.stderr.decode("utf-8", "replace").lower()) or "not known" in reason
            (asked if known else silent).append(engine)
    return LocalAnswer(None, tuple(asked), tuple(silent))


def _questions(name: str, environ: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Each engine that is here, and the command that prints the image's ID, or its name, if it has the image."""
    inspect = ["image", "inspect", "--format", "{{.Id}}", name]
    path = environ.get("PATH")
    if shutil.which("podman", path=path):
        yield "podman", ["podman", *inspect]
    runtime = environ.get("XDG_RUNTIME_DIR")
    sockets = ["/run/docker.sock", "/var/run/docker.sock", *([f"{runtime}/docker.sock"] if runtime else [])]
    if shutil.which("docker", path=path) and ("DOCKER_HOST" in environ or any(map(_is_there, sockets))):
        yield "docker", ["docker", *inspect]
    address = environ.get("CONTAINERD_ADDRESS", "/run/containerd/containerd.sock")
    if shutil.which("ctr", path=path) and _is_there(address.removeprefix("unix://")):
        yield "containerd", ["ctr", "images", "list", "--quiet", f"name=={full_name(name)}"]


def _is_there(socket: str) -> bool:
    try:
        return Path(socket).exists()
    except OSError:
        return False
