import json
import struct
import zlib
from contextlib import suppress

import pytest
from binary_samples import GO, elf, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.artifact.content import FileContent
from pratique.cataloging.binary.assembly import read_assembly
from pratique.cataloging.binary.executable import ExecutableProbe
from pratique.cataloging.binary.gobuild import MAGIC
from pratique.cataloging.binary.macho import slices
from pratique.cataloging.binary.pe import Pe
from pratique.cataloging.cataloger import Collector
from pratique.ecosystems.executables.build_info import _noted
from pratique.errors import Malformed, PratiqueError
from pratique.model import Tree

PROBE = ExecutableProbe()
SAMPLES = [f"go-{name}" for name in GO] + ["rust-linux-amd64", "note-linux-amd64", "dotnet"]
MODULES = b"path\texample.org/a\nmod\texample.org/a\tv1.0.0\th1:x=\ndep\texample.org/b\tv0.1.0\th1:y=\n"


def read(data: bytes) -> dict:
    found = PROBE.read(FileContent(memoryview(data)))
    return json.loads(found) if found else {}


def pointers(order: str, size: int, address: int, modules: bytes = MODULES) -> bytes:
    """The build information of before Go 1.18: two pointers to string headers."""
    word = order + ("Q" if size == 8 else "I")
    version, text = b"go1.16.5", b"0" * 16 + modules + b"1" * 16
    pack = lambda *numbers: b"".join(struct.pack(word, number) for number in numbers)  # noqa: E731
    strings = 32 + 4 * size
    head = (MAGIC + bytes([size, order == ">"]) + pack(address + 32, address + 32 + 2 * size)).ljust(32, b"\0")
    headers = pack(address + strings, len(version), address + strings + len(version), len(text))
    return head + headers + version + text


@pytest.mark.parametrize("name", GO)
def test_go_build_information_is_read_from_every_format_of_executables(name):
    go = read(sample(f"go-{name}"))["go"]
    assert go["go"] == "go1.19.8"
    assert go["settings"]["GOARCH"] == name.partition("-")[2]
    assert go["settings"]["-ldflags"] == "-s -w -X main.version=v1.2.3"
    assert ["example.org/harbour/knot/v2", "v2.0.1", "h1:O3tD+sv8vh7aTDm2JyHiDEW21HT47bW5QGFmstPjHQU=", ""] in go["dependencies"]
    assert len(go["dependencies"]) == 5


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [4, 8])
def test_go_build_information_of_before_1_18_is_followed_through_its_pointers(order, size):
    data = elf(pointers(order, size, 0x1000), order=order, wide=size == 8, section=b".go.buildinfo")
    go = read(data)["go"]
    assert (go["go"], go["main"][:2]) == ("go1.16.5", ["example.org/a", "v1.0.0"])
    assert go["dependencies"] == [["example.org/b", "v0.1.0", "h1:y=", ""]]


@pytest.mark.parametrize("name", ["go-linux-amd64", "go-linux-386", "go-linux-s390x"])
def test_a_binary_stripped_of_its_section_headers_still_says_what_is_in_it(name):
    data = bytearray(sample(name))
    at = 58 if data[4] == 2 else 46
    data[at : at + 6] = bytes(6)
    assert read(bytes(data))["go"]["go"] == "go1.19.8"


def test_wrong_section_headers_do_not_hide_a_go_binary():
    data = bytearray(sample("go-linux-amd64"))
    data[40:48] = (len(data) + 10).to_bytes(8, "little")
    assert read(bytes(data))["go"]["main"][0] == "example.org/harbour/hello"


@pytest.mark.parametrize("name", GO)
def test_a_go_section_of_another_name_hides_nothing(name):
    data = sample(f"go-{name}")
    renamed = data.replace(b".go.buildinfo", b".my.something").replace(b"__go_buildinfo", b"__my_something")
    assert renamed != data or name.startswith("windows")
    assert read(renamed) == read(data)


def test_names_of_sections_that_are_nobodys_hide_nothing():
    data = sample("go-linux-amd64")
    renamed = data
    for section in (b".go.buildinfo", b".gopclntab", b".note.go.buildid", b".noptrdata", b".typelink", b".itablink"):
        renamed = renamed.replace(section, b".x".ljust(len(section), b"x"))
    assert read(renamed) == read(data)


def test_an_empty_section_of_the_right_name_is_no_decoy():
    blob = pointers("<", 8, 0x1000)
    data = bytearray(elf(blob, section=b".go.buildinfo"))
    header = len(data) - 64
    data[header + 32 : header + 40] = bytes(8)  # sh_size
    assert read(bytes(data))["go"]["go"] == "go1.16.5"


def test_pointers_that_lead_nowhere_are_malformed():
    with pytest.raises(Malformed, match="address"):
        read(elf(pointers("<", 8, 0x9000), section=b".go.buildinfo"))


def test_a_string_longer_than_the_file_is_malformed():
    blob = (MAGIC + bytes([8, 2])).ljust(32, b"\0") + b"\xff\xff\xff\x01" + b"go1.20"
    with pytest.raises(Malformed):
        read(elf(blob, section=b".go.buildinfo"))


def test_crates_of_an_audited_binary_are_read_with_their_kinds():
    crates = {crate[0]: crate for crate in read(sample("rust-linux-amd64"))["rust"]}
    assert crates["crab"] == ["crab", "0.1.0", "local", False, True, [1, 2]]
    assert crates["autocfg"][3] is True


@pytest.mark.parametrize(
    "document",
    [b"[]", b'{"packages":[{"name":"a","version":"1","dependencies":[3]}]}', b'{"packages":[{"name":"a"}]}', b'{"packages":{}}'],
)
def test_a_list_of_crates_that_is_wrong_is_malformed(document):
    with pytest.raises(Malformed):
        read(elf(zlib.compress(document), section=b".dep-v0"))


def test_a_list_of_crates_that_inflates_without_end_is_refused():
    with pytest.raises(Malformed, match="more than"):
        read(elf(zlib.compress(bytes(40 << 20), 9), section=b".dep-v0"))


def test_a_package_note_is_read():
    note = read(sample("note-linux-amd64"))["note"]
    assert (note["type"], note["name"], note["version"]) == ("rpm", "harbour", "1.2-3.fc40")


def test_an_assembly_tells_all_its_versions_apart():
    pe = read(sample("dotnet"))["pe"]
    assert pe["assembly"] == {"name": "Harbour", "version": "4.3.2.1", "signed": False}
    assert (pe["FileVersion"], pe["ProductVersion"], pe["CompanyName"]) == ("4.3.2.9", "4.3.2-rc.1+abc", "Example Ltd")


def test_a_universal_binary_is_read_through_its_slices():
    thin = sample("go-darwin-arm64")
    fat = b"\xca\xfe\xba\xbe" + struct.pack(">IIIIII", 1, 12, 0, 4096, len(thin), 12)
    assert read(fat.ljust(4096, b"\0") + thin)["go"]["go"] == "go1.19.8"
    assert len(slices(memoryview(thin))) == 1


def test_java_classes_share_a_magic_and_are_not_asked_about():
    assert not PROBE.applies("A.class", 4096, b"\xca\xfe\xba\xbe\0\0\0\x37")
    assert PROBE.applies("tool", 4096, b"\xca\xfe\xba\xbe\0\0\0\x02")


def test_a_dos_program_is_no_broken_windows_program():
    assert read(b"MZ" + bytes(58) + struct.pack("<I", 0x80) + bytes(200)) == {}


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_a_mutated_executable_is_read_or_refused(name, data):
    content = bytearray(CACHE[name])
    head = min(len(content), 4096)
    interesting = [*range(0, head, 4)]
    interesting += [at + step for at in [CACHE[name].find(MAGIC)] if at > 0 for step in range(0, 256, 4)]
    for at in data.draw(st.lists(st.sampled_from(interesting), min_size=1, max_size=6)):
        bits = data.draw(
            st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\0\0\0", b"\0\0\0\x80"]) | st.binary(max_size=4)
        )
        content[at : at + len(bits)] = bits
    cut = data.draw(st.none() | st.integers(0, len(content)))
    with suppress(PratiqueError):
        PROBE.read(FileContent(memoryview(bytes(content[:cut]))))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([b"\x7fELF\x02\x01", b"\x7fELF\x01\x02", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]),
    st.binary(max_size=400),
)
def test_random_bytes_are_read_or_refused(magic, rest):
    with suppress(PratiqueError):
        PROBE.read(FileContent(memoryview(magic + rest)))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 255)), max_size=8))
def test_mutated_metadata_of_assemblies_is_read_or_refused(changes):
    metadata = bytearray(METADATA)
    for at, value in changes:
        metadata[at % len(metadata)] = value
    with suppress(PratiqueError):
        read_assembly(bytes(metadata))


CACHE = {name: sample(name) for name in SAMPLES}
METADATA = Pe(memoryview(CACHE["dotnet"])).cli()


def test_a_package_note_names_its_system_as_the_package_database_does():
    note = {"type": "deb", "name": "systemd", "version": "252", "os": "Debian", "osVersion": "12", "architecture": "amd64"}
    component = _noted(Collector(Tree(entries={})), "usr/bin/systemctl", note)
    assert component.purl == "pkg:deb/debian/systemd@252?arch=amd64&distro=debian-12"
