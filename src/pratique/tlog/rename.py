"""A log under another name: the same entries with the same numbers and the same tree, signed as another log's.

Checkpoints of the old name stay what they are, and their proofs hold; those of the new one begin at the size that it has now.
"""

import os
import shutil
from pathlib import Path

from pratique.errors import InputError, ProofInvalid
from pratique.files import storage_error, sync_directory
from pratique.tlog.checkpoint import Checkpoint, sign_checkpoint
from pratique.tlog.log import CHECKPOINT, VKEY, Sign, open_unchecked
from pratique.tlog.memory import Memory
from pratique.tlog.notes import ED25519, VerifierKey, render_vkey
from pratique.tlog.store import DirectoryStore


def copy_log(source: Path, target: Path, *, origin: str, sign: Sign, memory: Memory) -> Checkpoint:
    """Make `target`, a log called `origin` with all entries of `source`, whose key `sign` has. `memory`: of the new name.

    The caller holds the lock of `source`. Tiles are shared with it where the file system can. Raises InputError when this key has
    signed something else under that name, ProofInvalid when the tiles do not come to what was signed, StorageError.
    """
    log = open_unchecked(source)
    state = log.state()
    if log.reader().root(state.size) != state.root:
        hint = "pratique log verify names the file"
        raise ProofInvalid("the tiles do not come to the root of the checkpoint", where=str(source), hint=hint)
    new = Checkpoint(origin=origin, size=state.size, root=state.root)
    store = DirectoryStore(target)
    with memory.hold():
        known = memory.recall(origin)
        if known not in ((), (new,)):
            raise InputError(f"this log's key has signed under the name {origin} before", hint="choose another name")
        _share(source / "tile", target / "tile")
        if not known:
            memory.remember(new)
        note = sign_checkpoint(new, public_key=log.public_key, sign=sign)
        vkey = render_vkey(VerifierKey(name=origin, algorithm=ED25519, public_key=log.public_key))
        store.write(VKEY, (vkey + "\n").encode())
        store.write(CHECKPOINT, note.encode())
    return new


def _share(source: Path, target: Path) -> None:
    """The same files under another folder. Files of a log are replaced, never written into, so both may have one."""

    def link(old: str, new: str) -> None:
        try:
            os.link(old, new)
        except OSError:  # another file system, or one without links
            shutil.copyfile(old, new)
            with Path(new).open("rb") as file:
                os.fsync(file.fileno())

    try:
        target.mkdir(parents=True, exist_ok=True)
        if source.exists():
            shutil.copytree(source, target, copy_function=link, dirs_exist_ok=True)
        for folder, _, _ in os.walk(target):
            sync_directory(Path(folder))
    except (OSError, shutil.Error) as error:
        reason = error if isinstance(error, OSError) and error.errno else OSError(0, str(error))
        raise storage_error(reason, target) from error
