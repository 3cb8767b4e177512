"""Who we are to a registry: what `docker login` and `podman login` have kept (docker config.json, containers-auth.json(5)).

Both keep it in several places; the more particular is asked first, and one that is broken is told only where no other helps.
Looked up only after a registry asked for it. A secret is never part of a message or a repr.
"""

import base64
import binascii
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pratique.errors import Malformed, NotFound, PratiqueError, Unavailable
from pratique.files import read_limited
from pratique.registry.reference import DOCKER_HUB

RunHelper = Callable[[str, bytes], tuple[int, bytes]]

_HELPER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MAX_CONFIG_BYTES = 4 << 20
_HELPER_TIMEOUT_S = 30
_OLDEST = ".dockercfg"  # Docker's before 1.7: the entries without a name above them
_TOKEN_USER = "<token>"  # noqa: S105  (what helpers say in place of a user's name when the secret is an identity token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A name and password, or an identity token to be exchanged (`identity`), or a token to be sent as it is (`bearer`).

    `username`: of an identity token, what it goes with at services that take it for a password.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        username = self.username or (_TOKEN_USER if self.identity else "")
        return "Basic " + base64.b64encode(f"{username}:{self.password or self.identity}".encode()).decode()


def find_credential(
    host: str,
    name: str,
    environ: Mapping[str, str],
    *,
    run_helper: RunHelper | None = None,
    run_folder: Path = Path("/run/containers"),
) -> Credential | None:
    """What is kept for `host` (with its port), the most particular entry for repository `name` first; None if nothing is.

    `run_helper(program, input)`: exit status and output. `run_folder`: where podman keeps logins of a machine's users. Raises
    InputError, Malformed for a broken file and Unavailable for a helper that fails, if no other place knows.
    """
    trouble: PratiqueError | None = None
    for path in dict.fromkeys(_config_paths(environ, run_folder)):
        try:
            config = _load_config(path)
            found = None if config is None else _from_config(config, host, name, path, run_helper or _run_helper)
        except PratiqueError as error:
            trouble = trouble or error
            continue
        if found is not None:
            return found
    if trouble is not None:
        raise trouble
    return None


def _config_paths(environ: Mapping[str, str], run_folder: Path) -> Iterator[Path]:
    """First what the user names, then Docker's, then podman's places (containers-auth.json(5), podman-login(1))."""
    if named := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if folder := environ.get("DOCKER_CONFIG"):
        yield Path(folder) / "config.json"
    home = environ.get("HOME")
    if home:
        yield Path(home) / ".docker" / "config.json"
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers" / "auth.json"
    yield run_folder / str(os.getuid()) / "auth.json"
    if config := environ.get("XDG_CONFIG_HOME"):
        yield Path(config) / "containers" / "auth.json"
    if home:
        yield Path(home) / ".config" / "containers" / "auth.json"
        yield Path(home) / _OLDEST


def _load_config(path: Path) -> Mapping[str, Any] | None:
    from pratique.attest.strictjson import load_json

    try:
        data = read_limited(path, _MAX_CONFIG_BYTES)
    except NotFound:
        return None
    if not data.strip():
        return None
    config = load_json(data, what=str(path), max_size=_MAX_CONFIG_BYTES, max_depth=16)
    if not isinstance(config, Mapping):
        raise Malformed("not an object", where=str(path))
    return {"auths": config} if path.name == _OLDEST else config


def _from_config(config: Mapping[str, Any], host: str, name: str, path: Path, run_helper: RunHelper) -> Credential | None:
    hosts = list(_host_keys(host))
    helpers = _member(config, "credHelpers", path)
    # A helper that is named "" is none: so one host is taken out of the store.
    asked = [(helpers[key], key) for key in (*_path_keys(host, name), *hosts) if helpers.get(key)][:1]
    if not asked and (store := config.get("credsStore")) and not any(key in helpers for key in hosts):
        asked = [(store, key) for key in hosts]
    for helper, key in asked:
        if (found := _ask_helper(helper, key, path, run_helper)) is not None:
            return found
    entries = _member(config, "auths", path)
    for key in (*_path_keys(host, name), *hosts, *_url_keys(entries, hosts)):
        if key in entries and (found := _from_entry(entries[key], path)):
            return found
    return None


def _path_keys(host: str, name: str) -> Iterator[str]:
    """Under what a part of a registry is kept, the longest first (containers-auth.json(5))."""
    parts = name.split("/")
    for count in range(len(parts), 0, -1):
        yield "/".join([host, *parts[:count]])


def _host_keys(host: str) -> Iterator[str]:
    """Under what a whole registry is kept, by its name or by a URL of it."""
    hosts = [host, "index.docker.io", "registry-1.docker.io"] if host == DOCKER_HUB else [host]
    for each in hosts:
        yield from (each, f"https://{each}", f"https://{each}/", f"https://{each}/v1/", f"https://{each}/v2/")


def _url_keys(entries: Mapping[str, Any], hosts: list[str]) -> Iterator[str]:
    """Keys that are other URLs of the host: Docker looks at nothing else in them."""
    for key in entries:
        scheme, colon, rest = key.partition("://")
        if colon and scheme.lower() in ("http", "https") and rest.partition("/")[0].lower() in hosts:
            yield key


def _member(config: Mapping[str, Any], member: str, path: Path) -> Mapping[str, Any]:
    value = config.get(member) or {}
    if not isinstance(value, Mapping):
        raise Malformed(f"{member} is not an object", where=str(path))
    return value


def _from_entry(entry: object, path: Path) -> Credential | None:
    if not isinstance(entry, Mapping):
        raise Malformed("an entry of auths is not an object", where=str(path))
    texts = {name: value for name, value in entry.items() if isinstance(value, str) and value}
    if "registrytoken" in texts:
        return Credential(bearer=texts["registrytoken"])
    if "identitytoken" in texts:
        return Credential(identity=texts["identitytoken"], username=_user_of(texts))
    if "auth" in texts:
        try:
            plain = base64.b64decode(texts["auth"], validate=True).decode()
        except (binascii.Error, ValueError):
            # Not chained: the error's context would quote the secret.
            raise Malformed("an auth that is no base64 of NAME:PASSWORD", where=str(path)) from None
        username, colon, password = plain.partition(":")
        if not colon or not username:
            raise Malformed("an auth that is no base64 of NAME:PASSWORD", where=str(path))
        return Credential(username=username, password=password.rstrip("\0"))
    if "username" in texts and "password" in texts:
        return Credential(username=texts["username"], password=texts["password"])
    return None


def _user_of(texts: Mapping[str, str]) -> str:
    try:
        plain = base64.b64decode(texts.get("auth", ""), validate=True).decode()
    except (binascii.Error, ValueError):
        plain = ""
    return plain.partition(":")[0] or texts.get("username", "")


def _ask_helper(helper: object, server: str, path: Path, run_helper: RunHelper) -> Credential | None:
    from pratique.attest.strictjson import load_json

    # The name becomes part of a program's: nothing that could be a path or an option.
    if not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        raise Malformed(f"{str(helper)[:80]!r} is no name of a credential helper", where=str(path))
    program = f"docker-credential-{helper}"
    status, output = run_helper(program, server.encode())
    if status != 0:
        if b"credentials not found" in output:
            return None
        raise Unavailable(f"{program} failed with status {status}", where=str(path), hint="does it work by itself?")
    if not output.strip():
        return None
    try:
        answer = load_json(output, what=f"what {program} says", max_size=_MAX_CONFIG_BYTES, max_depth=4)
    except Malformed:
        raise Malformed(f"{program} does not answer in JSON", where=str(path)) from None
    username, secret = (answer.get("Username", ""), answer.get("Secret", "")) if isinstance(answer, Mapping) else (None, None)
    if not isinstance(username, str) or not isinstance(secret, str):
        raise Malformed(f"{program} gives no Username and Secret", where=str(path))
    if not secret:
        return None  # it has nothing to say of this host
    if username == _TOKEN_USER:
        return Credential(identity=secret)
    return Credential(username=username, password=secret)


def _run_helper(program: str, data: bytes) -> tuple[int, bytes]:
    try:
        done = subprocess.run([program, "get"], input=data, capture_output=True, timeout=_HELPER_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{program} did not answer in {_HELPER_TIMEOUT_S} s") from None
    except OSError as error:
        # A folder in PATH that may not be searched makes it "permission denied" although the program is nowhere.
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed", hint="install it, or log in without it") from error
        raise Unavailable(f"{program} cannot be run: {(error.strerror or str(error)).lower()}") from error
    return done.returncode, done.stdout + (done.stderr if done.returncode else b"")
