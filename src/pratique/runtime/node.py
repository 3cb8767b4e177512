"""Which machine this is, and since which start of it."""

import os
from pathlib import Path

from pratique.errors import Unavailable

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def load_node(path: Path = BOOT_ID) -> tuple[str, str]:
    """(host name, boot id) of this machine. Raises Unavailable where there is no /proc, as in a bare chroot."""
    try:
        return os.uname().nodename, path.read_text(encoding="ascii").strip()
    except OSError as error:
        hint = "run it on the host itself, or mount /proc there"
        raise Unavailable("the kernel does not say which start this is", where=str(path), hint=hint) from error
