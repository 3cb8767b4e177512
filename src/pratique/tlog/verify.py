"""Believing nothing that a log's directory says: everything is recomputed from the entries, under a key one brings along."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pratique.errors import Malformed, NotFound, PratiqueError, ProofInvalid
from pratique.model.merkle import leaf_hash
from pratique.tlog.checkpoint import Checkpoint, verify_checkpoint
from pratique.tlog.frontier import Frontier
from pratique.tlog.log import CHECKPOINT, HISTORY
from pratique.tlog.proofs import consistency_proof, verify_consistency_proof, verify_inclusion
from pratique.tlog.reader import TileReader
from pratique.tlog.store import DirectoryStore, Store
from pratique.tlog.tiles import ENTRIES, WIDTH, Tile, perfect_root, render_bundle, tile_at


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """A log that was verified. `checkpoint`: its signed note, worth remembering. `former`: earlier ones that it continues."""

    origin: str
    size: int
    root: bytes
    checkpoint: str
    former: int = 0


def verify_log(directory: Path, *, public_key: bytes, origin: str | None = None) -> LogState:
    """Recompute every tile, every root and every checkpoint of a log from its entries.

    `public_key`: raw Ed25519, 32 bytes. Reads the whole log once; memory does not grow with it. Raises NotFound, and
    ProofInvalid or SignatureInvalid whose `where` is the first file that is wrong.
    """
    store = DirectoryStore(directory)
    note, newest = _load(store, CHECKPOINT, public_key, origin)
    former = _load_former(store, newest, public_key)
    reader, frontier = TileReader(store, newest.size), Frontier()
    _check_former(store, former.get(0), frontier, [])
    for number in range(-(-newest.size // WIDTH)):
        entries = reader.entries(number)
        _check_level0(store, reader, newest, number, [leaf_hash(entry) for entry in entries])
        for width, entry in enumerate(entries, 1):
            for tile, hashes in frontier.add(leaf_hash(entry)):
                _check_tile(store, tile, hashes)
            _check_former(store, former.get(frontier.size), frontier, entries[: width % WIDTH])
    for tile, hashes in frontier.partial():
        _check_tile(store, tile, hashes)
    if frontier.root() != newest.root:
        raise ProofInvalid(f"the {newest.size} entries come to another root than the checkpoint's", where=store.place(CHECKPOINT))
    return LogState(origin=newest.origin, size=newest.size, root=newest.root, checkpoint=note, former=len(former))


def verify_consistency(old_checkpoint: str | bytes, directory: Path, *, public_key: bytes) -> LogState:
    """Check that the log continues a checkpoint that was remembered: nothing was taken out, changed or rolled back.

    Checks by a consistency proof from the tiles, O(log size); `verify_log` checks the tiles. Raises ProofInvalid.
    """
    store = DirectoryStore(directory)
    old = verify_checkpoint(old_checkpoint, public_key=public_key)
    note, new = _load(store, CHECKPOINT, public_key, old.origin)
    where = store.place(CHECKPOINT)
    if new.size < old.size:
        raise ProofInvalid(f"the log was rolled back from {old.size} entries to {new.size}", where=where)
    if old.size:
        hashes = consistency_proof(TileReader(store, new.size).node, old.size, new.size)
        try:
            verify_consistency_proof(old.size, new.size, old.root, new.root, hashes)
        except ProofInvalid as error:
            raise ProofInvalid(error.message, where=where) from error
    return LogState(origin=new.origin, size=new.size, root=new.root, checkpoint=note)


def verify_entry(
    entry: bytes,
    *,
    index: int,
    size: int,
    root: bytes,
    hashes: Sequence[bytes],
    checkpoint: str | bytes,
    public_key: bytes,
    origin: str | None = None,
) -> Checkpoint:
    """Check, with nothing but these pieces, that the log of this key has `entry` at `index`.

    The checkpoint must be signed and of exactly this size and root. Returns it. Raises Malformed, ProofInvalid,
    SignatureInvalid.
    """
    signed = verify_checkpoint(checkpoint, public_key=public_key, origin=origin)
    if (signed.size, signed.root) != (size, root):
        raise ProofInvalid(f"proof of size {size} beside a checkpoint of size {signed.size} or another root")
    verify_inclusion(leaf_hash(entry), index, signed.size, hashes, signed.root)
    return signed


def _load(store: Store, name: str, public_key: bytes, origin: str | None) -> tuple[str, Checkpoint]:
    data = store.read(name)
    if data is None:
        raise NotFound("there is no checkpoint here", where=store.place(name))
    try:
        return data.decode("utf-8", "replace"), verify_checkpoint(data, public_key=public_key, origin=origin)
    except Malformed as error:  # in one's own log this is not bad input: the log does not hold
        raise ProofInvalid(error.message, where=store.place(name)) from error
    except PratiqueError as error:
        raise type(error)(error.message, where=store.place(name), hint=error.hint) from error


def _load_former(store: Store, newest: Checkpoint, public_key: bytes) -> dict[int, Checkpoint]:
    """The former checkpoints by size: their signatures hold, and none is ahead of the newest."""
    former: dict[int, Checkpoint] = {}
    for name in store.names(HISTORY):
        path = f"{HISTORY}/{name}"
        _, checkpoint = _load(store, path, public_key, newest.origin)
        if str(checkpoint.size) != name:
            raise ProofInvalid(f"the checkpoint says size {checkpoint.size}", where=store.place(path))
        if checkpoint.size > newest.size:
            raise ProofInvalid(
                f"the log was rolled back: it had {checkpoint.size} entries, now {newest.size}", where=store.place(path)
            )
        former[checkpoint.size] = checkpoint
    return former


def _check_former(store: Store, checkpoint: Checkpoint | None, frontier: Frontier, pending: list[bytes]) -> None:
    """At the size of a former checkpoint, the entries so far come to its root, and so do the partial tiles kept for it."""
    if checkpoint is None:
        return
    if frontier.root() != checkpoint.root:
        name = f"{HISTORY}/{checkpoint.size}"
        raise ProofInvalid(
            f"the first {checkpoint.size} entries come to another root than this checkpoint's", where=store.place(name)
        )
    for tile, hashes in frontier.partial():
        if store.read(tile.path) is not None:
            _check_tile(store, tile, hashes)
    if pending:
        bundle = Tile(ENTRIES, checkpoint.size // WIDTH, len(pending))
        if store.read(bundle.path) not in (None, render_bundle(pending)):
            raise ProofInvalid("the entries are not those of the log", where=store.place(bundle.path))


def _check_level0(store: Store, reader: TileReader, newest: Checkpoint, number: int, leaves: list[bytes]) -> None:
    """Entries against their hash tile; when they differ, what is signed tells which of the two files is wrong."""
    tile = tile_at(0, number, newest.size)
    stored = reader.hashes(tile)
    if stored == leaves:
        return
    if tile.width == WIDTH:
        tile_holds = perfect_root(stored) == reader.node(8, number)
    else:
        tile_holds = Frontier.load(newest.size, reader.hashes).root() == newest.root
    if tile_holds:
        bundle = tile_at(ENTRIES, number, newest.size)
        raise ProofInvalid("the entries are not those that were signed", where=store.place(bundle.path))
    _check_tile(store, tile, leaves)


def _check_tile(store: Store, tile: Tile, hashes: list[bytes]) -> None:
    data = store.read(tile.path)
    if data is None:
        raise ProofInvalid("a tile of the log is missing", where=store.place(tile.path))
    if data != b"".join(hashes):
        at = next((at for at, value in enumerate(hashes) if data[at * 32 : at * 32 + 32] != value), len(hashes))
        raise ProofInvalid(f"the tile is not what the entries come to, from its hash {at} on", where=store.place(tile.path))
