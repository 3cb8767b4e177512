"""Archives and package files, made byte for byte as their specifications have them."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import zstandard
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, Component, Inventory, Subject

DATA = Path(__file__).resolve().parents[2] / "data" / "packed"
FILE = Subject(kind=ArtifactKind.FILE, name="file", digest=SUBJECT.digest)

Files = dict[str, bytes | str]


def as_bytes(content: bytes | str) -> bytes:
    return content.encode() if isinstance(content, str) else content


def tar_of(files: Files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(as_bytes(content))
            tar.addfile(member, io.BytesIO(as_bytes(content)))
    return out.getvalue()


def zip_of(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), as_bytes(content), method)
    return out.getvalue()


def ar_of(files: Files) -> bytes:
    out = b"!<arch>\n"
    for name, content in files.items():
        data = as_bytes(content)
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


def deb_of(control: str, files: Files, md5sums: str = "") -> bytes:
    inner: Files = {"./control": control}
    if md5sums:
        inner["./md5sums"] = md5sums
    return ar_of({"debian-binary": "2.0\n", "control.tar.gz": gz(tar_of(inner)), "data.tar.xz": lzma.compress(tar_of(files))})


def cpio_of(files: Files) -> bytes:
    out = b""
    for number, (name, content) in enumerate([*files.items(), ("TRAILER!!!", b"")], 1):
        data = as_bytes(content)
        fields = (number, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(f"{field:08x}".encode() for field in fields) + name.encode() + b"\0"
        out += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return out


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def bzip2(data: bytes) -> bytes:
    return bz2.compress(data)


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


COMPRESSIONS = {"gz": gz, "bz2": bz2.compress, "xz": lzma.compress, "zst": zst}


def wheel_of(name: str, version: str, more: Files | None = None) -> bytes:
    folder = f"{name}-{version}.dist-info"
    files: Files = {
        f"{name}.py": "x = 1\n",
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: rope (>=2)\n\ntext\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\n",
        f"{folder}/RECORD": f"{name}.py,,\n",
    }
    return zip_of({**files, **(more or {})})


def npm_of(name: str, version: str) -> bytes:
    return gz(tar_of({"package/package.json": json.dumps({"name": name, "version": version}), "package/index.js": ""}))


def conda_index(name: str, version: str) -> str:
    return json.dumps(
        {"name": name, "version": version, "build": "h1_0", "subdir": "linux-64", "depends": ["libgcc >=12"], "license": "MIT"}
    )


def alone(name: str, data: bytes) -> Inventory:
    """The inventory of one file, given by itself."""
    return catalogue_tree(FILE, tree({name: data}))


def in_image(files: Files) -> Inventory:
    """The inventory of an image with these files."""
    return catalogue_tree(SUBJECT, tree(files))


def purls(inventory: Inventory) -> list[str]:
    return [one.purl for one in inventory.components]


def only(inventory: Inventory) -> Component:
    (one,) = inventory.components
    return one


def reasons(inventory: Inventory) -> list[str]:
    return [f"{one.path}: {one.reason}" for one in inventory.unknowns]
