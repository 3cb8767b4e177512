"""Two folders that take each other's place at one instant."""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT = frozenset((errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EXDEV))


def swap_folders(left: Path, right: Path) -> bool:
    """Give each folder the other's name (renameat2(2)). False where kernel or file system cannot; raises OSError otherwise."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(right))
