"""Open one packed file: its members, whatever form they are packed in, as a tree, and which package the file itself is. Pure.

A form is recognised by its bytes, a package by what it holds; names prove nothing.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from pratique.artifact.feed import Feed
from pratique.artifact.selection import Chosen, ProbeTable
from pratique.ecosystems.dpkg.package_file import read_deb
from pratique.ecosystems.extensions.package_file import HEADER_BYTES, read_crx
from pratique.ecosystems.rpm.package_file import read_rpm
from pratique.errors import Malformed
from pratique.inventory.packed import formats
from pratique.inventory.packed.ar import ar_members
from pratique.inventory.packed.asar import asar_members
from pratique.inventory.packed.cpio import cpio_members, rest_of
from pratique.inventory.packed.facts import PACKED, OpenedFile
from pratique.inventory.packed.identity import identified, keeps_for_identity, laid_over
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import Member, tar_members, whole
from pratique.inventory.packed.squashfs import squashfs_members
from pratique.inventory.packed.streams import compression_of, first_bytes, inflated
from pratique.inventory.packed.trees import Gathering, Inside, Opener
from pratique.inventory.packed.zips import java_part, zip_members
from pratique.model import FileKind

_SMALL = 64 << 20
_CONTROL = Inside(Chosen(keep=lambda path: path in ("control", "md5sums")), ProbeTable(()))
_MAX_ARCHIVES = 16
_JAR = b"content.jar"
_PLAIN = "content"
"""What the one file in a compressed stream is called: facts are kept by content, and the name is not part of it."""


def open_packed(view: memoryview, form: str, opener: Opener, budget: Budget) -> OpenedFile | None:
    """`form`: as `form_of_packed` says. None for what turns out to hold nothing of interest. Raises Malformed, LimitExceeded."""
    if form == formats.STREAM:
        return _stream(view, opener, budget)
    if form == formats.DEB:
        return _deb(view, opener(), budget)
    if form == formats.RPM:
        return _rpm(view, opener(), budget)
    gathering = Gathering(opener(), budget, keeps_for_identity)
    if form == formats.ZIP:
        jar = java_part(view)
        if jar is not None:  # its own reader knows what it is, whatever it is called
            gathering.take((Member(_JAR, FileKind.FILE, 0o644, len(jar), b"", whole(jar)),))
            return OpenedFile(kind="Java archive", tree=gathering.tree())
        gathering.take(zip_members(view, budget, gathering.tell))
    elif form == formats.SQUASHFS:
        gathering.take(squashfs_members(view, budget))
    elif form == formats.ASAR:
        gathering.take(asar_members(view, budget))
    elif form == formats.CPIO:
        _cpio(iter((bytes(view),)) if len(view) <= _SMALL else _pieces(view), gathering, budget)
    else:
        gathering.take(tar_members(_pieces(view), budget, gathering.tell))
    tree = gathering.tree()
    extension = read_crx(bytes(view[:HEADER_BYTES]), tree.contents) if form == formats.ZIP else None
    return laid_over(form, tree, extension) if extension is not None else identified(form, tree, form)


def _pieces(view: memoryview) -> Iterator[bytes]:
    for at in range(0, len(view), 1 << 20):
        yield bytes(view[at : at + (1 << 20)])


def _stream(view: memoryview, opener: Opener, budget: Budget) -> OpenedFile | None:
    """One compressed stream: of a tar or cpio archive, of another packed file or a program; anything else is data."""
    kind = compression_of(bytes(view[:16]))
    head = first_bytes(kind, view, formats.HEAD)
    form = formats.form_of_packed(head)
    if form == formats.TAR or (kind in ("gzip", "bzip2", "xz", "zstd", "lzma") and not head.strip(b"\0") and len(head) == 512):
        gathering = Gathering(opener(), budget, keeps_for_identity)
        gathering.take(tar_members(inflated(kind, view, budget), budget, gathering.tell))
        return identified(f"tar ({kind})", gathering.tree(), kind)
    if form == formats.CPIO:
        gathering = Gathering(opener(), budget)
        _cpio(inflated(kind, view, budget), gathering, budget)
        return OpenedFile(kind=f"cpio ({kind})", tree=gathering.tree())
    if not form and not formats.closed_form(head) and not _runs(head):
        if len(head) < formats.HEAD and kind != "lzma":  # whose header could be anything
            for _ in inflated(kind, view, budget):  # raises what is wrong with it
                pass
        return None
    member = Member(_PLAIN.encode(), FileKind.FILE, 0o644, len(view), b"", lambda: map(memoryview, inflated(kind, view, budget)))
    gathering = Gathering(opener(), budget)
    gathering.take((member,))
    return OpenedFile(kind=kind, tree=gathering.tree())


def _runs(head: bytes) -> bool:
    """A program; not the modules of kernels, which are compressed by the thousand and are relocatable objects."""
    return (head[:4] == b"\x7fELF" and head[16:18] not in (b"\1\0", b"\0\1")) or head[:2] == b"MZ"


def _cpio(chunks: Iterator[bytes], gathering: Gathering, budget: Budget) -> None:
    """One archive behind the other, as an initramfs has them; the last may be compressed."""
    feed = Feed(chunks)
    for _ in range(_MAX_ARCHIVES):
        gathering.take(cpio_members(feed))
        head, rest = rest_of(feed)
        if not head:
            return
        kind = compression_of(head)
        if kind:
            data = memoryview(b"".join((head, *_limited(rest, budget))))
            feed = Feed(inflated(kind, data, budget))
        elif head[:6] in (b"070701", b"070702"):
            feed = Feed(chain((head,), (bytes(piece) for piece in rest)))
        else:
            name = formats.closed_form(head)
            gathering.tell(f"what follows a cpio archive is {name or 'no archive'}: it was not read")
            return


def _limited(pieces: Iterable[memoryview], budget: Budget) -> Iterator[bytes]:
    for piece in pieces:
        budget.inflate(len(piece))
        yield bytes(piece)


def _deb(view: memoryview, inside: Inside, budget: Budget) -> OpenedFile:
    gathering = Gathering(inside, budget, keeps_for_identity)
    control: dict[str, bytes] | None = None
    name = ""
    data = False
    try:
        for member in ar_members(view):
            content = next(member.pieces(), memoryview(b""))
            if member.name.startswith(b"control.tar") and control is None:
                name = member.name.decode("ascii", "replace")
                control = _control(content, budget, gathering)
            elif member.name.startswith(b"data.tar") and not data:
                data = True
                gathering.take(tar_members(_uncompressed(content, budget), budget, gathering.tell))
    except Malformed as error:
        gathering.tell(f"{error.message}: what follows was not read")
    package = read_deb(control or {}, name, gathering.entries)
    if package is None:
        gathering.tell("a Debian package without a control file: what it is is not known")
    if not data:
        gathering.tell("a Debian package without its files")
    return laid_over("Debian package", gathering.tree(), package)


def _control(view: memoryview, budget: Budget, outer: Gathering) -> dict[str, bytes]:
    inner = Gathering(_CONTROL, budget)
    inner.take(tar_members(_uncompressed(view, budget), budget, inner.tell))
    tree = inner.tree()
    for unknown in tree.unknowns:
        outer.tell(f"its control archive: {unknown.reason.removeprefix(f'{PACKED}: ')}")
    return dict(tree.contents)


def _uncompressed(view: memoryview, budget: Budget) -> Iterator[bytes]:
    kind = compression_of(bytes(view[:16]))
    return inflated(kind, view, budget) if kind else _pieces(view)


def _rpm(view: memoryview, inside: Inside, budget: Budget) -> OpenedFile:
    found = read_rpm(view)
    gathering = Gathering(inside, budget, keeps_for_identity)
    payload = view[found.payload :]
    kind = compression_of(bytes(payload[:16]))
    head = first_bytes(kind, payload, formats.HEAD) if kind else bytes(payload[: formats.HEAD])
    form = formats.form_of_packed(head)
    chunks = inflated(kind, payload, budget) if kind else _pieces(payload)
    if form == formats.CPIO:
        gathering.take(cpio_members(Feed(chunks)))
    elif form == formats.TAR:
        gathering.take(tar_members(chunks, budget, gathering.tell))
    elif len(payload):
        name = formats.closed_form(head) or (f"{kind} of another form" if kind else "compressed in a way that is not known")
        gathering.tell(f"its files are {name}: not read")
    return laid_over("rpm package", gathering.tree(), found.package)
