"""What programs and scripts carry behind or inside themselves: opened where its form is known, and told where it is not. Pure."""

import sys

from pratique.errors import Malformed
from pratique.inventory.packed import formats
from pratique.inventory.packed.dotnet_bundle import bundle_members, find_bundle
from pratique.inventory.packed.facts import OpenedFile
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import Member, whole
from pratique.inventory.packed.native_image import SECTIONS, read_native_image
from pratique.inventory.packed.opening import open_packed
from pratique.inventory.packed.overlay import Executable, read_executable
from pratique.inventory.packed.packers import UPX, carrier_of, packer_of
from pratique.inventory.packed.phar import find_manifest, phar_members
from pratique.inventory.packed.pyinstaller import find_cookie, read_archive
from pratique.inventory.packed.scripts import appended_to, is_text_archive
from pratique.inventory.packed.trees import Gathering, Inside, Opener
from pratique.inventory.packed.zips import has_directory
from pratique.lexicon.text import clean
from pratique.model import FileKind

_APPIMAGE = b"AI"
_PYINSTALLER = b"pydata"  # the section that it has its archive in, in ELF
_PAYLOAD = b"payload"
_PLAIN = b"unpacked"
_SHOWN = 20
_OWN = ("pyi", "_pyi", "PyInstaller")  # modules of PyInstaller's own loader


def carried(view: memoryview, opener: Opener, budget: Budget) -> OpenedFile | None:
    """None for what carries nothing. Raises Malformed: what it is packed with, and why it is not known; LimitExceeded."""
    head = bytes(view[:4])
    if head[:2] == formats.SCRIPT or head == formats.PHP:
        return _script(view, opener, budget)
    if not formats.carries(head):
        return None
    program = read_executable(view)
    if program is None:
        return None
    packer = packer_of(view, program)
    if packer == UPX:
        return _unpacked(view, program, opener, budget)
    if packer:
        raise Malformed(f"a program packed by {packer}; what it is made of is not known")
    return _program(view, program, opener, budget)


def _unpacked(view: memoryview, program: Executable, opener: Opener, budget: Budget) -> OpenedFile:
    """What UPX packed, as the program that it was."""
    from pratique.inventory.packed.upx.elf import unpack_elf
    from pratique.inventory.packed.upx.pe import unpack_pe

    words = "a program packed by UPX; what it is made of is not known"
    if program.form == "mach-o":
        raise Malformed(f"{words}: those for macOS are not unpacked")
    try:
        data = memoryview(unpack_pe(view, budget) if program.form == "pe" else unpack_elf(view, budget))
    except Malformed as error:
        raise Malformed(f"{words}: {error.message}") from error
    gathering = Gathering(opener(), budget)
    gathering.take((Member(_PLAIN, FileKind.FILE, 0o755, len(data), b"", whole(data)),))
    return OpenedFile(kind="program packed by UPX", tree=gathering.tree())


def _script(view: memoryview, opener: Opener, budget: Budget) -> OpenedFile | None:
    if has_directory(view):
        return open_packed(view, formats.ZIP, opener, budget)
    manifest = find_manifest(view)
    if manifest >= 0:
        gathering = Gathering(opener(), budget)
        gathering.take(phar_members(view, manifest, budget))
        return OpenedFile(kind="PHP archive", tree=gathering.tree())
    archive = appended_to(view)
    if archive is not None and len(archive):
        return _payload("self-extracting script", archive, opener(), budget)
    if is_text_archive(view):
        raise Malformed("a script that unpacks itself, in a way that is not read: what is in it is not known")
    return None


def _program(view: memoryview, program: Executable, opener: Opener, budget: Budget) -> OpenedFile | None:
    # Apple's linker has what is appended counted to the last segment, so that it can be signed.
    if program.end < len(view) or program.form == "mach-o" or _PYINSTALLER in program.sections:
        found = _appended(view, program, opener, budget)
        if found is not None:
            return found
    if any(name in SECTIONS for name in program.sections):
        return OpenedFile(kind="native image of GraalVM", tree=read_native_image(view, budget))
    carrier = carrier_of(view, program)
    if carrier:
        raise Malformed(f"{carrier}: which packages it carries is not known")
    return None


def _appended(view: memoryview, program: Executable, opener: Opener, budget: Budget) -> OpenedFile | None:
    begin = program.end if program.form != "mach-o" and _PYINSTALLER not in program.sections else 0
    header = find_bundle(view, program.end)
    if header:
        gathering = Gathering(opener(), budget)
        gathering.take(bundle_members(view, header, budget))
        return OpenedFile(kind="single-file application of .NET", tree=gathering.tree())
    cookie = find_cookie(view, begin)
    if cookie >= 0:
        return _pyinstaller(view, cookie, opener(), budget)
    if view[8:10] == _APPIMAGE and view[10] == 1:
        raise Malformed("an AppImage of type 1, an ISO 9660 file system, which is not opened")
    head = bytes(view[program.end : program.end + formats.HEAD])
    if formats.form_of_packed(head):
        kind = "AppImage" if view[8:10] == _APPIMAGE else "self-extracting program"
        if formats.form_of_packed(head) == formats.SQUASHFS:
            return _named(open_packed(view[program.end :], formats.SQUASHFS, opener, budget), kind)
        return _payload(kind, view[program.end :], opener(), budget)
    if has_directory(view):
        return open_packed(view, formats.ZIP, opener, budget)
    closed = formats.closed_form(head)
    if closed:
        raise Malformed(f"{closed} follows the program, and is not opened: what is in it is not known")
    return None


def _named(opened: OpenedFile | None, kind: str) -> OpenedFile | None:
    return OpenedFile(kind=kind, tree=opened.tree) if opened is not None else None


def _payload(kind: str, view: memoryview, inside: Inside, budget: Budget) -> OpenedFile:
    """What follows, as a file of its own: whatever it is, probes see it as they see any file."""
    gathering = Gathering(inside, budget)
    gathering.take((Member(_PAYLOAD, FileKind.FILE, 0o644, len(view), b"", whole(view)),))
    return OpenedFile(kind=kind, tree=gathering.tree())


def _pyinstaller(view: memoryview, cookie: int, inside: Inside, budget: Budget) -> OpenedFile:
    archive = read_archive(view, cookie, budget)
    gathering = Gathering(inside, budget)
    gathering.take(archive.members)
    described = {path.partition("-")[0].lower() for path in gathering.entries if ".dist-info/" in path}
    known = {*sys.stdlib_module_names, *described}
    modules = [name for name in archive.modules if name not in known and not name.startswith(_OWN)]
    if modules:
        shown = clean(", ".join(modules[:_SHOWN])) + (" …" if len(modules) > _SHOWN else "")
        gathering.tell(f"it has Python packages whose names alone are known, {len(modules)} of them: {shown}")
    return OpenedFile(kind="program of PyInstaller", tree=gathering.tree())
