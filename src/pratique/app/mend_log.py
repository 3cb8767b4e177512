"""Mending this home's log: bring a log forward that was put back, give it another name, and hold bundles against it.

Nothing here signs another tree for a size that has one: what is brought forward must come to what was remembered, and a log of
another name has sizes of its own.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.app.home import Home, load_or_make_key, open_home_catalog
from pratique.app.home_log import folder_of, home_log_vkey, log_memory
from pratique.errors import DigestMismatch, InputError, NotFound, PratiqueError, ProofInvalid
from pratique.files import read_limited, storage_error

if TYPE_CHECKING:
    from pratique.tlog.checkpoint import Checkpoint
    from pratique.tlog.log import TileLog
    from pratique.tlog.reader import TileReader

MAX_BUNDLE_FILE = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An entry that a bundle says is in a log, proven. `where`: the bundle; `checkpoint`: what the log signed then."""

    where: str
    index: int
    body: bytes
    checkpoint: "Checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What recovering came to. `before`, `after`: how many entries the log had, and has."""

    origin: str
    before: int
    after: int


def proven_entries(bundles: Iterable[tuple[str, bytes]], public_key: bytes) -> Iterator[Held]:
    """The entries of a log of this key that bundles (place, bytes) prove; those of other logs, or that prove nothing, are not
    among them.
    """
    from pratique.attest.bundle import parse_bundle
    from pratique.tlog.verify import verify_entry

    for where, data in bundles:
        try:
            entries = parse_bundle(data).log_entries
        except InputError:
            continue
        for entry in entries:
            if entry.proof is None:
                continue
            try:
                checkpoint = verify_entry(
                    entry.body,
                    index=entry.proof.log_index,
                    size=entry.proof.tree_size,
                    root=entry.proof.root_hash,
                    hashes=entry.proof.hashes,
                    checkpoint=entry.proof.checkpoint,
                    public_key=public_key,
                )
            except PratiqueError:
                continue
            yield Held(where=where, index=entry.proof.log_index, body=entry.body, checkpoint=checkpoint)


def catalogued_bundles(home: Home) -> Iterator[tuple[str, bytes]]:
    """Every bundle that this home's catalog has, with its file; one that is gone or damaged is not among them."""
    if not home.catalog_directory.exists():
        return
    with open_home_catalog(home) as catalog:
        for digest in catalog.signed_documents():
            try:
                yield str(catalog.documents.path_of(digest)), catalog.documents.get(digest)
            except (DigestMismatch, InputError):
                continue


def bundle_files(paths: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    """These files. Raises NotFound, InputError."""
    for path in paths:
        yield str(path), read_limited(path, MAX_BUNDLE_FILE)


def check_named(paths: Sequence[Path], public_key: bytes) -> None:
    """Whether each file that a person named holds an entry of a log of this key: else nothing would be checked for it, and nobody
    would know. Raises InputError.
    """
    from pratique.attest.bundle import parse_bundle

    for place, data in bundle_files(paths):
        try:
            parse_bundle(data)
        except InputError as error:
            raise InputError(error.message, where=place, hint="name a bundle, FILE.sigstore.json") from error
        if next(proven_entries([(place, data)], public_key), None) is None:
            hint = "name a bundle that was signed here, or the log that it is of: --directory, --log-key"
            raise InputError("it proves no entry of a log of this key", where=place, hint=hint)


def check_held(held: Iterable[Held], reader: "TileReader", origin: str, *, ended: bool = False) -> int:
    """Check that a log continues every checkpoint that these entries were proven by. Returns how many are its own.

    `ended`: the log goes on under another name, and may have lost what it signed last. Raises ProofInvalid for a fork, and for a
    log that is behind one of them.
    """
    count = 0
    roots: dict[int, tuple[bytes, str]] = {}
    for item in held:
        signed = item.checkpoint
        if signed.origin != origin:
            continue
        count += 1
        known, where = roots.setdefault(signed.size, (signed.root, item.where))
        if known != signed.root:
            raise ProofInvalid(
                f"the log {origin} was forked: it signed this tree of {signed.size} entries, and another in {where}",
                where=item.where,
            )
        if signed.size > reader.size:
            if ended:
                continue
            raise ProofInvalid(
                f"the log {origin} signed {signed.size} entries for this, and has {reader.size}: it was put back",
                where=item.where,
                hint="pratique log recover",
            )
        if reader.root(signed.size) != signed.root:
            raise ProofInvalid(
                f"the log {origin} was forked: the tree of {signed.size} entries that it signed for this is not the one it has",
                where=item.where,
            )
    return count


def check_home_log(home: Home, bundles: Sequence[Path] = ()) -> int:
    """Check that this home's log, and those of its former names, continue what is remembered of them, every bundle in the catalog
    and these. Returns how many bundles are in one of them. Raises ProofInvalid.
    """
    from pratique.tlog.log import open_unchecked

    key = home_log_vkey(home)
    log = open_unchecked(home.log_directory, memory=log_memory(home, key.name, key.public_key))
    log.check_remembered()
    held = list(proven_entries(chain(bundle_files(bundles), catalogued_bundles(home)), log.public_key))
    count = check_held(held, log.reader(), log.origin)
    for folder in sorted(home.former_logs.glob("*")):
        former = open_unchecked(folder)
        count += check_held(held, former.reader(), former.origin, ended=True)
    return count


def recover_log(home: Home, sources: Sequence[Path] = ()) -> Recovered:
    """Bring this home's log forward to the newest checkpoint that anything here remembers.

    `sources`: besides the catalog, bundles, or folders with newer copies of the log. Raises NotFound when entries are missing,
    ProofInvalid for a fork.
    """
    from pratique.tlog.log import create_log, open_unchecked

    folders = [path for path in sources if path.is_dir()]
    files = [path for path in sources if not path.is_dir()]
    signer = load_or_make_key(home.log_key, "ed25519")
    public = signer.public_key.raw
    gone = not (home.log_directory / "checkpoint").exists()
    origin = _lost_origin(home) if gone else home_log_vkey(home).name
    memory = log_memory(home, origin, public)
    if gone:
        create_log(home.log_directory, origin=origin, public_key=public, sign=signer.sign, memory=memory, again=True)
    log = open_unchecked(home.log_directory, sign=signer.sign, memory=memory)
    before = log.size
    entries: dict[int, bytes] = {}
    newest = [log.state(), *memory.recall(origin)]
    for folder in folders:
        newest.append(_copied(folder, origin, public, entries, before))
    for item in proven_entries(chain(catalogued_bundles(home), bundle_files(files)), public):
        if item.checkpoint.origin == origin:
            newest.append(item.checkpoint)
            if entries.setdefault(item.index, item.body) != item.body:
                raise ProofInvalid(f"the log {origin} was forked: it has two entries {item.index}", where=item.where)
    ahead = max(newest, key=lambda checkpoint: checkpoint.size)
    if ahead.size > max((known.size for known in memory.recall(origin)), default=before):
        memory.remember(ahead)  # proven to have been signed: nothing may be signed before the log has come that far again
    try:
        after = log.restore(entries)
    except NotFound as error:
        hint = "give what has them: --from BUNDLE or --from FOLDER; or go on under another name: pratique log move --origin HOST"
        raise NotFound(error.message, where=error.where, hint=hint) from error
    return Recovered(origin=origin, before=before, after=after.size)


def _copied(folder: Path, origin: str, public_key: bytes, entries: dict[int, bytes], start: int) -> "Checkpoint":
    """The entries from `start` of a copy of the log, all of it verified."""
    from pratique.tlog.checkpoint import Checkpoint
    from pratique.tlog.log import open_log
    from pratique.tlog.verify import verify_log

    state = verify_log(folder, public_key=public_key, origin=origin)
    if state.size > start:
        entries |= dict(enumerate(open_log(folder).entries(start, state.size), start))
    return Checkpoint(origin=origin, size=state.size, root=state.root)


def _lost_origin(home: Home) -> str:
    """The name of the one log that is remembered here, whose folder is gone. Raises InputError."""
    from pratique.tlog.memory import MAX_MEMORY_BYTES

    paths = sorted(home.seen_logs.glob("*"))
    names = [read_limited(path, 2 * MAX_MEMORY_BYTES).partition(b"\n")[0].decode("utf-8", "replace") for path in paths]
    names = [name for name in names if not (home.former_logs / folder_of(name)).exists()]
    if len(names) != 1:
        raise InputError("there is no log to recover", where=str(home.root), hint="put its folder back first")
    return names[0]


def move_log(home: Home, origin: str) -> Recovered:
    """Go on with this home's log under another name: the same entries with the same numbers, the same key, and no size that was
    ever signed under that name. The log as it was is kept, to be read and verified.

    A log that is behind what is remembered may go on so: what it lost stays proven by its bundles. Interrupted, the same call
    goes on. Raises InputError for a name that is not a bare host name, or that this key has signed under before.
    """
    from pratique.tlog.checkpoint import check_host_origin
    from pratique.tlog.log import CHECKPOINT, create_log, open_unchecked
    from pratique.tlog.rename import copy_log
    from pratique.tlog.store import lock

    check_host_origin(origin)
    signer = load_or_make_key(home.log_key, "ed25519")
    public = signer.public_key.raw
    memory, moving = log_memory(home, origin, public), home.root / "log.moving"
    if not (home.log_directory / CHECKPOINT).exists():
        if (moving / CHECKPOINT).exists():  # a move that was interrupted between its two renames
            _rename(moving, home.log_directory)
            return _moved(open_unchecked(home.log_directory, sign=signer.sign, memory=memory))
        return _moved(create_log(home.log_directory, origin=origin, public_key=public, sign=signer.sign, memory=memory))
    key = home_log_vkey(home)
    if key.public_key != public:
        raise InputError("this log was made with another key", where=str(home.log_key), hint="restore the log's own key")
    if key.name == origin:
        raise InputError(f"this log is {origin} already", where=str(home.log_directory))
    with lock(home.log_directory):
        former, taken = home.former_logs / folder_of(key.name), home.former_logs / folder_of(origin)
        if taken.exists():
            raise InputError(f"this log's key has signed under the name {origin} before", hint="choose another name")
        if former.exists():
            raise InputError(f"there is a former log {key.name} already", where=str(former), hint="move that folder away first")
        shutil.rmtree(moving, ignore_errors=True)
        copy_log(home.log_directory, moving, origin=origin, sign=signer.sign, memory=memory)
        home.former_logs.mkdir(parents=True, exist_ok=True)
        _rename(home.log_directory, former)
        _rename(moving, home.log_directory)
    return _moved(open_unchecked(home.log_directory, sign=signer.sign, memory=memory))


def _moved(log: "TileLog") -> Recovered:
    state = log.settle()
    return Recovered(origin=state.origin, before=state.size, after=state.size)


def _rename(source: Path, target: Path) -> None:
    from pratique.files import sync_directory

    try:
        source.replace(target)
        sync_directory(source.parent)
        sync_directory(target.parent)
    except OSError as error:
        raise storage_error(error, target) from error
