"""`pratique.toml`: defaults of options, of a project and of a user.

The project's file is in the working folder or the nearest folder above it, up to the repository's root (where `.git` is); the
user's in $XDG_CONFIG_HOME/pratique. An option counts more than a variable, that more than the project's file, that more than the
user's. The files choose keys and whom to believe: one that others can write to, or that lies in a folder of somebody else, is
refused, and what the project's says is told. It does not displace the trust that this machine follows.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from pratique.cli.voice import VOICE, say
from pratique.errors import InputError, Malformed

FILE = "pratique.toml"
MAX_FILE_BYTES = 1 << 16
_MAX_PARENTS = 64
_BELIEFS = ("keys", "identity", "identity_regexp", "issuer", "trusted_root", "notation_config", "keyring")
_IN_FOLDERS = ("oci-dir:", "oci-archive:", "file:")


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the file. `parameter`: what click calls the option; `commands`: those that take it from here; `variable`: of the
    environment, if there is one; `is_path`: a relative value is meant from the file's folder."""

    parameter: str
    commands: tuple[str, ...]
    variable: str | None = None
    is_path: bool = True


SETTINGS = {
    "key": Setting("key", ("ship", "sign", "attest"), "PRATIQUE_KEY", is_path=False),
    "policy": Setting("policy_path", ("gate",)),
    "trust": Setting("trust", ("verify", "gate", "trace", "bundle export")),
    "evidence": Setting(
        "evidence", ("sign", "attest", "verify", "gate", "attach", "download"), "PRATIQUE_EVIDENCE", is_path=False
    ),
    "timestamp-url": Setting("timestamp_url", ("ship", "sign", "attest"), "PRATIQUE_TIMESTAMP_URL", is_path=False),
    "signing-config": Setting("signing_config", ("sign", "attest"), "PRATIQUE_SIGNING_CONFIG"),
    "trusted-root": Setting("trusted_root", ("sign", "attest"), "PRATIQUE_TRUSTED_ROOT"),
}
VARIABLES = frozenset(
    {
        *(setting.variable for setting in SETTINGS.values() if setting.variable),
        "PRATIQUE_AGENT_OPTIONS",
        "PRATIQUE_BUILD_NUMBER",
        "PRATIQUE_COMMIT",
        "PRATIQUE_DEBUG",
        "PRATIQUE_HOME",
        "PRATIQUE_KEY_PASSPHRASE",
        "PRATIQUE_KEY_PIN",
        "PRATIQUE_LIMITS",
        "PRATIQUE_LOG_ORIGIN",
        "PRATIQUE_PKCS11_MODULE",
        "PRATIQUE_PLAIN_HTTP",
        "PRATIQUE_RELEASE_TAG",
        "PRATIQUE_REPOSITORY",
    }
)
"""All that the program reads of its own: docs/configuration.md has the same."""
CONFIGURED = frozenset(command for setting in SETTINGS.values() for command in setting.commands)


@dataclass(frozen=True, slots=True)
class Configured:
    """A value, ready for the option, and the file that says it. `of_project`: not of the user."""

    value: str
    file: Path
    of_project: bool


def read_settings() -> dict[str, Configured]:
    """What both files say, the project's before the user's. Raises InputError and Malformed with file and line."""
    found: dict[str, Configured] = {}
    for path, of_project in ((_project_file(), True), (_user_file(), False)):
        if path is not None:
            found = {name: Configured(value, path, of_project) for name, value in _read(path).items()} | found
    return found


def settled_defaults(command: str) -> dict[str, str]:
    """The values for a command's options, by click's names; `command`: without the program's name, as `bundle export`."""
    return {SETTINGS[name].parameter: one.value for name, one in read_settings().items() if command in SETTINGS[name].commands}


def settle(context: click.Context, command: str) -> None:
    """Say what was taken from a file, once the options are read; the file's trust gives way to whom options name and, if it is
    the project's, to the trust that this machine follows."""
    from click.core import ParameterSource

    for name, one in read_settings().items():
        setting = SETTINGS[name]
        if command not in setting.commands or context.get_parameter_source(setting.parameter) is not ParameterSource.DEFAULT_MAP:
            continue
        if name == "trust":
            from pratique.app.home import find_home

            if any(context.params.get(belief) for belief in _BELIEFS):
                context.params[setting.parameter] = None
                continue
            if one.of_project and find_home().trust.exists():
                context.params[setting.parameter] = None
                say(f"trust of {one.file} is passed over: this machine follows a trust; --trust {one.value} believes it")
                continue
        if one.of_project or VOICE.verbose:
            say(f"{name} is {one.value}, of {one.file}")


def _project_file() -> Path | None:
    """The nearest file from here up to the repository's root; without a repository only here."""
    try:
        here = Path.cwd()
    except OSError:
        return None
    folders = [here, *here.parents][:_MAX_PARENTS]
    root = next((number for number, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    return next((folder / FILE for folder in folders[: root + 1] if os.path.lexists(folder / FILE)), None)


def _user_file() -> Path | None:
    base = os.environ.get("XDG_CONFIG_HOME", "")
    try:
        folder = Path(base) if Path(base).is_absolute() else Path.home() / ".config"
    except RuntimeError:
        return None
    path = folder / "pratique" / FILE
    return path if os.path.lexists(path) else None


def _read(path: Path) -> dict[str, str]:
    from pratique.files import read_limited
    from pratique.lexicon.parse import load_toml

    _refuse_of_others(path)
    data = read_limited(path, MAX_FILE_BYTES)
    try:
        values: Mapping[str, object] = load_toml(data)
    except Malformed as error:
        error.where = str(path)
        raise
    text = data.decode("utf-8", "replace")
    found = {}
    for name, value in values.items():
        where = f"{path}:{_line_of(text, name)}"
        if name not in SETTINGS:
            raise InputError(f"there is no setting {name[:40]!r}", where=where, hint=_meant(name))
        if not isinstance(value, str) or not value.strip():
            raise InputError(f"{name} is a text in quotes", where=where, hint=f'write {name} = "…"')
        found[name] = _from_folder(SETTINGS[name], name, value, path.parent)
    return found


def _meant(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name.replace("_", "-"), SETTINGS, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(SETTINGS)}"


def _refuse_of_others(path: Path) -> None:
    """Raises InputError for a file that somebody else could have written: it chooses keys and whom to believe."""
    ours = {0, os.geteuid()}
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError as error:
        from pratique.files import unreadable

        raise unreadable(error, path) from error
    if file.st_uid not in ours or folder.st_uid not in ours:
        raise InputError("is of another user, or in a folder of one", where=str(path), hint="run from a folder of your own")
    if file.st_mode & 0o022:
        raise InputError("others can write to it", where=str(path), hint=f"chmod go-w {path}")


def _line_of(text: str, name: str) -> int:
    """The line on which a key of a table at the top begins."""
    key = rf"(?:{re.escape(name)}|\"{re.escape(name)}\"|'{re.escape(name)}')"
    begun = re.search(rf"^[ \t]*\[*[ \t]*{key}[ \t]*[=.\]]", text, re.MULTILINE)
    return text.count("\n", 0, begun.start()) + 1 if begun else 1


def _from_folder(setting: Setting, name: str, value: str, folder: Path) -> str:
    """A relative path is meant from the file's folder, wherever the command is run."""
    if setting.is_path:
        return str(folder / value)
    if name == "key":
        from pratique.keys.access import parse_reference

        reference = parse_reference(value)
        return str(folder / reference.name) if reference.scheme == "file:" else value
    scheme = next((scheme for scheme in _IN_FOLDERS if value.startswith(scheme)), None)
    return f"{scheme}{folder / value.removeprefix(scheme)}" if scheme else value
