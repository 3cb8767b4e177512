"""Two things done to a container from outside, at the policy's wish: sealing its root, and forbidding programs in memory files.

Nothing of the container is executed for it: the calls are made by a thread of ours that has entered its mount namespace.
"""

import ctypes
import os
import subprocess
import threading

from pratique.errors import Unavailable

CLONE_NEWNS, CLONE_FS = 0x00020000, 0x00000200
_SYS_MOUNT_SETATTR = 442  # the same on all architectures (kernel ≥ 5.12)
_MOUNT_ATTR_RDONLY = 1
SEAL_TIMEOUT_S = 5.0


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def seal_root(pid: int) -> None:
    """Make `/` of the process's mount namespace read-only (mount_setattr(2)). Volumes and tmpfs stay as they are.

    Raises Unavailable, also when something has a file of it open for writing (EBUSY): then nothing was changed.
    """
    failure: list[str] = []
    done = threading.Event()

    def inside() -> None:
        try:
            _seal(pid)
        except OSError as error:
            failure.append(f"{error.strerror or error}".lower())
        finally:
            done.set()

    # A thread that gave up sharing its root with the others may enter a mount namespace, and takes it along when it ends.
    threading.Thread(target=inside, daemon=True, name="seal").start()
    if not done.wait(SEAL_TIMEOUT_S):
        raise Unavailable(f"sealing did not end within {SEAL_TIMEOUT_S:g} s")
    if failure:
        raise Unavailable(f"cannot seal the root: {failure[0]}")


def _seal(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(libc.unshare(CLONE_FS))
        _check(libc.setns(fd, CLONE_NEWNS))
        attr = _MountAttr(_MOUNT_ATTR_RDONLY, 0, 0, 0)
        size = ctypes.c_size_t(ctypes.sizeof(attr))
        _check(libc.syscall(_SYS_MOUNT_SETATTR, ctypes.c_int(-100), b"/", ctypes.c_uint(0), ctypes.byref(attr), size))
    finally:
        os.close(fd)


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def forbid_memory_programs(pid: int) -> None:
    """Set vm.memfd_noexec=2 in the process's PID namespace (kernel ≥ 6.3): memfd_create then refuses executable files.

    The host's own programs are used, in the host's mount namespace. Raises Unavailable.
    """
    command = ["nsenter", f"--pid=/proc/{pid}/ns/pid", "--", "tee", "/proc/sys/vm/memfd_noexec"]
    try:
        done = subprocess.run(command, input=b"2\n", capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable("cannot forbid programs in memory files", hint="install util-linux") from error
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip()[:200]
        raise Unavailable(f"cannot forbid programs in memory files: {reason}")
