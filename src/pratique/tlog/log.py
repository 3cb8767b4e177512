"""The log as an object: append, find, prove.

What is confirmed is what the file `checkpoint` says; it is replaced last, in one rename, after everything it vouches for is
on disk. Whatever a crash leaves beyond its size is not there, and the next append writes over it. Nothing is ever signed
twice for one size: a checkpoint is kept under `checkpoints/<size>` only once it has been published.

    checkpoint            the newest signed checkpoint
    checkpoints/<size>    those before it
    log.vkey              the public key, for people and mirrors; who verifies brings a key of their own
    tile/...              C2SP tlog-tiles
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from pratique.errors import InputError, LimitExceeded, Malformed, NotFound, PratiqueError, ProofInvalid
from pratique.model.merkle import EMPTY_ROOT, leaf_hash
from pratique.tlog.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from pratique.tlog.frontier import Frontier
from pratique.tlog.notes import ED25519, VerifierKey, check_key_name, parse_vkey, render_vkey
from pratique.tlog.proofs import MerkleProof, inclusion_proof
from pratique.tlog.reader import TileReader
from pratique.tlog.store import DirectoryStore, Store, lock
from pratique.tlog.tiles import ENTRIES, MAX_ENTRY_BYTES, WIDTH, Tile, render_bundle

__all__ = ["MerkleProof", "TileLog", "create_log", "open_log"]

CHECKPOINT = "checkpoint"
HISTORY = "checkpoints"
VKEY = "log.vkey"

Sign = Callable[[bytes], bytes]
Lock = Callable[[], AbstractContextManager[None]]


def create_log(directory: Path, *, origin: str, public_key: bytes, sign: Sign) -> "TileLog":
    """Make a log and sign its empty checkpoint; a log of the same origin and key that is already there is opened.

    `origin`: a name as in a URL without its scheme. `public_key`: raw Ed25519, 32 bytes. Raises InputError when another log
    is there, Locked, StorageError.
    """
    guard = partial(lock, directory)
    store = DirectoryStore(directory)
    vkey = render_vkey(VerifierKey(name=check_key_name(origin), algorithm=ED25519, public_key=public_key))
    with guard():
        if store.read(CHECKPOINT) is None:
            empty = Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
            note = sign_checkpoint(empty, public_key=public_key, sign=sign)
            store.write(VKEY, (vkey + "\n").encode())
            store.write(CHECKPOINT, note.encode())
    log = open_log(directory, sign=sign)
    if (log.origin, log.public_key) != (origin, public_key):
        raise InputError(f"there is a log {log.origin!r} with another name or key here", where=str(directory))
    return log


def open_log(directory: Path, *, sign: Sign | None = None) -> "TileLog":
    """Open a log, to read only when there is no `sign`. Raises NotFound, Malformed, SignatureInvalid."""
    store = DirectoryStore(directory)
    if store.read(CHECKPOINT) is None:
        raise NotFound("there is no log here", where=str(directory))
    key = load_vkey(store)
    log = TileLog(store, key=key, guard=partial(lock, directory), sign=sign)
    log.state()
    return log


def load_vkey(store: Store) -> VerifierKey:
    """The key that the log says is its own. Raises NotFound, Malformed."""
    data = store.read(VKEY)
    if data is None:
        raise NotFound("the log's public key is missing", where=store.place(VKEY))
    try:
        key = parse_vkey(data.decode("ascii", "replace").removesuffix("\n"))
    except Malformed as error:
        raise Malformed(error.message, where=store.place(VKEY)) from error
    if key.algorithm != ED25519:
        raise Malformed(f"log key of type {key.algorithm}, not Ed25519", where=store.place(VKEY))
    return key


class TileLog:
    """A log in a `Store`. Several processes may use one: writers take turns by `guard`, readers see the last checkpoint."""

    def __init__(self, store: Store, *, key: VerifierKey, guard: Lock, sign: Sign | None = None) -> None:
        self._store = store
        self._key = key
        self._guard = guard
        self._sign = sign
        self._seen: Checkpoint | None = None

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._key.name

    @property
    def public_key(self) -> bytes:
        """Raw Ed25519, 32 bytes."""
        return self._key.public_key

    @property
    def size(self) -> int:
        """How many entries are confirmed now."""
        return self.state().size

    def checkpoint(self) -> str:
        """The newest signed checkpoint, verified."""
        return self._load()[0]

    def state(self) -> Checkpoint:
        """What the newest checkpoint says. Raises ProofInvalid when the log shrank or changed since it was last looked at."""
        return self._load()[1]

    def append(self, entries: Sequence[bytes]) -> list[MerkleProof]:
        """Add entries in order and confirm them together. When it returns they are on disk; a proof for each, in order.

        An entry: up to 65,535 bytes. When it raises, all of them or none are confirmed: look with `find`. Raises
        InputError without a signer, LimitExceeded, Locked, StorageError, ProofInvalid when the log on disk is damaged.
        """
        sign = self._sign
        if sign is None:
            raise InputError("this log is open for reading only", where=self._store.place(CHECKPOINT))
        for entry in entries:
            if len(entry) > MAX_ENTRY_BYTES:
                raise LimitExceeded(f"log entry of {len(entry)} bytes", hint=f"at most {MAX_ENTRY_BYTES}: log a digest instead")
        if not entries:
            return []
        with self._guard():
            old_note, old = self._load()
            self._check_newest(old)
            frontier = self._load_frontier(old)
            reader = TileReader(self._store, old.size + len(entries))
            self._write_bundles(old.size, entries)
            self._write_hashes(frontier, entries, reader)
            new = Checkpoint(origin=old.origin, size=frontier.size, root=frontier.root())
            note = sign_checkpoint(new, public_key=self._key.public_key, sign=sign)
            self._store.write(f"{HISTORY}/{old.size}", old_note.encode())
            self._store.write(CHECKPOINT, note.encode())
            self._seen = new
            self._tidy(old.size, new.size)
        return [
            MerkleProof(
                index=index,
                size=new.size,
                root=new.root,
                hashes=inclusion_proof(reader.node, index, new.size),
                checkpoint=note,
            )
            for index in range(old.size, new.size)
        ]

    def find(self, entry: bytes) -> int | None:
        """The index of the first entry with exactly these bytes, or None. Reads 32 bytes an entry of the log."""
        return TileReader(self._store, self.state().size).find(leaf_hash(entry))

    def prove(self, index: int, size: int | None = None) -> MerkleProof:
        """That entry `index` is in the log, against the newest checkpoint or a former one of `size`.

        Raises InputError for an index beyond the size, NotFound when no checkpoint of that size was published.
        """
        note, newest = self._load()
        note, target = (note, newest) if size in (None, newest.size) else self.former(size or 0)
        hashes = inclusion_proof(TileReader(self._store, newest.size).node, index, target.size)
        return MerkleProof(index=index, size=target.size, root=target.root, hashes=hashes, checkpoint=note)

    def former(self, size: int) -> tuple[str, Checkpoint]:
        """A checkpoint that was published before, and what it says. Raises NotFound."""
        name = f"{HISTORY}/{size}"
        data = self._store.read(name)
        if data is None or size > self.state().size:
            raise NotFound(f"no checkpoint of size {size} was published", where=self._store.place(name))
        checkpoint = self._verify(data, name)
        if checkpoint.size != size:
            raise ProofInvalid(f"the checkpoint says size {checkpoint.size}", where=self._store.place(name))
        return data.decode(), checkpoint

    def entries(self, start: int = 0, end: int | None = None) -> list[bytes]:
        """The entries from `start` up to `end`, by default all that are confirmed. Raises InputError, ProofInvalid."""
        size = self.state().size
        end = size if end is None else end
        if not 0 <= start <= end <= size:
            raise InputError(f"no entries {start} to {end} in a log of {size}")
        reader, out = TileReader(self._store, size), []
        for number in range(start // WIDTH, -(-end // WIDTH)):
            base = number * WIDTH
            out += reader.entries(number)[max(start - base, 0) : end - base]
        return out

    def reader(self) -> TileReader:
        """The tiles of the newest checkpoint."""
        return TileReader(self._store, self.state().size)

    def _load(self) -> tuple[str, Checkpoint]:
        data = self._store.read(CHECKPOINT)
        if data is None:
            raise ProofInvalid("the log's checkpoint is gone", where=self._store.place(CHECKPOINT))
        found, seen = self._verify(data, CHECKPOINT), self._seen
        if seen is not None and (found.size < seen.size or (found.size == seen.size and found.root != seen.root)):
            raise ProofInvalid(
                f"the log was rolled back: it had {seen.size} entries, now {found.size} or others",
                where=self._store.place(CHECKPOINT),
            )
        self._seen = found
        return data.decode(), found

    def _verify(self, data: bytes, name: str) -> Checkpoint:
        try:
            return verify_checkpoint(data, public_key=self._key.public_key, origin=self._key.name)
        except PratiqueError as error:
            raise type(error)(error.message, where=self._store.place(name), hint=error.hint) from error

    def _check_newest(self, state: Checkpoint) -> None:
        """A log put back to an older state must not sign other entries for sizes that it has signed before."""
        newest = max((int(name) for name in self._store.names(HISTORY) if name.isdecimal()), default=0)
        if newest > state.size:
            raise ProofInvalid(
                f"the log was rolled back: it had {newest} entries, now {state.size}",
                where=self._store.place(CHECKPOINT),
                hint="restore the whole log from a mirror, or begin a new one",
            )

    def _load_frontier(self, state: Checkpoint) -> Frontier:
        """The edge of the tree, which must come to the root that was signed: damage is never signed over."""
        frontier = Frontier.load(state.size, TileReader(self._store, state.size).hashes)
        if frontier.root() != state.root:
            raise ProofInvalid(
                f"the tiles do not come to the root of the checkpoint of size {state.size}",
                where=self._store.place(CHECKPOINT),
                hint="pratique log verify names the file",
            )
        return frontier

    def _write_bundles(self, size: int, entries: Sequence[bytes]) -> None:
        number, width = divmod(size, WIDTH)
        pending = TileReader(self._store, size).entries(number) if width else []
        at = 0
        while at < len(entries):
            taken = entries[at : at + WIDTH - len(pending)]
            bundle = [*pending, *taken]
            self._store.write(Tile(ENTRIES, number, len(bundle)).path, render_bundle(bundle))
            at, number, pending = at + len(taken), number + 1, []

    def _write_hashes(self, frontier: Frontier, entries: Sequence[bytes], reader: TileReader) -> None:
        before = {tile.level: (tile.number, tile.width) for tile, _ in frontier.partial()}
        for entry in entries:
            for tile, hashes in frontier.add(leaf_hash(entry)):
                self._store.write(tile.path, b"".join(hashes))
                reader.put(tile, hashes)
        for tile, hashes in frontier.partial():
            reader.put(tile, hashes)
            if before.get(tile.level) != (tile.number, tile.width):
                self._store.write(tile.path, b"".join(hashes))

    def _tidy(self, old: int, new: int) -> None:
        """Partial tiles that are full now may go (tlog-tiles, Partial Tiles); readers of old sizes take the full one."""
        for level in (ENTRIES, *range(8)):
            height = 8 * (max(level, 0) + 1)
            for number in range(old >> height, new >> height):
                try:
                    self._store.delete(Tile(level, number).path + ".p")
                except PratiqueError:  # the entries are confirmed: a file too many is no reason to say they are not
                    return
