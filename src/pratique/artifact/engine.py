"""Images in an engine's own storage, taken out with the engine's own client into a folder that is ours alone. No shell.

`podman save` and `ctr images export` write OCI archives, so the digest is the one the engine keeps; `docker save` writes
Docker's archive, whose manifest is made anew (`docker_archive`). Which engine, socket and namespace the clients speak to is
theirs to say: DOCKER_HOST, CONTAINERD_ADDRESS, CONTAINERD_NAMESPACE.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pratique.errors import InputError, NotFound, Unavailable
from pratique.files import storage_error

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,511}")
_TIMEOUT_S = 1800
_UNKNOWN = ("image not known", "no such image", "not an image", "unable to find", "does not exist", "not found")


@dataclass(frozen=True, slots=True)
class _Engine:
    """`lists`: the command that lists its images. `unreachable`: how its client says that no daemon answers."""

    name: str
    install: str
    lists: str
    unreachable: tuple[str, ...] = ()


_PODMAN = _Engine("podman", "podman", "podman images")
_DOCKER = _Engine("docker", "docker", "docker images", ("cannot connect to the docker daemon", "permission denied"))
_CONTAINERD = _Engine("containerd", "containerd", "ctr images ls", ("connection refused", "failed to dial", "permission denied"))


@contextmanager
def saved_by_podman(name: str, *, program: str = "podman") -> Iterator[Path]:
    """An OCI archive of the image `name`, removed on leaving. Layers are kept as podman stores them: uncompressed.

    Raises InputError (no name of an image), NotFound (the engine has none of that name), Unavailable (no engine, or it failed).
    """
    options = ["save", "--quiet", "--uncompressed", "--format", "oci-archive", "--output"]
    with _archive(name) as archive:
        _run(_PODMAN, [program, *options, os.fspath(archive), name], name)
        yield archive


@contextmanager
def saved_by_docker(name: str, *, program: str = "docker") -> Iterator[Path]:
    """An archive as `docker save` writes it, removed on leaving. Raises as `saved_by_podman`."""
    with _archive(name) as archive:
        _run(_DOCKER, [program, "save", "--output", os.fspath(archive), name], name)
        yield archive


@contextmanager
def saved_by_containerd(name: str, *, program: str = "ctr") -> Iterator[Path]:
    """An OCI archive of the image `name` for this machine's platform, removed on leaving. Raises as `saved_by_podman`.

    A name without a registry is docker.io's, as `nerdctl` and Kubernetes write it into containerd.
    """
    with _archive(name) as archive:
        names = [name] if name == (full := full_name(name)) else [full, name]
        for index, one in enumerate(names):
            try:
                _run(_CONTAINERD, [program, "images", "export", os.fspath(archive), one], name)
                break
            except NotFound:
                archive.unlink(missing_ok=True)
                if index == len(names) - 1:
                    raise
        yield archive


def full_name(name: str) -> str:
    """`HOST/PATH:TAG` of a short name: `nginx` is `docker.io/library/nginx:latest`."""
    host, slash, _ = name.partition("/")
    if not slash:
        name = f"docker.io/library/{name}"
    elif host != "localhost" and "." not in host and ":" not in host:
        name = f"docker.io/{name}"
    return name if "@" in name or ":" in name.rpartition("/")[2] else f"{name}:latest"


@contextmanager
def _archive(name: str) -> Iterator[Path]:
    # A name that begins with a dash would be an option.
    if not _NAME.fullmatch(name):
        raise InputError(f"not the name of an image: {name[:120]!r}")
    try:
        folder = tempfile.TemporaryDirectory(prefix="pratique-", ignore_cleanup_errors=True)
    except OSError as error:
        raise storage_error(error, Path(tempfile.gettempdir())) from error
    with folder:
        yield Path(folder.name) / "image.tar"


def _run(engine: _Engine, command: Sequence[str], name: str) -> None:
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{engine.name} did not save {name} within {_TIMEOUT_S} s") from error
    except OSError as error:
        # A folder in PATH that may not be searched makes it "permission denied" although the program is nowhere.
        if shutil.which(command[0]) is None:
            hint = f"install {engine.install}, or name an archive of the image"
            raise Unavailable(f"{command[0]} is not installed", hint=hint) from error
        raise Unavailable(f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}") from error
    if done.returncode == 0:
        return
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    reason = lines[-1].removeprefix("Error: ").removeprefix("ctr: ")[:300] if lines else f"it ended with {done.returncode}"
    lowered = reason.lower()
    if any(text in lowered for text in engine.unreachable):
        hint = f"is it running, and may you use it? try: {engine.lists}"
        raise Unavailable(f"{engine.name} cannot be reached: {reason}", hint=hint)
    if any(text in lowered for text in _UNKNOWN):
        raise NotFound(f"{engine.name} has no image {name}", hint=f"{engine.lists} lists those it has")
    raise Unavailable(f"{engine.name} could not save {name}: {reason}")
