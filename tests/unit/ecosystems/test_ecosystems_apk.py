import base64
import hashlib
import io
import tarfile

from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.ecosystems.apk.scripts import installed_scripts
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.model import Ownership

APK = CATALOGERS["apk"]
SYSTEM = 'ID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n'


def q1(data):
    return "Q1" + base64.b64encode(hashlib.sha1(data).digest()).decode()


INSTALLED = f"""C:{q1(b"control")}
P:musl
V:1.2.5-r0
A:x86_64
L:MIT
T:the musl c library (libc) implementation
U:https://musl.libc.org/
o:musl
m:Timo Teräs <timo.teras@iki.fi>
t:1715000000
c:abcdef0123456789
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:{q1(b"loader")}
R:libc.musl-x86_64.so.1
a:0:0:777
Z:{q1(b"ld-musl-x86_64.so.1")}

P:busybox-binsh
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only
o:busybox
D:busybox=1.36.1-r29 so:libc.musl-x86_64.so.1 !dash cmd:nothing>=1 /bin/false
p:/bin/sh cmd:sh=1.36.1-r29
F:bin
R:sh
a:0:0:777
Z:{q1(b"/bin/busybox")}

P:busybox
V:1.36.1-r29
A:x86_64
L:GPL-2.0-only AND MIT
o:busybox
D:so:libc.musl-x86_64.so.1
F:bin
M:0:0:755
R:busybox
a:0:0:755
Z:{q1(b"the box")}
F:etc
R:securetty
Z:{q1(b"tty1")}
R:unsaid
"""
FILES = {
    "etc/alpine-release": "3.20.1\n",
    "etc/os-release": SYSTEM,
    "lib/apk/db/installed": INSTALLED,
    "lib/ld-musl-x86_64.so.1": b"loader",
    "bin/busybox": b"another box",
    "etc/securetty": b"edited",
    "etc/unsaid": b"x",
}
LINES = [
    "P:a",
    "V:1",
    "",
    "F:",
    "F:/x/..",
    "R:y",
    "R:",
    "Z:Q1",
    "Z:Q1AAAA",
    "Z:Q2//==",
    "a:0:0:777",
    "D:! <> = a=",
    "p:@ !",
    "A:\x1b",
    "f:f",
    "C:Q1�",
    "M:",
    "x",
    ":",
]
LINKS = {"lib/libc.musl-x86_64.so.1": "ld-musl-x86_64.so.1", "bin/sh": "/bin/evil"}


def by_name(found):
    return {item.name: item for item in found.components}


def test_packages_carry_origin_licences_and_what_they_need():
    found = by_name(APK.catalogue(tree(FILES, LINKS)))
    assert found["musl"].purl == "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.1"
    assert found["busybox-binsh"].purl == (
        "pkg:apk/alpine/busybox-binsh@1.36.1-r29?arch=x86_64&distro=alpine-3.20.1&upstream=busybox"
    )
    assert found["busybox-binsh"].source == "pkg:apk/alpine/busybox@1.36.1-r29?distro=alpine-3.20.1"
    assert found["busybox-binsh"].depends == tuple(sorted([found["musl"].ref, found["busybox"].ref]))
    assert found["busybox"].licences == ("GPL-2.0-only AND MIT",)
    assert found["musl"].supplier == "Timo Teräs <timo.teras@iki.fi>"
    assert found["musl"].hashes == {"sha1": hashlib.sha1(b"control").hexdigest()}


def test_files_and_links_are_held_against_their_checksums():
    owned = catalogue_tree(SUBJECT, tree(FILES, LINKS)).ownership
    states = {path: owned[path].state for path in owned}
    assert states["lib/ld-musl-x86_64.so.1"] is Ownership.MATCHING
    assert states["lib/libc.musl-x86_64.so.1"] is Ownership.MATCHING
    assert states["bin/sh"] is Ownership.MODIFIED
    assert states["bin/busybox"] is Ownership.MODIFIED and not owned["bin/busybox"].configuration
    assert states["etc/securetty"] is Ownership.MODIFIED and owned["etc/securetty"].configuration
    assert states["etc/unsaid"] is Ownership.UNCHECKED


def test_a_file_that_became_a_link_to_its_own_content_is_not_matching():
    """The SHA-1 of a link's target counts only where the package brought a link."""
    link = {"bin/busybox": "the box"}
    files = {path: data for path, data in FILES.items() if path != "bin/busybox"}
    owned = catalogue_tree(SUBJECT, tree(files, LINKS | link)).ownership
    assert owned["bin/busybox"].state is Ownership.MODIFIED


def test_the_database_of_merged_systems_and_sha256_are_read():
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    text = f"P:a\nV:1\nA:noarch\nF:usr/bin\nR:a\na:0:0:755\nZ:Q2{digest}\n"
    inventory = catalogue_tree(SUBJECT, tree({"usr/lib/apk/db/installed": text, "usr/bin/a": b"x"}))
    assert inventory.components[0].purl == "pkg:apk/alpine/a@1?arch=noarch"
    assert inventory.ownership["usr/bin/a"].state is Ownership.MATCHING


def test_files_of_a_paragraph_that_lost_its_name_are_noticed():
    found = APK.catalogue(tree(FILES | {"lib/apk/db/installed": INSTALLED.replace("P:musl\n", "")}))
    assert [unknown.reason for unknown in found.unknowns] == ["a package without a name, which lists files"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=40), st.binary(max_size=200))
def test_random_databases_never_end_the_run(lines, noise):
    data = "\n".join(lines).encode("utf-8", "surrogateescape") + b"\n\n" + noise
    inventory = catalogue_tree(SUBJECT, tree({"lib/apk/db/installed": data}))
    assert all(item.name.isprintable() and item.version.isprintable() for item in inventory.components)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_databases_never_end_the_run(data):
    raw = bytearray(INSTALLED.encode())
    for _ in range(data.draw(st.integers(1, 12))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    catalogue_tree(SUBJECT, tree(FILES | {"lib/apk/db/installed": bytes(raw)}, LINKS))


SUM = hashlib.sha1(b"control").digest()
MUSL = f"C:Q1{base64.b64encode(SUM).decode()}\nP:musl\nV:1.2.5-r0\nA:x86_64\n\n"


def scripts(*names, compress=False):
    """An archive as apk writes it: a name field, a size, GNU long names."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz" if compress else "w", format=tarfile.GNU_FORMAT) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 700
            archive.addfile(info, io.BytesIO(b"#" * 700))
    return out.getvalue()


def doubts(installed, archive, name="scripts.tar"):
    found = APK.catalogue(tree({"lib/apk/db/installed": installed, f"lib/apk/db/{name}": archive}))
    return [one.reason for one in found.unknowns]


BASE64, HEX = f"Q1{base64.b64encode(SUM).decode()}", f"X1{SUM.hex()}"
NAMES = (f"musl-1.2.5-r0.{BASE64}.post-install", f"musl-1.2.5-r0.{BASE64}.trigger")


def test_scripts_of_the_versions_in_the_database_are_not_doubted():
    assert doubts(MUSL, scripts(*NAMES)) == []
    assert doubts(MUSL, scripts(f"musl-1.2.5-r0.{HEX}.pre-upgrade", compress=True), "scripts.tar.gz") == []


def test_a_version_that_was_edited_in_the_database_alone_is_doubted():
    said = "scripts of 1 installed packages that the database has otherwise: musl-1.2.5-r0 (database: musl-1.2.5-r9)"
    assert doubts(MUSL.replace("1.2.5-r0", "1.2.5-r9"), scripts(*NAMES)) == [said]
    assert doubts(MUSL.replace("1.2.5-r0", "1.2.5-r9"), scripts(*NAMES, compress=True), "scripts.tar.gz") == [said]


def test_a_package_that_was_taken_out_of_the_database_is_known_by_its_scripts():
    long = "x" * 150
    assert doubts(MUSL, scripts(*NAMES, f"{long}-1.0-r0.{HEX.replace('0', '1')}.post-install"))[0].endswith(
        "(database: no package)"
    )


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=1500), st.integers(0, 3000), st.integers(0, 255))
def test_broken_archives_of_scripts_end_the_list_and_nothing_else(noise, at, byte):
    data = bytearray(scripts(*NAMES))
    data[at % len(data)] = byte
    for one in (noise, bytes(data), bytes(data[:at]), b"\x1f\x8b" + noise):
        assert all(checksum and name for checksum, name in installed_scripts(one))
