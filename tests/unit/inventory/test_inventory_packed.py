"""Archives and package files are opened, whatever they are in, and what they are is said."""

import bz2
import hashlib
import json
import lzma

import pytest
from packed_samples import (
    COMPRESSIONS,
    DATA,
    alone,
    ar_of,
    conda_index,
    cpio_of,
    deb_of,
    gz,
    in_image,
    npm_of,
    only,
    purls,
    reasons,
    tar_of,
    wheel_of,
    zip_of,
    zst,
)
from sbom_trees import OS_RELEASE

from pratique.model import Ownership, Presence

METADATA = "Metadata-Version: 2.1\nName: rope\nVersion: 3.1\n"
APK = {
    ".SIGN.RSA.key.pub": "x",
    ".PKGINFO": "# made\npkgname = knot\npkgver = 1.2-r0\narch = x86_64\nlicense = MIT\ndepend = so:libc.musl\norigin = knots\n",
    "usr/bin/knot": "#!/bin/sh\n",
}
PACMAN = {
    ".BUILDINFO": "format = 2\n",
    ".MTREE": gz(b"#mtree\n./usr/bin/knot sha256digest=" + hashlib.sha256(b"#!/bin/sh\n").hexdigest().encode() + b"\n"),
    ".PKGINFO": "pkgname = knot\npkgver = 1.2-1\narch = x86_64\nlicense = MIT\ndepend = glibc\n",
    "usr/bin/knot": "#!/bin/sh\n",
}
CARGO = '[package]\nname = "knot"\nversion = "1.0.0"\nlicense = "MIT"\n'
LOCK = 'version = 3\n[[package]]\nname = "knot"\nversion = "1.0.0"\n'
NUSPEC = "<package><metadata><id>Harbour.Rope</id><version>2.1.0</version><authors>A</authors></metadata></package>"
CONTROL = "Package: rope\nVersion: 1:2.0-1\nArchitecture: amd64\nMaintainer: A <a@b>\nDepends: libc6 (>= 2.3), knot\n"
CONDA = {"info/index.json": conda_index("knot", "4.0"), "info/files": "lib/knot.txt\n"}
IPK = {
    "./debian-binary": "2.0\n",
    "./control.tar.gz": gz(tar_of({"./control": "Package: knot\nVersion: 1-1\nArchitecture: mips\nDepends: libc\n"})),
    "./data.tar.gz": gz(tar_of({"./usr/bin/knot": "#!/bin/sh\n"})),
}
MADE = {
    "rope-2.0.deb": (deb_of(CONTROL, {"./usr/bin/rope": "x"}), "pkg:deb/debian/rope@1:2.0-1?arch=amd64", "Debian package"),
    "knot-1.2-r0.apk": (gz(tar_of(APK)), "pkg:apk/alpine/knot@1.2-r0?arch=x86_64&upstream=knots", "Alpine package"),
    "knot-1.2-1-x86_64.pkg.tar.zst": (zst(tar_of(PACMAN)), "pkg:alpm/arch/knot@1.2-1?arch=x86_64", "Arch package"),
    "knot.ipk": (gz(tar_of(IPK)), "pkg:opkg/knot@1-1?arch=mips", "opkg package"),
    "rope.whl": (wheel_of("rope", "3.1"), "pkg:pypi/rope@3.1", "Python wheel"),
    "rope.egg": (zip_of({"EGG-INFO/PKG-INFO": METADATA, "rope.py": ""}), "pkg:pypi/rope@3.1", "Python egg"),
    "rope-3.1.tar.gz": (gz(tar_of({"rope-3.1/PKG-INFO": METADATA})), "pkg:pypi/rope@3.1", "Python source distribution"),
    "rope-3.1.zip": (zip_of({"rope-3.1/PKG-INFO": METADATA}), "pkg:pypi/rope@3.1", "Python source distribution"),
    "knot-5.tgz": (npm_of("@harbour/knot", "5.0.0"), "pkg:npm/%40harbour/knot@5.0.0", "npm package"),
    "knot-1.0.0.crate": (gz(tar_of({"knot-1.0.0/Cargo.toml": CARGO})), "pkg:cargo/knot@1.0.0", "Rust crate"),
    "locked.crate": (
        gz(tar_of({"knot-1.0.0/Cargo.toml": CARGO, "knot-1.0.0/Cargo.lock": LOCK})),
        "pkg:cargo/knot@1.0.0",
        "Rust crate",
    ),
    "knot-4.0.tar.bz2": (
        bz2.compress(tar_of(CONDA)),
        "pkg:conda/knot@4.0?build=h1_0&subdir=linux-64&type=tar.bz2",
        "conda package",
    ),
    "knot-4.0.conda": (
        zip_of(
            {
                "metadata.json": "{}",
                "info-knot-4.0.tar.zst": zst(tar_of(CONDA)),
                "pkg-knot-4.0.tar.zst": zst(tar_of({"lib/k": ""})),
            }
        ),
        "pkg:conda/knot@4.0?build=h1_0&subdir=linux-64&type=conda",
        "conda package",
    ),
    "v1.2.0.zip": (
        zip_of({"example.org/knot/v2@v2.2.0/go.mod": "module example.org/knot/v2\n", "example.org/knot/v2@v2.2.0/a.go": ""}),
        "pkg:golang/example.org/knot/v2@v2.2.0",
        "Go module",
    ),
    "harbour.rope.2.1.0.nupkg": (
        zip_of({"Harbour.Rope.nuspec": NUSPEC, "[Content_Types].xml": "<Types/>"}),
        "pkg:nuget/Harbour.Rope@2.1.0",
        "NuGet package",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_a_package_file_given_by_itself_is_the_package_that_it_says_it_is(name):
    data, purl, kind = MADE[name]
    found = alone(name, data)
    one = only(found)
    assert (one.purl, one.facts["package-file"]) == (purl, kind)
    assert one.presence is not Presence.DECLARED
    assert one.hashes["sha256"] == hashlib.sha256(data).hexdigest() and one.hash_covers == "package archive"
    assert found.ownership[name].owner == one.ref
    assert found.unknowns == ()


@pytest.mark.parametrize("name", MADE)
def test_a_package_file_is_found_in_an_archive_in_an_archive_in_an_image(name):
    data, purl, _ = MADE[name]
    found = in_image({"srv/all.tar.gz": gz(tar_of({"a/b.zip": zip_of({name: data})}))})
    one = only(found)
    assert one.purl == purl and one.presence is Presence.EMBEDDED
    assert one.evidence[0].startswith(f"srv/all.tar.gz!a/b.zip!{name}")


@pytest.mark.parametrize(
    ("name", "purl"),
    [
        ("hostname_3.23+nmu1_amd64.deb", "pkg:deb/debian/hostname@3.23%2Bnmu1?arch=amd64"),
        ("hello-rpm-1.2-3.x86_64.rpm", "pkg:rpm/hello-rpm@1.2-3?arch=x86_64&upstream=hello-rpm-1.2-3.src.rpm"),
        ("harbour-rope-1.2.3.gem", "pkg:gem/harbour-rope@1.2.3"),
        ("is-odd-3.0.1.tgz", "pkg:npm/is-odd@3.0.1"),
    ],
)
def test_real_package_files_are_the_packages_that_they_are(name, purl):
    found = alone(name, (DATA / name).read_bytes())
    assert only(found).purl == purl
    assert only(found).licences
    assert found.unknowns == ()


def test_what_a_package_file_says_that_it_needs_is_kept_as_it_is_written():
    assert only(alone("x", MADE["rope-2.0.deb"][0])).facts["package-file:needs"] == "libc6 (>= 2.3), knot"
    assert only(alone("x", (DATA / "harbour-rope-1.2.3.gem").read_bytes())).facts["package-file:needs"] == "rack"
    assert only(alone("x", MADE["rope.whl"][0])).facts["package-file:needs"] == "rope (>=2)"
    assert only(alone("x", MADE["rope-2.0.deb"][0])).supplier == "A <a@b>"


@pytest.mark.parametrize("ending", COMPRESSIONS)
def test_a_root_file_system_in_a_tar_is_read_as_if_it_were_installed(ending):
    status = "Package: knot\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
    files = {"./etc/os-release": OS_RELEASE, "./var/lib/dpkg/status": status, "./var/lib/dpkg/info/knot.list": "/usr/bin/knot\n"}
    found = alone(f"rootfs.tar.{ending}", COMPRESSIONS[ending](tar_of(files)))
    assert "pkg:deb/debian/knot@1?arch=all&distro=debian-12" in purls(found)
    assert alone("rootfs.tar", tar_of(files)).components[0].evidence[0].startswith("rootfs.tar!var/lib/dpkg/status")


@pytest.mark.parametrize("kind", ["gzip", "xz", "zstd", "lz4"])
def test_a_squashed_file_system_is_read_as_if_it_were_mounted(kind):
    found = alone("app.snap", (DATA / f"rootfs.{kind}.squashfs").read_bytes())
    assert purls(found) == ["pkg:generic/debian@12", "pkg:npm/left-pad@1.3.0"]
    assert found.components[1].evidence == ("app.snap!app/node_modules/left-pad/package.json",)


def test_a_squashed_file_system_whose_compression_is_not_read_is_an_unknown():
    found = alone("app.snap", (DATA / "rootfs.lzo.squashfs").read_bytes())
    assert found.components == ()
    assert any("squashfs compressed by lzo" in reason for reason in reasons(found))


def test_an_initramfs_of_several_archives_is_read_to_its_end():
    early, late = (
        cpio_of({"kernel/x86/microcode": "m"}),
        cpio_of({"lib/node_modules/knot/package.json": '{"name":"knot","version":"1"}'}),
    )
    for packed in (early + bytes(512) + gz(late), early + bytes(36) + late, zst(late)):
        assert purls(alone("initrd.img", packed)) == ["pkg:npm/knot@1"]


def test_everything_in_an_archive_is_asked_by_every_cataloger():
    jar = zip_of({"META-INF/maven/g/a/pom.properties": "groupId=g\nartifactId=a\nversion=1\n"})
    files = {
        "app/node_modules/knot/package.json": '{"name":"knot","version":"1"}',
        "app/lib/a-1.jar": jar,
        "app/requirements.txt": "rope==2.0\n",
    }
    found = alone("app.zip", zip_of(files))
    assert purls(found) == ["pkg:maven/g/a@1", "pkg:npm/knot@1", "pkg:pypi/rope@2.0"]
    assert found.components[0].evidence == ("app.zip!app/lib/a-1.jar",)
    assert found.components[2].presence is Presence.DECLARED
    assert purls(in_image({"app.zip": zip_of(files)})) == ["pkg:maven/g/a@1", "pkg:npm/knot@1"]


def test_what_a_package_file_holds_is_needed_by_it():
    inner = {"rope/_vendor/knot-1.dist-info/METADATA": "Name: knot\nVersion: 1\n"}
    found = alone("rope.whl", wheel_of("rope", "3.1", inner))
    assert purls(found) == ["pkg:pypi/knot@1", "pkg:pypi/rope@3.1"]
    assert found.components[1].depends == ("pkg:pypi/knot@1",)
    assert "package-file" not in found.components[0].facts


def test_a_package_that_is_installed_and_lies_in_a_cache_is_one_component():
    files = {
        "usr/lib/python3/dist-packages/rope-3.1.dist-info/METADATA": METADATA,
        "root/.cache/pip/rope-3.1-py3-none-any.whl": wheel_of("rope", "3.1"),
    }
    one = only(in_image(files))
    assert one.presence is Presence.INSTALLED
    assert [path.partition("!")[0] for path in one.evidence] == sorted(files, reverse=True)


def test_a_package_file_in_a_cache_of_an_image_is_of_the_image_s_own_distribution():
    status = "Package: rope\nStatus: install ok installed\nVersion: 1:2.0-1\nArchitecture: amd64\n"
    files = {
        "etc/os-release": OS_RELEASE,
        "var/lib/dpkg/status": status,
        "var/lib/dpkg/info/rope.list": "/usr/bin/rope\n",
        "var/cache/apt/archives/rope.deb": MADE["rope-2.0.deb"][0],
        "srv/knot.apk": MADE["knot-1.2-r0.apk"][0],
    }
    found = in_image(files)
    assert purls(found) == [
        "pkg:apk/alpine/knot@1.2-r0?arch=x86_64&upstream=knots",
        "pkg:deb/debian/rope@1:2.0-1?arch=amd64&distro=debian-12",
        "pkg:generic/debian@12",
    ]
    assert found.components[2].evidence == ("etc/os-release",)


def test_a_package_of_ubuntu_is_not_said_to_be_debian_s():
    control = CONTROL.replace("2.0-1", "2.0-1ubuntu3").replace("A <a@b>", "Ubuntu Developers <ubuntu-devel@lists.ubuntu.com>")
    assert only(alone("x.deb", deb_of(control, {}))).purl == "pkg:deb/ubuntu/rope@1:2.0-1ubuntu3?arch=amd64&distro=ubuntu"


def test_files_of_a_package_file_that_are_not_what_its_own_list_says_are_told():
    digest = hashlib.md5(b"other").hexdigest()
    found = alone("x.deb", deb_of(CONTROL, {"./usr/bin/rope": "x"}, f"{digest}  usr/bin/rope\n"))
    assert any("usr/bin/rope" in reason and "not what the package" in reason for reason in reasons(found))
    right = hashlib.md5(b"x").hexdigest()
    assert alone("x.deb", deb_of(CONTROL, {"./usr/bin/rope": "x"}, f"{right}  usr/bin/rope\n")).unknowns == ()


def test_a_second_paragraph_in_a_control_file_is_no_second_package():
    twice = deb_of(f"{CONTROL}\nPackage: evil\nVersion: 9\nArchitecture: all\n", {})
    assert purls(alone("x.deb", twice)) == ["pkg:deb/debian/rope@1:2.0-1?arch=amd64"]


def test_a_zipapp_behind_a_script_is_opened():
    inner = {".deps/rope-3.1.whl/rope-3.1.dist-info/METADATA": METADATA, "PEX-INFO": json.dumps({"distributions": {}})}
    found = alone("tool.pex", b"#!/usr/bin/env python3\n" + zip_of(inner))
    assert purls(found) == ["pkg:pypi/rope@3.1"]


def test_a_library_of_object_files_is_no_archive_of_packages():
    found = in_image({"usr/lib/libx.a": ar_of({"x.o/": b"\x7fELF" + bytes(100)})})
    assert found.components == () and not any("packed" in reason for reason in reasons(found))


def test_a_compressed_manual_page_is_data_and_costs_nothing():
    found = in_image({"usr/share/man/man1/x.1.gz": gz(b".TH X 1\n" * 100)})
    assert found.tree.facts == {} and found.unknowns == ()


def test_an_archive_belongs_to_whom_it_is_and_to_nobody_else():
    found = in_image({"srv/x.zip": zip_of({"a.txt": "text"}), "srv/rope.whl": wheel_of("rope", "1")})
    assert list(found.ownership) == ["srv/rope.whl"]
    assert found.ownership["srv/rope.whl"].state is Ownership.UNCHECKED


def test_lzma_alone_is_read_like_xz():
    packed = lzma.compress(tar_of({"node_modules/knot/package.json": '{"name":"knot","version":"1"}'}), format=lzma.FORMAT_ALONE)
    assert purls(alone("x.tar.lzma", packed)) == ["pkg:npm/knot@1"]


def test_an_npm_package_is_one_in_whatever_single_folder_it_lies():
    files = {"node/package.json": '{"name":"@types/node","version":"20.1.0"}', "node/index.d.ts": ""}
    one = only(alone("node-20.1.0.tgz", gz(tar_of(files))))
    assert (one.purl, one.facts["package-file"]) == ("pkg:npm/%40types/node@20.1.0", "npm package")
    private = {"app/package.json": '{"name":"app","version":"1","private":true}'}
    assert "package-file" not in only(alone("app.tgz", gz(tar_of(private)))).facts


def test_a_program_that_reads_tar_is_no_tar():
    text = b"x" * 257 + b"ustar\\x0000'; // the mark of an archive\n" + b"y" * 300
    assert reasons(in_image({"lib/headers.js": text})) == []


def test_an_extension_of_chrome_is_a_zip_behind_its_signature():
    signed = b"Cr24" + (3).to_bytes(4, "little") + (40).to_bytes(4, "little") + bytes(40)
    inner = {"node_modules/knot/package.json": '{"name":"knot","version":"1"}'}
    assert purls(alone("x.crx", signed + zip_of(inner))) == ["pkg:npm/knot@1"]


@pytest.mark.parametrize("name", ["knot.tar.lz4", "knot.cpio.lz4"])
def test_both_forms_of_lz4_are_read(name):
    assert purls(alone(name, (DATA / name).read_bytes())) == ["pkg:npm/knot@1"]


@pytest.mark.parametrize(
    ("manifest", "purl"),
    [
        (
            '<PackageManifest><Metadata><Identity Id="python"/></Metadata></PackageManifest>',
            "pkg:vscode-extension/ms-python/python@2024.1.0",
        ),
        (
            '<P xmlns="x"><Identity Id="python" TargetPlatform="linux-x64"/></P>',
            "pkg:vscode-extension/ms-python/python@2024.1.0?platform=linux-x64",
        ),
        ("broken", "pkg:vscode-extension/ms-python/python@2024.1.0"),
    ],
)
def test_an_extension_of_an_editor_is_none_of_npm(manifest, purl):
    about = {"name": "python", "publisher": "ms-python", "version": "2024.1.0", "engines": {"vscode": "^1.80"}}
    inner = '{"name":"knot","version":"1.0.0"}'
    files = {
        "extension.vsixmanifest": manifest,
        "extension/package.json": json.dumps(about),
        "extension/node_modules/knot/package.json": inner,
    }
    found = alone("python.vsix", zip_of(files))
    assert purls(found) == ["pkg:npm/knot@1.0.0", purl]
    assert found.components[1].facts["package-file"] == "extension of VS Code"


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    ("own", "about", "foreign"),
    [
        ("extension/", '{"name":"n","publisher":"p","version":"1.0","engines":{"vscode":"*"}}', ".vscode/extensions/p.n-1.0/"),
        ("package/", '{"name":"n","version":"1.0"}', "node_modules/n/"),
    ],
)
def test_what_lies_where_a_package_is_unpacked_stands_for_nothing_in_it_and_is_told(own, about, foreign, last):
    there = {f"{foreign}node_modules/evil/package.json": '{"name":"harmless","version":"9.9.9"}'}
    files = {
        **({} if last else there),
        **({"extension.vsixmanifest": "<a/>"} if own == "extension/" else {}),
        f"{own}package.json": about,
        f"{own}node_modules/evil/package.json": '{"name":"knot","version":"1.0.0"}',
        **(there if last else {}),
    }
    name, data = ("p.vsix", zip_of(files)) if own == "extension/" else ("p.tgz", gz(tar_of(files)))
    found = alone(name, data)
    assert "pkg:npm/knot@1.0.0" in purls(found) and "pkg:npm/harmless@9.9.9" not in purls(found)
    assert [one.path for one in found.unknowns if one.unread] == [f"{name}!{foreign}node_modules/evil/package.json"]


@pytest.mark.parametrize("odd", [{"version": "../../x"}, {"publisher": "p q"}, {"publisher": None}, {"name": "a/b"}])
def test_an_extension_of_an_editor_that_cannot_be_named_is_unknown_and_none_of_npm(odd):
    about = {"publisher": "p", "name": "n", "version": "1.0", **odd}
    inner = {"extension/node_modules/knot/package.json": '{"name":"knot","version":"1.0.0"}'}
    files = {"extension.vsixmanifest": "<a/>", "extension/package.json": json.dumps(about), **inner}
    found = alone("up.vsix", zip_of(files))
    assert purls(found) == ["pkg:npm/knot@1.0.0"]
    (told,) = [one for one in found.unknowns if one.unread]
    assert told.path == "up.vsix" and "an extension of VS Code without a publisher" in told.reason


def test_a_database_that_a_package_brings_along_is_told_as_unread():
    found = alone("knot.apk", gz(tar_of({**APK, "lib/apk/db/installed": "P:other\nV:2\n\n"})))
    assert any("knot@1.2-r0" in purl for purl in purls(found))
    (told,) = [one for one in found.unknowns if one.unread]
    assert told.reason.endswith("which was not read: lib/apk/db/installed")


ID = bytes.fromhex("cfhdojbkjhnklbpkdaibdccddilifddb".translate(str.maketrans("abcdefghijklmnop", "0123456789abcdef")))


def crx(version: int) -> bytes:
    """What stands before the zip: with the id in the message that is signed (3), or with the key (2)."""
    if version == 2:
        return b"Cr24" + (2).to_bytes(4, "little") + (3).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"keysi"
    signed = b"\x0a\x10" + ID
    header = b"\x12\x03abc" + b"\x82\xf1\x04" + bytes([len(signed)]) + signed  # a proof, field 10000
    return b"Cr24" + (3).to_bytes(4, "little") + len(header).to_bytes(4, "little") + header


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (3, "cfhdojbkjhnklbpkdaibdccddilifddb"),
        (2, "".join(chr(97 + int(digit, 16)) for digit in hashlib.sha256(b"key").hexdigest()[:32])),
    ],
)
def test_an_extension_of_chromium_in_its_archive_is_named_by_its_key(version, name):
    manifest = {"name": "Rope", "version": "1.2", "manifest_version": 3}
    found = alone("x.crx", crx(version) + zip_of({"manifest.json": json.dumps(manifest), "a.js": ""}))
    assert purls(found) == [f"pkg:chrome-extension/{name}@1.2"]
    assert found.components[0].facts["package-file"] == "extension of Chromium"


@pytest.mark.parametrize("cut", [8, 12, 14, 20, 30])
def test_an_extension_of_chromium_with_a_torn_header_is_no_package_and_no_crash(cut):
    data = crx(3)[:cut] + zip_of({"manifest.json": '{"name":"x","version":"1"}'})
    assert purls(alone("x.crx", data)) == []
