"""Where state lives: PRATIQUE_HOME, by default the XDG data directory. Opens the catalog and the keys of its own."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.errors import InputError, StorageError

if TYPE_CHECKING:
    from pratique.artifact.types import Artifact
    from pratique.catalog.ledger import Catalog
    from pratique.keys.signer import Signer
    from pratique.model.chain import Bases


@dataclass(frozen=True, slots=True)
class Home:
    """The folders below one root. Nothing is created before it is needed."""

    root: Path

    @property
    def cache(self) -> Path:
        """Layer scans by diff_id: may be deleted at any time."""
        return self.root / "cache" / "layers"

    @property
    def log_directory(self) -> Path:
        return self.root / "log"

    @property
    def former_logs(self) -> Path:
        """Logs that go on under another name, a folder each, as they were."""
        return self.root / "former-logs"

    @property
    def seen_logs(self) -> Path:
        """The newest checkpoints that were signed here, a file for each log: `tlog.memory`."""
        return self.root / "seen-logs"

    @property
    def catalog_directory(self) -> Path:
        return self.root / "catalog"

    @property
    def journals(self) -> Path:
        """Unfinished shipments."""
        return self.root / "journal"

    @property
    def log_key(self) -> Path:
        return self.root / "keys" / "log.key"

    @property
    def trust(self) -> Path:
        """The trust that this machine follows, as it was last fetched."""
        return self.root / "trust"

    @property
    def service_key(self) -> Path:
        """Signs decisions and runtime reports when no other key is given."""
        return self.root / "keys" / "service.key"


def find_home() -> Home:
    """PRATIQUE_HOME, else $XDG_DATA_HOME/pratique, else ~/.local/share/pratique."""
    chosen = os.environ.get("PRATIQUE_HOME")
    if chosen:
        return Home(Path(chosen).absolute())
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Home(Path(base).absolute() / "pratique")


def load_or_make_key(path: Path, algorithm: str = "ecdsa-p256") -> "Signer":
    """A key of this machine's own: made once, without a passphrase, readable by its owner only.

    `algorithm`: of a new one; by default the one whose log entries every client can rebuild.
    """
    from pratique.files import make_private_directory
    from pratique.keys.file import generate_key, load_signer

    make_private_directory(path.parent)
    if not path.exists():
        try:
            generate_key(path, algorithm, None, replace_half=True)  # a half was left by a run that was killed
        except InputError:
            if not path.exists():  # else another process was first
                raise
    return load_signer(path, lambda: None)


def open_stamp(timestamp_url: str | None) -> "Callable[[bytes], bytes] | None":
    """What asks the timestamp authority at this address about a signature; None without an address."""
    if timestamp_url is None:
        return None
    from functools import partial

    from pratique.keys.keyless.stamp import request_timestamp
    from pratique.keys.keyless.web import Web

    return partial(request_timestamp, timestamp_url, web=Web())


def open_home_catalog(home: Home, *, busy_timeout_s: float = 2.0) -> "Catalog":
    """This home's ledger, made or migrated when needed. `busy_timeout_s`: how long to wait for another writer."""
    from pratique.catalog.ledger import open_catalog

    return open_catalog(home.catalog_directory, busy_timeout_s=busy_timeout_s)


def bases_of(home: Home, artifact: "Artifact", say: Callable[[str], None]) -> "Bases":
    """What this home's ledger knows of the layers of an image; nothing where it cannot be read, which `say` is told."""
    from pratique.catalog.bases import known_bases

    if artifact.image is None:
        return {}
    try:
        return known_bases(home.catalog_directory, artifact.image.diff_ids)
    except StorageError as error:
        say(str(error))
        return {}


_ALSO = {"catalog": ", import a bill of materials"}


def existing(home: Home, path: Path, what: str) -> Path:
    """`path` if it is there. Raises InputError: a question about nothing is not answered by making it."""
    if not path.exists():
        raise InputError(
            f"there is no {what} yet",
            where=str(home.root),
            hint=f"ship something first{_ALSO.get(what, '')}, or set PRATIQUE_HOME",
        )
    return path
