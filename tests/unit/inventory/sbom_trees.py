"""Small trees made by hand, read as a folder is: every file goes through the examiner with what the catalogers want."""

from pratique.artifact.examine import Examiner
from pratique.artifact.limits import Limits
from pratique.inventory.assemble import WANTS
from pratique.model import ArtifactKind, Digest, FileEntry, FileKind, Subject, Tree, Unknown

LAYERS = (Digest.of(b"layer 0"), Digest.of(b"layer 1"))
SUBJECT = Subject(
    kind=ArtifactKind.IMAGE, name="registry.example:5000/team/app:1.2", digest=Digest.of(b"image"), created=1700000000
)


def tree(files: dict[str, bytes | str], links: dict[str, str] | None = None, layer: dict[str, int] | None = None) -> Tree:
    """Files by path; symbolic links by path → target; `layer`: path → index of its layer, 0 by default."""
    examiner = Examiner(WANTS, Limits())
    entries: dict[str, FileEntry] = {}
    contents: dict[str, bytes] = {}
    facts: dict[str, dict[str, bytes]] = {}
    unknowns: list[Unknown] = []
    for path, text in files.items():
        data = text.encode() if isinstance(text, str) else text
        found = examiner.whole(examiner.plan(path, len(data)), memoryview(data))
        index = (layer or {}).get(path, 0)
        entries[path] = FileEntry(path, FileKind.FILE, 0o644, len(data), found.sha256, "", index, found.form)
        if found.data is not None:
            contents[path] = found.data
        if found.facts:
            facts[path] = dict(found.facts)
        unknowns += [Unknown(path, problem) for problem in found.problems]
    entries |= {path: FileEntry(path, FileKind.SYMLINK, 0o777, 0, "", target) for path, target in (links or {}).items()}
    taken = examiner.digests
    return Tree(entries=entries, contents=contents, facts=facts, digests=taken, layers=LAYERS, unknowns=tuple(unknowns))


OS_RELEASE = 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'

STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Description: GNU C Library: Shared libraries
 long text

Package: bsdutils
Status: install ok installed
Architecture: amd64
Source: util-linux (2.38.1-5)
Version: 1:2.38.1-5
Pre-Depends: libc6 (>= 2.34), awk | mawk
Depends: absent | libc6:any
Homepage: https://example.org/

Package: mawk
Status: install ok installed
Architecture: amd64
Version: 1.3
Provides: awk
Conffiles:
 /etc/mawkrc 0123456789abcdef0123456789abcdef

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1
"""

DPKG = {
    "usr/lib/os-release": OS_RELEASE,
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/libc6:amd64.list": "/.\n/lib\n/lib/libc.so.6\n/usr/share/doc/libc6/copyright\n/lib64/ld.so\n",
    "var/lib/dpkg/info/libc6:amd64.md5sums": "d41d8cd98f00b204e9800998ecf8427e  lib/libc.so.6\n" + "0" * 32 + "  usr/gone\n",
    "var/lib/dpkg/info/mawk.list": "/usr/bin/mawk\n/etc/mawkrc\n/usr/empty-folder\n",
    "var/lib/dpkg/info/bsdutils.list": "/usr/bin/logger\n",
    "usr/share/doc/libc6/copyright": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
    "Files: *\nCopyright: x\nLicense: LGPL-2.1+\n\nFiles: b\nLicense: GPL-1+ or Artistic, and Expat\n",
    "usr/lib/libc.so.6": b"",
    "usr/bin/mawk": b"elf",
    "usr/bin/logger": b"elf2",
    "etc/mawkrc": b"#",
    "opt/stray": b"orphan",
}
DPKG_LINKS = {"lib": "usr/lib", "etc/os-release": "../usr/lib/os-release", "usr/share/doc/mawk": "libc6"}


def debian() -> Tree:
    """A merged-/usr Debian of three packages, one of them removed, one file owned by nobody."""
    return tree(DPKG, DPKG_LINKS, {"var/lib/dpkg/info/mawk.list": 1})
