"""Bills of materials that we write, in the hands of the field's scanners: they find the same in one as in the image itself."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from peer_programs import ROOT, missing, peers_folder

sys.path.insert(0, str(ROOT / "demo"))

from make_image import make_tar

PATIENCE_S = 240
SYSTEM = b'ID=debian\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
STATUS = """\
Package: {name}
Status: install ok installed
Maintainer: Debian <debian@lists.debian.org>
Architecture: amd64
{source}Version: {version}
Description: x

"""
PACKAGES = (
    ("libssl3", "3.0.15-1~deb12u1", "openssl"),
    ("openssl", "3.0.15-1~deb12u1", ""),
    ("vim-tiny", "2:9.0.1378-2", "vim"),
    ("login", "1:4.13+dfsg1-1+b1", "shadow (1:4.13+dfsg1-1)"),
)
SITE = "usr/lib/python3/dist-packages"
DEBIAN = {
    "etc/os-release": SYSTEM,
    "etc/debian_version": b"12\n",
    "var/lib/dpkg/status": "".join(
        STATUS.format(name=name, version=version, source=f"Source: {source}\n" if source else "")
        for name, version, source in PACKAGES
    ).encode(),
    **{f"var/lib/dpkg/info/{name}.list": b"/.\n" for name, _, _ in PACKAGES},
    f"{SITE}/requests-2.19.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: requests\nVersion: 2.19.0\n\n",
    f"{SITE}/requests-2.19.0.dist-info/RECORD": b"requests/__init__.py,,\n",
    "app/node_modules/lodash/package.json": b'{"name":"lodash","version":"4.17.20","license":"MIT"}',
    "app/node_modules/@babel/core/package.json": b'{"name":"@babel/core","version":"7.0.0","license":"MIT"}',
}
JAIL = {
    "srv/jail/etc/os-release": b"ID=alpine\nVERSION_ID=3.19.1\n",
    "srv/jail/etc/apk/world": b"musl\n",
    "srv/jail/lib/apk/db/installed": b"P:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n\n",
}
FORMATS = ("cyclonedx-json", "spdx-json", "syft-json")
Found = tuple[set[tuple[str, str]], str]


def docker_archive(files: dict[str, bytes]) -> bytes:
    """An image in the form that every scanner reads."""
    layer = make_tar(files)
    config = {"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z", "config": {}, "history": [{}]}
    config["rootfs"] = {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]}
    text = json.dumps(config).encode()
    name = f"{sha256(text).hexdigest()}.json"
    manifest = [{"Config": name, "RepoTags": ["example.org/app:1"], "Layers": ["layer.tar"]}]
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in ((name, text), ("layer.tar", layer), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images, and what we write of each in every format."""
    folder = tmp_path_factory.mktemp("sboms")
    for name, files in (("plain", DEBIAN), ("jail", DEBIAN | JAIL)):
        (folder / f"{name}.tar").write_bytes(docker_archive(files))
        outputs = [word for form in FORMATS for word in ("-o", f"{form}={folder / name}.{form}")]
        source = f"docker-archive:{folder / name}.tar"
        command = [sys.executable, "-c", "from pratique.cli.main import main; main()", "sbom", source, *outputs]
        environ = os.environ | {"PRATIQUE_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT / "src")}
        subprocess.run(command, env=environ, check=True, capture_output=True, timeout=PATIENCE_S)
        for form in FORMATS:  # osv-scanner knows a format by its file's name
            endings = {"cyclonedx-json": "cdx.json", "spdx-json": "spdx.json", "syft-json": "syft.json"}
            (folder / f"{name}.{form}").rename(folder / f"{name}.{endings[form]}")
    return folder


def answer(tool: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What a tool says; it reaches nothing, and has a home of its own."""
    reason = missing(tool)
    if reason:
        pytest.skip(reason)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    environ |= {"GRYPE_DB_AUTO_UPDATE": "false", "GRYPE_CHECK_FOR_APP_UPDATE": "false", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    command = [str(peers_folder() / tool), *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def by_syft(folder: Path, *words: str) -> Found:
    ran = answer("syft", folder, "-q", *words, "-o", "syft-json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    # What a document of SPDX says of the system is a package to syft, of no kind.
    rows = {(one["name"], one["version"]) for one in found["artifacts"] if one["type"] != "UnknownPackage"}
    return rows, f"{found['distro'].get('id')} {found['distro'].get('versionID')}"


def by_trivy(folder: Path, *words: str) -> Found:
    # A look for licences needs no database of vulnerabilities.
    ran = answer("trivy", folder, "-q", *words, "--format", "json", "--list-all-pkgs", "--scanners", "license")
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    system = found["Metadata"]["OS"]
    packages = [one for result in found["Results"] for one in result.get("Packages", ())]
    return {(one["Name"], _full(one)) for one in packages}, f"{system['Family']} {system['Name']}"


def _full(one: dict[str, Any]) -> str:
    epoch, release = one.get("Epoch"), one.get("Release")
    return f"{f'{epoch}:' if epoch else ''}{one.get('Version', '')}{f'-{release}' if release else ''}"


def by_osv(folder: Path, *words: str) -> Found:
    # Without its databases it says so after it has named what it found.
    ran = answer("osv-scanner", folder, "scan", *words, "--offline", "--format", "json", "--all-packages")
    found = json.loads(ran.stdout)
    packages = [row["package"] for result in found["results"] for row in result["packages"]]
    system = {one["ecosystem"] for one in packages if one["ecosystem"].startswith(("Debian", "Alpine"))}
    # Systems and images are of no ecosystem: nothing is looked up for them.
    return {(one["name"], one["version"]) for one in packages if one["ecosystem"]}, " ".join(sorted(system))


ASKED: dict[str, tuple[Callable[..., Found], tuple[str, ...], tuple[str, ...]]] = {
    "syft": (by_syft, ("scan", "docker-archive:{}"), ("convert", "{}")),
    "trivy": (by_trivy, ("image", "--input", "{}"), ("sbom", "{}")),
    "osv-scanner": (by_osv, ("image", "--archive", "{}"), ("source", "-L", "{}")),
}


def asked(tool: str, folder: Path, what: int, name: str) -> Found:
    ask, *words = ASKED[tool]
    return ask(folder, *(word.format(folder / name) for word in words[what]))


@pytest.mark.parametrize(
    ("tool", "ending"),
    [*((tool, f"{form}.json") for tool in ("syft", "trivy") for form in ("cdx", "spdx")), ("syft", "syft.json")],
)
def test_a_scanner_finds_the_same_packages_and_system_in_our_document_as_in_the_image(folder, tool, ending):
    packages, system = asked(tool, folder, 1, f"plain.{ending}")
    assert ("@babel/core", "7.0.0") in packages
    assert (packages, system) == asked(tool, folder, 0, "plain.tar")


@pytest.mark.parametrize("ending", ["cdx.json", "spdx.json"])
def test_osv_scanner_finds_the_same_ecosystems_names_and_versions_in_our_document_as_in_the_image(folder, ending):
    packages, system = asked("osv-scanner", folder, 1, f"plain.{ending}")
    expected, own = asked("osv-scanner", folder, 0, "plain.tar")
    # In an image it names Debian's packages by their sources and reads no node_modules; in documents of anybody it does not look
    # for sources, and in SPDX it drops the namespace of a package URL.
    scope = "@babel/" if ending == "cdx.json" else ""
    javascript = {("lodash", "4.17.20"), (f"{scope}core", "7.0.0")}
    assert javascript <= packages
    sources = {name: source.partition(" ")[0] or name for name, _, source in PACKAGES}
    assert {(sources.get(name, name), version) for name, version in packages - javascript} == expected
    assert system == own == "Debian:12"


@pytest.mark.parametrize("ending", ["cdx.json", "spdx.json", "syft.json"])
def test_grype_reads_our_document_and_misses_only_its_database(folder, ending):
    ran = answer("grype", folder, f"sbom:{folder / 'plain'}.{ending}", "-o", "json")
    assert "database does not exist" in ran.stderr
    assert "failed to catalog" not in ran.stderr


@pytest.mark.parametrize("ending", ["cdx.json", "spdx.json"])
def test_a_system_within_the_system_ends_no_scan_and_is_not_taken_for_the_images(folder, ending):
    packages, system = asked("trivy", folder, 1, f"jail.{ending}")
    # Of several systems it takes any: one look would be luck.
    assert {system, *(asked("trivy", folder, 1, f"jail.{ending}")[1] for _ in range(5))} == {"debian 12"}
    assert ("musl", "1.2.4-r2") not in packages and ("libssl3", "3.0.15-1~deb12u1") in packages


@pytest.mark.parametrize("ending", ["cdx.json", "spdx.json", "syft.json"])
def test_syft_sees_the_packages_of_a_system_within_the_system_and_the_images_distribution(folder, ending):
    packages, system = asked("syft", folder, 1, f"jail.{ending}")
    assert ("musl", "1.2.4-r2") in packages
    assert system == "debian 12"
