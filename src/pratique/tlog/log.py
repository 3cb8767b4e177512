"""The log as an object: append, find, prove.

What is confirmed is what the file `checkpoint` says; it is replaced last, in one rename, after everything it vouches for is
on disk. Nothing is ever signed twice for one size: once its tiles are on disk, a checkpoint is remembered (`memory`), and only
then signed. So whatever a crash leaves is one of three:

- beyond the checkpoint nothing is remembered: what lies there is not there, and the next append writes over it;
- one more is remembered, and the entries on disk come to it: that one, and no other, is signed and published;
- more is remembered than the files hold: the log was put back from a backup, and nothing is signed (`restore`).

    checkpoint            the newest signed checkpoint
    checkpoints/<size>    those before it
    log.vkey              the public key, for people and mirrors; who verifies brings a key of their own
    remembered            the memory, unless it is kept elsewhere, where a backup of this folder does not reach it
    tile/...              C2SP tlog-tiles
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from pratique.errors import InputError, LimitExceeded, Malformed, NotFound, PratiqueError, ProofInvalid
from pratique.model.merkle import EMPTY_ROOT, leaf_hash
from pratique.tlog.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from pratique.tlog.frontier import Frontier
from pratique.tlog.memory import FileMemory, Memory
from pratique.tlog.notes import ED25519, VerifierKey, check_key_name, parse_vkey, render_vkey
from pratique.tlog.proofs import MerkleProof, inclusion_proof
from pratique.tlog.reader import TileReader
from pratique.tlog.store import DirectoryStore, Store, lock
from pratique.tlog.tiles import MAX_ENTRY_BYTES, WIDTH
from pratique.tlog.writer import tidy, write_entries

__all__ = ["MerkleProof", "TileLog", "create_log", "open_log", "open_unchecked"]

CHECKPOINT = "checkpoint"
HISTORY = "checkpoints"
VKEY = "log.vkey"
REMEMBERED = "remembered"

Sign = Callable[[bytes], bytes]
Lock = Callable[[], AbstractContextManager[None]]


def create_log(
    directory: Path, *, origin: str, public_key: bytes, sign: Sign, memory: Memory | None = None, again: bool = False
) -> "TileLog":
    """Make a log and sign its empty checkpoint; a log of the same origin and key that is already there is opened.

    `origin`: a name as in a URL without its scheme. `public_key`: raw Ed25519, 32 bytes. `memory`: as `open_log` has it. `again`:
    the log that was here is gone and shall be restored: what comes back is empty, and behind what is remembered. Raises
    InputError when another log is there, ProofInvalid when the log that was here is gone, Locked, StorageError.
    """
    guard = partial(lock, directory)
    store = DirectoryStore(directory)
    vkey = render_vkey(VerifierKey(name=check_key_name(origin), algorithm=ED25519, public_key=public_key))
    kept = memory or FileMemory((directory / REMEMBERED,))
    with guard(), kept.hold():
        if store.read(CHECKPOINT) is None:
            if not again:
                _check_unused(kept, origin, store)
            empty = Checkpoint(origin=origin, size=0, root=EMPTY_ROOT)
            if not kept.recall(origin):
                kept.remember(empty)
            note = sign_checkpoint(empty, public_key=public_key, sign=sign)
            store.write(VKEY, (vkey + "\n").encode())
            store.write(CHECKPOINT, note.encode())
    log = open_unchecked(directory, sign=sign, memory=memory) if again else open_log(directory, sign=sign, memory=memory)
    if (log.origin, log.public_key) != (origin, public_key):
        raise InputError(f"there is a log {log.origin!r} with another name or key here", where=str(directory))
    return log


def open_log(directory: Path, *, sign: Sign | None = None, memory: Memory | None = None) -> "TileLog":
    """Open a log, to read only when there is no `sign`; with it, what a crash interrupted is finished first.

    `memory`: what is remembered of it outside of its folder; by default a file in it, which only tells when the checkpoint alone
    was put back. Raises NotFound, Malformed, SignatureInvalid; ProofInvalid when the log is behind what is remembered.
    """
    log = open_unchecked(directory, sign=sign, memory=memory)
    if sign is not None:
        log.settle()
    return log


def open_unchecked(directory: Path, *, sign: Sign | None = None, memory: Memory | None = None) -> "TileLog":
    """Open a log that may be behind what is remembered of it, for who looks into that. Raises NotFound, Malformed,
    SignatureInvalid.
    """
    store = DirectoryStore(directory)
    if store.read(CHECKPOINT) is None:
        raise NotFound("there is no log here", where=str(directory))
    key = load_vkey(store)
    kept = memory or FileMemory((directory / REMEMBERED,))
    log = TileLog(store, key=key, guard=partial(lock, directory), sign=sign, memory=kept)
    log.state()
    return log


def _check_unused(memory: Memory, origin: str, store: Store) -> None:
    """A log that had entries is not begun again under its name: its numbers are taken."""
    known = memory.recall(origin)
    if known and known[-1].size:
        raise ProofInvalid(
            f"the log {origin} is gone: it had {known[-1].size} entries",
            where=store.place(CHECKPOINT),
            hint="put its folder back, or begin one under another name: pratique log move --origin HOST",
        )


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

    def __init__(self, store: Store, *, key: VerifierKey, guard: Lock, memory: Memory, sign: Sign | None = None) -> None:
        self._store = store
        self._memory = memory
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
        InputError without a signer, LimitExceeded, Locked, StorageError, ProofInvalid when the log on disk is damaged or was put
        back. What it costs does not grow with the log's history.
        """
        self._signer()
        for entry in entries:
            if len(entry) > MAX_ENTRY_BYTES:
                raise LimitExceeded(f"log entry of {len(entry)} bytes", hint=f"at most {MAX_ENTRY_BYTES}: log a digest instead")
        if not entries:
            return []
        with self._guard(), self._memory.hold():
            old_note, old = self._settle()
            frontier = self._load_frontier(old)
            reader = TileReader(self._store, old.size + len(entries))
            write_entries(self._store, frontier, entries, reader)
            new = Checkpoint(origin=old.origin, size=frontier.size, root=frontier.root())
            self._memory.remember(new)
            note = self._publish(new, old_note, old)
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

    def settle(self) -> Checkpoint:
        """Finish what a crash interrupted, and return what the log then says. Raises ProofInvalid when it was put back."""
        remembered = self._memory.recall(self.origin)  # read first: it is never behind a checkpoint that is there
        state = self.state()
        if not remembered or remembered[-1] != state:
            with self._guard(), self._memory.hold():
                _, state = self._settle()
        return state

    def check_remembered(self) -> None:
        """Check that the log has, or can finish, whatever is remembered of it. Raises ProofInvalid; changes nothing."""
        remembered = self._memory.recall(self.origin)
        state = self.state()
        for known in remembered:
            if known.size > state.size:
                self._unpublished(state, known)
            elif known != state:
                self._check_continues(known, state)

    def restore(self, entries: Mapping[int, bytes]) -> Checkpoint:
        """Bring a log that was put back forward to the newest checkpoint that is remembered of it, which is signed as it was.

        `entries`: index → entry, at least those that are missing, from wherever they were found. Raises NotFound when one is not
        among them, ProofInvalid when they do not come to what was signed.
        """
        with self._guard(), self._memory.hold():
            note, state = self._load()
            target = max((state, *self._memory.recall(self.origin)), key=lambda checkpoint: checkpoint.size)
            if target.size > state.size:
                missing = [index for index in range(state.size, target.size) if index not in entries]
                if missing:
                    count = target.size - state.size
                    raise NotFound(
                        f"{len(missing)} of the {count} entries that are missing were not found, the first is entry {missing[0]}",
                        where=self._store.place(CHECKPOINT),
                    )
                found = [entries[index] for index in range(state.size, target.size)]
                self._check_entries(state, target, found)
                self._complete(note, state, target, found)
            return self._settle()[1]

    def find(self, entry: bytes) -> int | None:
        """The index of the first entry with exactly these bytes, or None. Reads 32 bytes an entry of the log."""
        if self._sign is not None:  # an entry that the next append would confirm is there
            self.settle()
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

    def _signer(self) -> Sign:
        if self._sign is None:
            raise InputError("this log is open for reading only", where=self._store.place(CHECKPOINT))
        return self._sign

    def _settle(self) -> tuple[str, Checkpoint]:
        """The newest checkpoint, once it continues all that is remembered. The caller holds the log and the memory."""
        note, state = self._load()
        remembered = self._memory.recall(self.origin)
        if not remembered:  # a log from before it was remembered, or one that came from another machine
            self._memory.remember(state)
        for known in remembered:
            if known.size > state.size:
                note, state = self._complete(note, state, known, self._unpublished(state, known))
            elif known != state:
                self._check_continues(known, state)
        if remembered and remembered[-1].size < state.size:
            self._memory.remember(state)
        return note, state

    def _unpublished(self, state: Checkpoint, known: Checkpoint) -> list[bytes]:
        """The entries after `state` that a crash kept from being published. Raises ProofInvalid when they are not on disk."""
        reader = TileReader(self._store, known.size)
        try:
            numbers = range(state.size // WIDTH, -(-known.size // WIDTH))
            found = [entry for number in numbers for entry in reader.entries(number)][state.size % WIDTH :]
            self._check_entries(state, known, found)
        except ProofInvalid as error:
            raise ProofInvalid(
                f"{known.size} entries were signed here, and the log's files hold {state.size}: they were put back, or damaged",
                where=self._store.place(CHECKPOINT),
                hint="pratique log recover",
            ) from error
        return found

    def _check_entries(self, state: Checkpoint, known: Checkpoint, entries: Sequence[bytes]) -> None:
        """Check that these entries after `state` come to `known`. Raises ProofInvalid."""
        grown = self._load_frontier(state)
        for entry in entries:
            for _ in grown.add(leaf_hash(entry)):
                pass
        if (grown.size, grown.root()) != (known.size, known.root):
            message = f"the entries do not come to what was signed for {known.size} of them"
            raise ProofInvalid(message, where=self._store.place(CHECKPOINT))

    def _complete(self, note: str, state: Checkpoint, known: Checkpoint, entries: Sequence[bytes]) -> tuple[str, Checkpoint]:
        """Sign and publish `known`, to which these entries after `state` come."""
        write_entries(self._store, self._load_frontier(state), entries, TileReader(self._store, known.size))
        return self._publish(known, note, state), known

    def _check_continues(self, known: Checkpoint, state: Checkpoint) -> None:
        """A log of another history under this name and key: one of the two numbers its entries a second time."""
        if TileReader(self._store, state.size).root(known.size) != known.root:
            raise ProofInvalid(
                f"this is another history of the log: its first {known.size} entries are not those that were signed here",
                where=self._store.place(CHECKPOINT),
                hint="pratique log recover",
            )

    def _publish(self, new: Checkpoint, old_note: str, old: Checkpoint) -> str:
        """Sign a checkpoint that is remembered, and let everybody see it."""
        note = sign_checkpoint(new, public_key=self._key.public_key, sign=self._signer())
        self._store.write(f"{HISTORY}/{old.size}", old_note.encode())
        self._store.write(CHECKPOINT, note.encode())
        self._seen = new
        tidy(self._store, old.size, new.size)
        return note

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
