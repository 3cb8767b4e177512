"""Programs that are packed, and programs and scripts that carry others: opened, or said to be what they are."""

import base64
import json
import marshal
import random
import struct
import zlib

import pytest
from packed_samples import DATA, bzip2, gz, in_image, purls, reasons, tar_of, wheel_of, zip_of, zst

from pratique.errors import LimitExceeded
from pratique.inventory.packed.asar import asar_members
from pratique.inventory.packed.dotnet_bundle import MARK, bundle_members, find_bundle
from pratique.inventory.packed.limits import Budget, PackedLimits
from pratique.inventory.packed.pyinstaller import find_cookie, read_archive

PACKAGE = {"node_modules/knot/package.json": '{"name":"knot","version":"1"}'}
METADATA = "Metadata-Version: 2.1\nName: rope\nVersion: 3.1\n"


def elf(sections: dict[bytes, bytes] | None = None, body: bytes = b"") -> bytes:
    """A 64-bit program: one segment over everything, and sections by name where there are any."""
    head = 64 + 56
    base = 0x400000
    sections = sections or {}
    names, blob, rows = b"\0", body, [bytes(64)]
    for name, content in {**sections, b".shstrtab": b""}.items():
        at = head + len(blob)
        data = names + name + b"\0" if name == b".shstrtab" else content
        rows.append(struct.pack("<IIQQQQIIQQ", len(names), 1, 0, base + at, at, len(data), 0, 0, 1, 0))
        names += name + b"\0"
        blob += data
    count = len(rows) if sections else 0
    end = head + len(blob)
    ident = b"\x7fELF\2\1\1" + bytes(9)
    fields = (3, 62, 1, base, 64, end if count else 0, 0, 64, 56, 1, 64, count, max(count - 1, 0))
    header = ident + struct.pack("<HHIQQQIHHHHHH", *fields)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, end, end, 4096)
    return header + segment + blob + (b"".join(rows) if count else b"")


def text7(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()


def bundle(files: dict[str, bytes], *, major: int = 6, packed: bool = True) -> bytes:
    """A host with these files behind it, as the SDK of .NET bundles them."""
    host = elf(body=bytes(8) + MARK + bytes(100))
    out, rows = host, b""
    for name, data in files.items():
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        stored = deflater.compress(data) + deflater.flush() if packed and major >= 6 else data
        size = struct.pack("<qq", len(out), len(data)) + (struct.pack("<q", len(stored) if packed else 0) if major >= 6 else b"")
        rows += size + b"\1" + text7(name)
        out += stored
    header = struct.pack("<IIi", major, 0, len(files)) + text7("bundle-id") + (bytes(40) if major >= 2 else b"")
    at = host.index(MARK)
    return (out[: at - 8] + struct.pack("<q", len(out)) + out[at:]) + header + rows


def carchive(entries: list[tuple[str, str, bytes, bool]]) -> bytes:
    """What PyInstaller appends: name, kind, bytes, whether deflated."""
    body, table = b"", b""
    for name, kind, data, packed in entries:
        stored = zlib.compress(data) if packed else data
        raw = name.encode() + b"\0"
        table += struct.pack("!IIIIBc", 18 + len(raw), len(body), len(stored), len(data), packed, kind.encode()) + raw
        body += stored
    cookie = struct.pack(
        "!8sIIII64s", b"MEI\x0c\x0b\x0a\x0b\x0e", len(body) + len(table) + 88, len(body), len(table), 311, b"libpython"
    )
    return body + table + cookie


def pyz(names: list[str]) -> bytes:
    head = b"PYZ\0" + bytes(4)
    return head + struct.pack("!i", 16) + bytes(4) + marshal.dumps([(name, (0, 17, 0)) for name in names])


DEPS = {
    "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64"},
    "targets": {
        ".NETCoreApp,Version=v8.0/linux-x64": {
            "App/1.0.0": {"dependencies": {"Knot": "2.0.1"}, "runtime": {"App.dll": {}}},
            "Knot/2.0.1": {"runtime": {"lib/net8.0/Knot.dll": {}}},
        }
    },
    "libraries": {"App/1.0.0": {"type": "project"}, "Knot/2.0.1": {"type": "package"}},
}
FILES = {"App.deps.json": json.dumps(DEPS).encode(), "App.dll": b"MZ" + bytes(80), "Knot.dll": b"MZ" + bytes(80)}


@pytest.mark.parametrize(("major", "packed"), [(6, True), (6, False), (2, False), (1, False)])
def test_a_single_file_application_of_dotnet_names_its_packages(major, packed):
    found = in_image({"app/App": bundle(FILES, major=major, packed=packed)})
    assert purls(found) == ["pkg:nuget/App@1.0.0", "pkg:nuget/Knot@2.0.1"]
    assert found.components[1].evidence == ("app/App!App.deps.json",)


def test_a_host_of_dotnet_that_bundles_nothing_is_no_bundle():
    assert not any("packed" in reason for reason in reasons(in_image({"app/App": elf(body=bytes(8) + MARK) + b"signature"})))


def test_a_bundle_of_dotnet_that_lies_about_where_its_files_are_is_told():
    data = bytearray(bundle(FILES))
    at = data.rindex(text7("App.dll"))
    data[at - 25 : at - 17] = struct.pack("<q", 1 << 40)
    assert any("App.dll: packed: points outside of the file" in reason for reason in reasons(in_image({"a": bytes(data)})))
    assert any("packed" in reason for reason in reasons(in_image({"a": bundle(FILES, major=9)})))


@pytest.mark.parametrize("place", ["section", "appended"])
def test_a_program_of_pyinstaller_has_the_packages_whose_metadata_it_carries(place):
    modules = pyz(["json", "json.decoder", "rope", "hawser.knot", "pyimod02"])
    archive = carchive(
        [
            ("PYZ.pyz", "z", modules, False),
            ("rope-3.1.dist-info/METADATA", "x", METADATA.encode(), True),
            ("lib/native.so", "b", b"\x7fELF" + bytes(100), True),
        ]
    )
    data = elf({b".text": b"x", b"pydata": archive}) if place == "section" else elf() + archive
    found = in_image({"app": data})
    assert purls(found) == ["pkg:pypi/rope@3.1"]
    assert "app: packed: it has Python packages whose names alone are known, 1 of them: hawser" in reasons(found)


def test_a_table_of_modules_is_never_unmarshalled():
    for table in (marshal.dumps(compile("1", "x", "exec")), b"\xfb" * 50, b"(\xff\xff\xff\x7f", b"[" + b"\1\0\0\0[" * 3000):
        archive = carchive([("PYZ.pyz", "z", b"PYZ\0" + bytes(4) + struct.pack("!i", 16) + bytes(4) + table, False)])
        assert any("PyInstaller" in reason for reason in reasons(in_image({"app": elf() + archive})))


def test_an_appimage_is_opened():
    program = bytearray(elf())
    program[8:11] = b"AI\2"
    found = in_image({"tool.AppImage": bytes(program) + (DATA / "rootfs.zstd.squashfs").read_bytes()})
    assert "pkg:npm/left-pad@1.3.0" in purls(found)
    program[10] = 1
    assert any("AppImage of type 1" in reason for reason in reasons(in_image({"tool": bytes(program) + bytes(100)})))


@pytest.mark.parametrize("pack", [gz, zst, bzip2, lambda data: data])
def test_a_script_with_an_archive_behind_it_is_opened(pack):
    script = b"#!/bin/sh\n# unpacks itself\n" + b"tail -n +12 $0 | tar x\n" * 30 + b"exit 0\n"
    found = in_image({"setup.run": script + pack(tar_of(PACKAGE))})
    assert purls(found) == ["pkg:npm/knot@1"]
    assert found.components[0].evidence[0].startswith("setup.run!payload!")


def test_a_script_with_an_archive_in_base64_is_opened():
    text = base64.encodebytes(gz(tar_of(PACKAGE)))
    for end in (b"", b"EOF\n", b"\nexit 0\n"):
        script = b"#!/bin/sh\n" + b"# comment\n" * 40 + b"base64 -d << EOF | tar xz\n" + text + end
        assert purls(in_image({"setup.sh": script})) == ["pkg:npm/knot@1"]


def test_a_shell_archive_is_an_unknown_and_an_ordinary_script_is_none():
    shar = "#!/bin/sh\n# This is a shell archive (produced by sharutils).\nsed 's/^X//' << 'SHAR_EOF' > 'a'\nXa\nSHAR_EOF\n"
    assert any("a script that unpacks itself" in reason for reason in reasons(in_image({"a.shar": shar * 3})))
    script = "#!/bin/sh\n# uses a shell archive or base64\n" + "echo H4sIAAAA | base64 -d\n" * 50
    assert reasons(in_image({"bin/x": script})) == []


def test_a_zip_behind_a_program_is_opened():
    found = in_image({"setup.exe": elf() + zip_of({"rope-3.1.whl": wheel_of("rope", "3.1")})})
    assert purls(found) == ["pkg:pypi/rope@3.1"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (elf(body=b"\0" * 20 + b"UPX!" + bytes(400)), "a program packed by UPX"),
        (elf(body=random.Random(1).randbytes(200_000)), "packed by something that is not known"),
        (elf() + b"x" * 50 + b"\n---- Bun! ----\n" + bytes(8), "a program of Bun"),
        (elf() + b"x" * 500 + b"d3n0l4nd" + bytes(32), "a program of Deno"),
        (elf({b".text": b"", b".d3n0l4nd": b"x"}), "a program of Deno"),
        (elf() + b"x" * 50 + b"pkg/prelude/bootstrap.js" + b"x" * 50, "packed by pkg"),
        (elf() + b"x" * 50 + b"<nexe~~sentinel>" + bytes(16), "packed by nexe"),
        (elf(body=bytes(17 << 20) + b"NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1"), "a single executable of Node.js"),
        (elf() + b"\xef\xbe\xad\xdeNullsoftInst" + bytes(50), "an installer of NSIS"),
        (elf() + b"7z\xbc\xaf\x27\x1c" + bytes(50), "7z follows the program"),
        (elf({b".text": b"", b".svm_heap": b"x"}), "a native image of GraalVM without a bill of materials"),
    ],
)
def test_a_program_whose_contents_cannot_be_read_is_an_unknown_that_says_what_it_is(data, words):
    found = in_image({"usr/bin/tool": data})
    assert any(words in reason for reason in reasons(found)), reasons(found)


def test_a_node_that_runs_no_program_of_its_own_is_none_of_them():
    data = elf(body=bytes(17 << 20) + b"NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:0")
    assert not any("packed" in reason for reason in reasons(in_image({"usr/bin/node": data})))


def test_a_native_image_of_graalvm_has_the_components_that_it_states():
    sbom = {
        "bomFormat": "CycloneDX",
        "components": [
            {"type": "library", "group": "org.example", "name": "rope", "version": "2", "bom-ref": "r", "licenses": []},
            {"type": "library", "name": "x", "purl": "pkg:maven/org.example/knot@1?type=jar", "bom-ref": "k"},
            {"type": "library", "name": "broken", "version": "1", "purl": "no purl"},
        ],
        "dependencies": [{"ref": "r", "dependsOn": ["k"]}],
    }
    packed = gz(json.dumps(sbom).encode())
    base, start = 0x400000, 64 + 56
    names = b"\0sbom\0sbom_length\0"
    body = packed + struct.pack("<Q", len(packed))
    symbols = bytes(24) + struct.pack("<IBBHQQ", 1, 17, 0, 1, base + start, 0)
    symbols += struct.pack("<IBBHQQ", 6, 17, 0, 1, base + start + len(packed), 0)
    found = in_image({"app": elf({b".svm_heap": b"x", b".dynsym": symbols, b".dynstr": names}, body)})
    assert purls(found) == ["pkg:maven/broken@1", "pkg:maven/org.example/knot@1", "pkg:maven/org.example/rope@2"]
    assert found.components[2].depends == ("pkg:maven/org.example/knot@1",)
    assert any("no package URL" in reason for reason in reasons(found))


def test_programs_that_carry_nothing_say_nothing():
    found = in_image({"usr/bin/a": elf({b".text": b"x" * 100}), "usr/bin/b": elf() + b"debug link and a signature" + bytes(100)})
    assert not any("packed" in reason for reason in reasons(found))


def phar(files: dict[str, tuple[bytes, int]], start: bytes = b"#!/usr/bin/env php\n<?php echo 1; ") -> bytes:
    """A PHP archive of files, each with its flag of compression."""
    pack = {0: lambda data: data, 0x1000: lambda data: zlib.compress(data, wbits=-15), 0x2000: bzip2}
    rows, body = b"", b""
    for name, (data, flag) in files.items():
        stored = pack[flag](data)
        rows += struct.pack("<I", len(name)) + name.encode() + struct.pack("<IIIII", len(data), 0, len(stored), 0, flag | 0o644)
        rows += bytes(4)
        body += stored
    manifest = struct.pack("<I", len(files)) + b"\x11\x00" + struct.pack("<II", 0x10000, 4) + b"a.ph" + bytes(4) + rows
    return start + b"__HALT_COMPILER(); ?>\r\n" + struct.pack("<I", len(manifest)) + manifest + body + bytes(20) + b"\2\0\0\0GBMB"


INSTALLED = json.dumps({"packages": [{"name": "harbour/knot", "version": "1.2.0"}]}).encode()


@pytest.mark.parametrize("flag", [0, 0x1000, 0x2000])
@pytest.mark.parametrize("start", [b"#!/usr/bin/env php\n<?php ", b"<?php "])
def test_a_php_archive_has_the_packages_that_it_was_built_from(flag, start):
    data = phar({"vendor/composer/installed.json": (INSTALLED, flag), "src/a.php": (b"<?php", 0)}, start)
    found = in_image({"usr/local/bin/composer": data})
    assert purls(found) == ["pkg:composer/harbour/knot@1.2.0"]
    assert found.components[0].evidence == ("usr/local/bin/composer!vendor/composer/installed.json",)


def test_a_php_file_that_is_no_archive_is_none_and_a_torn_one_is_told():
    assert reasons(in_image({"a.php": b"<?php echo '__HALT_COMPILER();'; " + bytes(100)})) == []
    torn = phar({"vendor/composer/installed.json": (INSTALLED, 0)})[:-70]
    assert any("packed: a PHP archive that is cut off" in reason for reason in reasons(in_image({"a.phar": torn})))


def asar(files: dict, body: bytes) -> bytes:
    text = json.dumps({"files": files}).encode()
    padded = text + bytes(-len(text) % 4)
    return struct.pack("<IIII", 4, len(padded) + 8, len(padded) + 4, len(text)) + padded + body


def test_an_electron_archive_is_opened():
    data = PACKAGE["node_modules/knot/package.json"].encode()
    inner = {"package.json": {"offset": "0", "size": len(data)}, "x.node": {"size": 5, "unpacked": True}, "a": {"link": "b"}}
    found = in_image({"resources/app.asar": asar({"node_modules": {"files": {"knot": {"files": inner}}}}, data)})
    assert purls(found) == ["pkg:npm/knot@1"]
    assert reasons(found) == ["resources/app.asar!node_modules/knot/x.node: packed: lies beside the archive"]
    wrong = asar({"package.json": {"offset": "9", "size": 1 << 40}}, data)
    assert any("points outside" in reason for reason in reasons(in_image({"app.asar": wrong})))


@pytest.mark.parametrize("name", ["app", "run.sh", "lib.zip"])
def test_a_java_archive_is_known_whatever_it_is_called(name):
    jar = zip_of(
        {
            "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n",
            "META-INF/maven/g/a/pom.properties": "groupId=g\nartifactId=a\nversion=1\n",
        }
    )
    found = in_image({name: (b"#!/bin/bash\nexec java -jar $0\n" if name != "lib.zip" else b"") + jar})
    assert purls(found) == ["pkg:maven/g/a@1"]


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.iso", bytes(32769) + b"CD001" + bytes(100), "ISO 9660 image"),
        ("a.img", bytes(1080) + b"\x53\xef" + bytes(1000), "ext4 image"),
        ("a.erofs", bytes(1024) + b"\xe2\xe1\xf5\xe0" + bytes(1000), "EROFS image"),
        ("a.dmg", b"x" * 1000 + b"koly" + bytes(508), "Apple disk image"),
    ],
)
def test_an_image_of_a_file_system_that_is_not_read_is_an_unknown(name, data, word):
    (reason,) = reasons(in_image({name: data}))
    assert word in reason and "is not opened" in reason


def test_an_archive_in_which_nobody_looks_for_anything_leaves_nothing_behind():
    assert in_image({"src.zip": zip_of({f"java/{number}.java": "class X {}" for number in range(50)})}).tree.facts == {}


def test_a_program_whose_sections_were_taken_away_is_not_said_to_be_packed():
    code = b"".join(struct.pack("<IBI", number * 2654435761 % (1 << 32), 0x48, number) for number in range(30_000))
    assert not any("packed by" in reason for reason in reasons(in_image({"usr/bin/a": elf(body=code)})))


def stored_members(form: str, body: bytes, budget: Budget):
    """The members of an archive of that form which holds one file that is not compressed."""
    if form == "asar":
        return asar_members(memoryview(asar({"a": {"offset": "0", "size": len(body)}}, body)), budget)
    if form == "bundle":
        data = memoryview(bundle({"a": body}, packed=False))
        return bundle_members(data, find_bundle(data, len(data)), budget)
    data = memoryview(carchive([("a", "b", body, False)]))
    return read_archive(data, find_cookie(data, 0), budget).members


@pytest.mark.parametrize("form", ["asar", "bundle", "carchive"])
def test_bytes_that_any_number_of_members_may_name_are_counted_each_time(form):
    body = bytes(100_000)
    (member,) = stored_members(form, body, Budget(PackedLimits(floor_bytes=250_000, ratio=0), 0))
    assert [sum(map(len, member.pieces())) for _ in range(2)] == [100_000, 100_000]
    with pytest.raises(LimitExceeded):
        list(member.pieces())
