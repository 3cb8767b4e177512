"""What further package managers, bundles and kernels leave where they install."""

import gzip
import json
import lzma
import plistlib
import struct
import time
from dataclasses import replace

import pytest
import zstandard
from binary_samples import elf
from hypothesis import HealthCheck, given, settings
from lock_trees import FOLDER, broken
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ComponentKind, Edges, Ownership, Presence


def inventory(files, links=None):
    return catalogue_tree(SUBJECT, tree(files, links))


def found_in(files):
    return {one.purl: one for one in inventory(files).components}


EMPTY_MD5 = "d41d8cd98f00b204e9800998ecf8427e"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def portage(full, contents, **files):
    category, name = full.split("/")
    folder = f"var/db/pkg/{category}/{name}"
    return {f"{folder}/PF": f"{name}\n", f"{folder}/CONTENTS": contents} | {
        f"{folder}/{key}": f"{text}\n" for key, text in files.items()
    }


def test_gentoo_packages_own_what_they_list_and_need_what_is_there():
    contents = (
        f"dir /usr\nobj /usr/bin/a b {EMPTY_MD5} 1700000000\nsym /usr/lib/l -> l.1 1700000000\nobj /usr/bin/c {'0' * 32} 1\n"
    )
    files = portage(
        "app-misc/tool-1.2.3-r1", contents, LICENSE="GPL-2 || ( MIT BSD )", RDEPEND=">=dev-libs/lib-1:0= !bad/one", SLOT="2"
    )
    files |= portage("dev-libs/lib-1.0_p2", "", repository="overlay") | {"usr/bin/a b": "", "usr/bin/c": "x"}
    found = inventory(files, {"usr/lib/l": "l.1"})
    tool, lib = found.components
    assert (tool.purl, tool.version) == ("pkg:portage/app-misc/tool@1.2.3-r1?slot=2", "1.2.3-r1")
    assert lib.purl == "pkg:portage/dev-libs/lib@1.0_p2?repository=overlay" and tool.depends == (lib.ref,)
    assert tool.licences == ("GPL-2.0-only", "MIT OR BSD-3-Clause")
    states = {path: owned.state for path, owned in found.ownership.items()}
    assert states["usr/bin/a b"] is Ownership.MATCHING and states["usr/lib/l"] is Ownership.MATCHING
    assert states["usr/bin/c"] is Ownership.MODIFIED


WALL = [
    {"jsonwall": "1.0", "schema": "1.0", "count": 6},
    {"kind": "content", "slice": "base-files_base", "path": "/etc/"},
    {"kind": "package", "name": "libc6", "version": "2.39-0ubuntu8", "sha256": "ab" * 32, "arch": "amd64"},
    {"kind": "path", "path": "/usr/lib/libc.so.6", "mode": "0644", "slices": ["libc6_libs"], "sha256": EMPTY, "size": 1},
    {"kind": "path", "path": "/etc/made", "mode": "0644", "slices": ["libc6_libs"], "sha256": "0" * 64, "final_sha256": EMPTY},
    {"kind": "path", "path": "/lib/l", "mode": "0777", "slices": ["libc6_libs"], "link": "/usr/lib/libc.so.6"},
    {"kind": "slice", "name": "libc6_libs"},
]


def wall(*lines):
    return zstandard.compress("".join(json.dumps(line) + "\n" for line in lines).encode())


def test_slices_of_ubuntu_packages_are_found_by_the_manifest_of_chisel():
    files = {"var/lib/chisel/manifest.wall": wall(*WALL), "usr/lib/libc.so.6": "", "etc/made": ""}
    files["etc/os-release"] = "ID=ubuntu\nVERSION_ID=24.04\n"
    found = inventory(files, {"lib/l": "/usr/lib/libc.so.6"})
    libc = next(one for one in found.components if one.name == "libc6")
    assert libc.purl == "pkg:deb/ubuntu/libc6@2.39-0ubuntu8?arch=amd64&distro=ubuntu-24.04"
    assert libc.hashes == {"sha256": "ab" * 32} and libc.facts == {"slices": "libs"}
    assert {found.ownership[path].state for path in ("usr/lib/libc.so.6", "etc/made", "lib/l")} == {Ownership.MATCHING}
    assert found.unknowns == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        wall({"jsonwall": "1.0", "schema": "2.0"}),
        wall({"schema": "1.0"}),
        wall(WALL[0]),
        zstandard.compress(b"not json\n"),
        wall(*WALL)[:-8],
        zstandard.compress(b'{"jsonwall":"1.0","schema":"1.0"}\n{\n'),
    ],
)
def test_a_manifest_of_chisel_that_cannot_be_read_is_one_unknown(data):
    found = inventory({"var/lib/chisel/manifest.wall": data})
    assert {one.path for one in found.unknowns} == {"var/lib/chisel/manifest.wall"} and found.components == ()


RECEIPT = {
    "homebrew_version": "4.2.10",
    "poured_from_bottle": True,
    "runtime_dependencies": [{"full_name": "openssl@3", "version": "3.2.1"}],
    "source": {"tap": "homebrew/core", "tap_git_head": "abc", "versions": {"stable": "8.6.0"}},
}


def test_kegs_and_casks_of_homebrew_are_found_by_their_receipts():
    cask = {"source": {"tap": "homebrew/cask", "version": "120.0"}}
    files = {
        "home/linuxbrew/.linuxbrew/Cellar/curl/8.6.0_1/INSTALL_RECEIPT.json": json.dumps(RECEIPT),
        "home/linuxbrew/.linuxbrew/Cellar/curl/8.6.0_1/bin/curl": "x",
        "home/linuxbrew/.linuxbrew/Cellar/openssl@3/3.2.1/INSTALL_RECEIPT.json": json.dumps({"source": {"tap": "homebrew/core"}}),
        "home/linuxbrew/.linuxbrew/Cellar/own/1.0/INSTALL_RECEIPT.json": json.dumps({"source": {"tap": "acme/inner"}}),
        "home/linuxbrew/.linuxbrew/Cellar/kept/2.0/.brew/kept.rb": "class Kept < Formula",
        "home/linuxbrew/.linuxbrew/Cellar/curl/8.6.0_1/.brew/curl.rb": "class Curl < Formula",
        "home/linuxbrew/.linuxbrew/Library/Taps/a/b/Formula/none.rb": "class None < Formula",
        "opt/homebrew/Caskroom/firefox/.metadata/INSTALL_RECEIPT.json": json.dumps(cask),
    }
    found = inventory(files)
    purls = {one.purl: one for one in found.components}
    assert set(purls) == {
        *("pkg:brew/curl@8.6.0_1", "pkg:brew/openssl%403@3.2.1", "pkg:brew/kept@2.0", "pkg:generic/acme/inner/own@1.0"),
        "pkg:brew/homebrew/cask/firefox@120.0",
    }
    assert purls["pkg:brew/curl@8.6.0_1"].depends == ("pkg:brew/openssl%403@3.2.1",)
    assert found.ownership["home/linuxbrew/.linuxbrew/Cellar/curl/8.6.0_1/bin/curl"].owner == "pkg:brew/curl@8.6.0_1"


META = {"meta-spec": {"version": 2}, "name": "JSON-PP", "version": "4.16", "license": ["perl_5"], "author": ["Makamaka"]}
META |= {"abstract": "JSON codec", "prereqs": {"runtime": {"requires": {"Try::Tiny": "0", "perl": "5.006"}}}}
PERLLOCAL = """=head2 Mon Jan  1 00:00:00 2024: C<Module> L<Try::Tiny|Try::Tiny>

=over 4

=item *

C<installed into: /usr/local/share/perl/5.36.0>

=item *

C<VERSION: 0.31>

=back

=head2 Mon Jan  1 00:00:00 2024: C<Module> L<Only::Listed|Only::Listed>

=item *

C<VERSION: 1.5>
"""


def test_metadata_of_perl_sources_is_read_in_either_form_and_once():
    old = "--- \nname: Try-Tiny\nversion: '0.30'\nlicense: perl\nabstract: x\nmeta-spec: {version: '1.4'}\n"
    folder = replace(tree({"META.yml": old, "b/META.yml": old, "b/META.json": json.dumps(META)}), layers=())
    found = {one.purl: one for one in catalogue_tree(FOLDER, folder).components}
    assert set(found) == {"pkg:cpan/Try-Tiny@0.30", "pkg:cpan/JSON-PP@4.16"}
    assert found["pkg:cpan/Try-Tiny@0.30"].licences == ("Artistic-1.0-Perl OR GPL-1.0-or-later",)


def test_perl_distributions_are_found_by_what_each_installer_leaves():
    base = "usr/local/lib/perl5"
    files = {
        f"{base}/.meta/JSON-PP-4.16/install.json": json.dumps(
            {
                **{"name": "JSON::PP", "version": "4.16", "dist": "JSON-PP-4.16", "provides": {"JSON::PP": {}}},
                "pathname": "I/IS/ISHIGAKI/JSON-PP-4.16.tar.gz",
            }
        ),
        f"{base}/.meta/JSON-PP-4.16/MYMETA.json": json.dumps(META),
        f"{base}/auto/Try/Tiny/.packlist": "/usr/local/share/perl/5.36.0/Try/Tiny.pm\n/usr/local/man/x.3 type=file\n",
        f"{base}/auto/Un/Versioned/.packlist": "/usr/local/share/perl/5.36.0/Un/Versioned.pm\n",
        "usr/local/share/perl/5.36.0/Try/Tiny.pm": "package Try::Tiny;",
        f"{base}/perllocal.pod": PERLLOCAL,
        "opt/other/META.json": '{"name": "no perl"}',
    }
    found = inventory(files)
    purls = {one.purl: one for one in found.components}
    assert set(purls) == {
        *("pkg:cpan/ISHIGAKI/JSON-PP@4.16", "pkg:cpan/Try-Tiny@0.31", "pkg:cpan/Un-Versioned", "pkg:cpan/Only-Listed@1.5"),
    }
    json_pp = purls["pkg:cpan/ISHIGAKI/JSON-PP@4.16"]
    assert json_pp.licences == ("Artistic-1.0-Perl OR GPL-1.0-or-later",) and json_pp.depends == ("pkg:cpan/Try-Tiny@0.31",)
    assert found.ownership["usr/local/share/perl/5.36.0/Try/Tiny.pm"].owner == "pkg:cpan/Try-Tiny@0.31"
    assert found.unknowns == ()


STATUS = """Package: zlib
Version: 1.3.1
Port-Version: 2
Depends: vcpkg-cmake
Architecture: x64-linux
Status: install ok installed

Package: vcpkg-cmake
Version: 2023-05-04
Architecture: x64-linux
Status: install ok installed

Package: zlib
Feature: extra
Architecture: x64-linux
Status: install ok installed

Package: gone
Version: 1
Architecture: x64-linux
Status: purge ok not-installed
"""
PORT = {
    "spdxVersion": "SPDX-2.2",
    "packages": [
        {"SPDXID": "SPDXRef-port", "name": "fmt", "versionInfo": "10.1.1#1", "licenseConcluded": "MIT"},
        {"SPDXID": "SPDXRef-binary", "name": "fmt:x64-linux", "versionInfo": "0123"},
        {"SPDXID": "SPDXRef-resource-1", "name": "fmtlib/fmt"},
    ],
}


def test_ports_of_vcpkg_are_found_by_the_status_file_and_by_their_own_documents():
    files = {"opt/vcpkg/installed/vcpkg/status": STATUS, "usr/local/share/fmt/vcpkg.spdx.json": json.dumps(PORT)}
    found = found_in(files)
    assert set(found) == {
        "pkg:vcpkg/zlib@1.3.1?port_version=2&triplet=x64-linux",
        "pkg:vcpkg/vcpkg-cmake@2023-05-04?triplet=x64-linux",
        "pkg:vcpkg/fmt@10.1.1?port_version=1&triplet=x64-linux",
    }
    zlib = found["pkg:vcpkg/zlib@1.3.1?port_version=2&triplet=x64-linux"]
    assert zlib.depends == ("pkg:vcpkg/vcpkg-cmake@2023-05-04?triplet=x64-linux",)


def module(**fields):
    text = b"\0".join(f"{key}={value}".encode() for key, value in fields.items()) + b"\0"
    return elf(text, section=b".modinfo")


def image(text):
    head = bytearray(0x3000)
    head[0x202:0x206] = b"HdrS"
    head[0x20E:0x210] = struct.pack("<H", 0x800)
    head[0xA00 : 0xA00 + len(text) + 1] = text.encode() + b"\0"
    return bytes(head)


def test_kernels_and_modules_compressed_or_not_say_what_they_are():
    vermagic = "6.1.0-50-cloud-amd64 SMP preempt mod_unload"
    base = "lib/modules/6.1.0-50-cloud-amd64"
    files = {
        "boot/vmlinuz-6.1.0-50-cloud-amd64": image("6.1.0-50-cloud-amd64 (debian-kernel@lists.debian.org) #1 SMP"),
        "boot/vmlinuz-6.6.1-arm64": bytes(8192),
        "boot/Image-6.6.1-arm64": bytes(8193),
        f"{base}/kernel/a-b.ko": module(name="a_b", license="GPL v2", vermagic=vermagic, depends="c", intree="Y"),
        f"{base}/kernel/c.ko.xz": lzma.compress(module(name="c", license="Dual BSD/GPL", vermagic=vermagic, depends="")),
        f"{base}/updates/d.ko.zst": zstandard.compress(
            module(name="d", version="535.1", license="Proprietary", vermagic=vermagic)
        ),
        f"{base}/updates/e.ko.gz": gzip.compress(module(license="GPL")),
    }
    found = {one.name: one for one in inventory(files).components if one.version != "6.6.1-arm64"}
    kernel = found["linux-kernel"]
    assert kernel.purl == "pkg:generic/linux-kernel@6.1.0-50-cloud-amd64"
    assert kernel.cpes == ("cpe:2.3:o:linux:linux_kernel:6.1.0:*:*:*:*:*:*:*",)
    assert found["a_b"].edges is found["c"].edges is Edges.COMPLETE
    assert found["a_b"].depends == (found["c"].ref, kernel.ref) and found["a_b"].licences == ("GPL-2.0-only",)
    assert found["c"].licences == ("BSD-3-Clause OR GPL-2.0-only",) and found["c"].version == "6.1.0-50-cloud-amd64"
    assert found["d"].purl == "pkg:generic/linux-kernel-module/d@535.1" and found["e"].version == "6.1.0-50-cloud-amd64"
    assert "pkg:generic/linux-kernel@6.6.1-arm64" in found_in(files)


def test_kernels_and_modules_yield_to_the_package_that_owns_them():
    path = "lib/modules/6.1.0/kernel/x.ko"
    status = "Package: linux-image\nStatus: install ok installed\nArchitecture: amd64\nVersion: 6.1\n"
    files = {path: module(name="x"), "var/lib/dpkg/status": status, "var/lib/dpkg/info/linux-image.list": f"/{path}\n"}
    assert {one.type for one in inventory(files).components} == {"deb"}


@pytest.mark.parametrize("data", [b"\xfd7zXZ\0broken", b"\x28\xb5\x2f\xfdx", b"\x1f\x8bx", b"plain", b"", elf(b"x" * 64)])
def test_a_broken_module_is_one_unknown(data):
    found = inventory({"lib/modules/6.1.0/x.ko.xz": data})
    assert [one.path for one in found.unknowns if "ko" in one.path] == ["lib/modules/6.1.0/x.ko.xz"] and found.components == ()


PLUGIN = """<?php
/**
 * Plugin Name: Akismet Anti-Spam
 * Plugin URI: https://akismet.com/
 * Version: 5.0.2
 * Author: Automattic
 * License: GPLv2 or later
 */
"""


def test_wordpress_its_plug_ins_and_themes_are_found_by_their_headers():
    content = "var/www/html/wp-content"
    files = {
        "var/www/html/wp-includes/version.php": "<?php\n$wp_version = '6.4.2';\n",
        f"{content}/plugins/akismet/akismet.php": PLUGIN,
        f"{content}/plugins/akismet/class.php": "<?php // Version: 9\n",
        f"{content}/plugins/akismet/lib/inner.php": PLUGIN,
        f"{content}/plugins/hello.php": "<?php\n/*\nPlugin Name: Hello Dolly\nVersion: 1.7.2\n*/",
        f"{content}/plugins/index.php": "<?php\n// Silence is golden.\n",
        f"{content}/plugins/tagged/tagged.php": "<?php\n/* Plugin Name: Tagged */",
        f"{content}/plugins/tagged/readme.txt": "=== Tagged ===\nStable tag: 2.5\n",
        f"{content}/themes/twenty/style.css": "/*\nTheme Name: Twenty\nVersion: 1.1\nLicense: MIT\n*/",
        "opt/other/style.css": "/* Theme Name: none */",
    }
    found = inventory(files)
    purls = {one.purl: one for one in found.components}
    assert set(purls) == {
        *("pkg:generic/wordpress@6.4.2", "pkg:wordpress-plugin/akismet@5.0.2", "pkg:wordpress-plugin/hello@1.7.2"),
        *("pkg:wordpress-plugin/tagged@2.5", "pkg:wordpress-theme/twenty@1.1"),
    }
    assert purls["pkg:wordpress-plugin/akismet@5.0.2"].licences == ("GPL-2.0-or-later",)
    assert found.ownership[f"{content}/plugins/akismet/lib/inner.php"].owner == "pkg:wordpress-plugin/akismet@5.0.2"


@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_apple_bundles_say_what_they_are_in_either_form(form):
    about = {
        "CFBundleIdentifier": "org.example.App",
        "CFBundleName": "App",
        "CFBundleShortVersionString": "2.1",
        "CFBundleVersion": "77",
    }
    inner = {"CFBundleIdentifier": "org.example.Kit", "CFBundleVersion": "1.0"}
    files = {
        "Applications/App.app/Contents/Info.plist": plistlib.dumps(about, fmt=form),
        "Applications/App.app/Contents/MacOS/App": "x",
        "Applications/App.app/Contents/Frameworks/Kit.framework/Versions/A/Resources/Info.plist": plistlib.dumps(inner, fmt=form),
        "Applications/App.app/Contents/Frameworks/Kit.framework/Versions/A/Kit": "x",
        "src/App/Info.plist": plistlib.dumps(about, fmt=form),
    }
    found = inventory(files)
    purls = {one.purl: one for one in found.components}
    assert set(purls) == {"pkg:generic/org.example.App@2.1", "pkg:generic/org.example.Kit@1.0"}
    assert purls["pkg:generic/org.example.App@2.1"].kind is ComponentKind.APPLICATION
    assert found.ownership["Applications/App.app/Contents/MacOS/App"].owner == "pkg:generic/org.example.App@2.1"
    inside = "Applications/App.app/Contents/Frameworks/Kit.framework/Versions/A/Kit"
    assert found.ownership[inside].owner == "pkg:generic/org.example.Kit@1.0"


def test_packages_of_guix_are_found_by_the_names_of_the_store():
    files = {"gnu/store/0a2b3c4d5f6g7h8j9k0l1m2n3p4q5r6s-hello-2.12.1/bin/hello": "x", "gnu/store/0a2b-odd": "x"}
    (one,) = inventory(files).components
    assert one.purl.startswith("pkg:guix/hello@2.12.1?outputhash=")


SNAP = """name: harbour
snapcraft-os-release-id: ubuntu
snapcraft-os-release-version-id: '22.04'
architectures: [amd64]
primed-stage-packages:
- libssl3=3.0.2-0ubuntu1.15
- libc6:i386=2.35-0ubuntu3
- asked-only
"""


def test_packages_that_were_staged_into_a_snap_are_embedded_in_it():
    found = found_in({"snap/harbour/12/snap/manifest.yaml": SNAP})
    assert set(found) == {
        "pkg:deb/ubuntu/libssl3@3.0.2-0ubuntu1.15?arch=amd64&distro=ubuntu-22.04",
        "pkg:deb/ubuntu/libc6@2.35-0ubuntu3?arch=i386&distro=ubuntu-22.04",
    }
    assert {one.presence for one in found.values()} == {Presence.EMBEDDED}
    assert {one.facts["staged-in"] for one in found.values()} == {"harbour"}


def test_extensions_of_editors_and_browsers_are_none_of_npms():
    python = {"name": "python", "publisher": "ms-python", "version": "2024.2.1", "engines": {"vscode": "^1.86"}, "license": "MIT"}
    folder = "root/.vscode-server/extensions/ms-python.python-2024.2.1-linux-x64"
    built_in = {"name": "git", "version": "1.0.0", "engines": {"vscode": "*"}}
    files = {
        f"{folder}/package.json": json.dumps(python),
        f"{folder}/node_modules/a/package.json": '{"name":"a","version":"1"}',
        "usr/share/code/resources/app/extensions/git/package.json": json.dumps(built_in),
        "root/.config/chromium/Default/Extensions/ghbmnnjooekpmoecnnnilnnbdlolhkhi/1.4_0/manifest.json": json.dumps(
            {"name": "__MSG_name__", "version": "1.4", "manifest_version": 3}
        ),
        "srv/extensions/x/package.json": '{"name": "x", "version": "1"}',
    }
    assert set(found_in(files)) == {
        *("pkg:vscode-extension/ms-python/python@2024.2.1?platform=linux-x64", "pkg:generic/git@1.0.0", "pkg:npm/a@1"),
        *("pkg:chrome-extension/ghbmnnjooekpmoecnnnilnnbdlolhkhi@1.4", "pkg:npm/x@1"),
    }


def test_spack_cos_bottlerocket_macports_and_packs_of_prolog_are_found_by_what_describes_them():
    def spec(name, version, digest, **more):
        arch = {"platform": "linux", "platform_os": "ubuntu24.04", "target": {"name": "skylake"}}
        return json.dumps({"spec": {"nodes": [{"name": name, "version": version, "hash": digest, "arch": arch, **more}]}})

    files = {
        "opt/spack/libdwarf-1/.spack/spec.json": spec("libdwarf", "0.9", "aa", dependencies=[{"name": "libelf", "hash": "bb"}]),
        "opt/spack/libelf-1/.spack/spec.json": spec("libelf", "0.8.13", "bb"),
        "etc/cos-package-info.json": json.dumps(
            {"installedPackages": [{"category": "sys-libs", "name": "zlib", "version": "17162.3", "ebuild_version": "1.2.11-r5"}]}
        ),
        "x86_64-bottlerocket-linux-gnu/sys-root/usr/share/bottlerocket/application-inventory.json": json.dumps(
            {"Content": [{"Name": "acpid", "Version": "1.19.2", "Release": "29cc92cc", "Epoch": "1", "Architecture": "x86_64"}]}
        ),
        "opt/local/var/macports/registry/portfiles/curl-ca-bundle-8.6.0_1/abc-1/Portfile": "x",
        "usr/lib/swi-prolog/pack/typed/pack.pl": "name(typed).\nversion('1.2.0').\ntitle('Types').\nauthor('A', 'a@b').\n",
    }
    found = found_in(files)
    assert set(found) == {
        *(
            "pkg:spack/libdwarf@0.9?arch=skylake&hash=aa&platform=linux",
            "pkg:spack/libelf@0.8.13?arch=skylake&hash=bb&platform=linux",
        ),
        *(
            "pkg:cos/sys-libs/zlib@17162.3",
            "pkg:rpm/bottlerocket/acpid@1.19.2-29cc92cc?arch=x86_64&epoch=1",
            "pkg:macports/curl-ca-bundle@8.6.0?revision=1",
            "pkg:swiplpack/typed@1.2.0",
        ),
    }
    edges = found["pkg:spack/libdwarf@0.9?arch=skylake&hash=aa&platform=linux"].depends
    assert edges == ("pkg:spack/libelf@0.8.13?arch=skylake&hash=bb&platform=linux",)


APPSTREAM = """<?xml version="1.0"?><component type="desktop"><id>org.gimp.GIMP</id><summary>Draw</summary>
<project_license>GPL-3.0+</project_license><releases><release version="2.10.34" date="2023-02-27"/>
<release version="2.10.36" date="2023-11-05"/></releases></component>"""


def test_applications_of_flatpak_have_the_version_of_their_newest_release():
    app = f"var/lib/flatpak/app/org.gimp.GIMP/x86_64/stable/{'ab' * 32}"
    runtime = f"var/lib/flatpak/runtime/org.gnome.Platform/x86_64/45/{'cd' * 32}"
    files = {
        f"{app}/metadata": "[Application]\nname=org.gimp.GIMP\nruntime=org.gnome.Platform/x86_64/45\n",
        f"{app}/files/share/metainfo/org.gimp.GIMP.metainfo.xml": APPSTREAM,
        f"{app}/files/bin/gimp": "x",
        f"{runtime}/metadata": "[Runtime]\nname=org.gnome.Platform\n",
    }
    found = inventory(files)
    purls = {one.purl: one for one in found.components}
    gimp = purls["pkg:flatpak/org.gimp.GIMP@2.10.36?arch=x86_64&branch=stable"]
    assert gimp.licences == ("GPL-3.0-or-later",) and gimp.depends == ("pkg:flatpak/org.gnome.Platform@45?arch=x86_64&branch=45",)
    assert found.ownership[f"{app}/files/bin/gimp"].owner == gimp.ref


def test_a_package_of_chocolatey_is_none_of_nugets():
    nuspec = "<package><metadata><id>git</id><version>2.44.0</version></metadata></package>"
    assert found_in({"ProgramData/chocolatey/lib/git/git.nuspec": nuspec}) == {}


ODD = {
    "opt/x/.spack/spec.json": b'{"spec": {"nodes": [{"name": "x"}]}}',
    "etc/cos-package-info.json": b'{"installedPackages": [{"name": "x"}]}',
    f"flatpak/app/a/b/c/{'ab' * 32}/metadata": b"[Application]\nruntime=a/b/c\n",
    f"flatpak/app/a/b/c/{'ab' * 32}/files/share/metainfo/a.metainfo.xml": APPSTREAM.encode(),
    "pack/x/pack.pl": b"name(x).\nversion('1').\n",
    "var/db/pkg/a/b-1/CONTENTS": b"obj /x " + EMPTY_MD5.encode() + b" 1\n",
    "opt/Cellar/a/1/INSTALL_RECEIPT.json": json.dumps(RECEIPT).encode(),
    "usr/lib/perl5/.meta/A-1/install.json": b'{"name": "A", "dist": "A-1", "version": "1"}',
    "usr/lib/perl5/auto/A/.packlist": b"/usr/x\n",
    "usr/lib/perl5/perllocal.pod": PERLLOCAL.encode(),
    "opt/vcpkg/installed/vcpkg/status": STATUS.encode(),
    "usr/share/a/vcpkg.spdx.json": json.dumps(PORT).encode(),
    "A.app/Contents/Info.plist": plistlib.dumps({"CFBundleIdentifier": "a", "CFBundleVersion": "1"}, fmt=plistlib.FMT_BINARY),
    "snap/manifest.yaml": SNAP.encode(),
    "boot/vmlinuz": image("6.1.0 x"),
    "lib/modules/1/x.ko": module(name="x"),
    "wp-content/plugins/a.php": PLUGIN.encode(),
}


@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=broken(*ODD.values()))
def test_no_file_of_an_installer_breaks_the_inventory(data):
    found = inventory(dict.fromkeys(ODD, data) | {"srv/x-1.dist-info/METADATA": "Name: x\nVersion: 1\n"})
    assert "pkg:pypi/x@1" in {one.purl for one in found.components}


def test_packages_in_a_depot_of_julia_are_told_with_all_that_lies_in_their_folders():
    project = 'name = "JSON"\nuuid = "682c06a0-de6a-54ab-a142-c8b1cf79cde6"\nversion = "0.21.4"\n[deps]\nDates = "x"\n'
    place = "root/.julia/packages/JSON/93Ea8"
    files = {f"{place}/Project.toml": project, f"{place}/src/JSON.jl": "x", "app/Project.toml": project}
    found = inventory(files)
    (one,) = found.components
    assert one.purl == "pkg:julia/JSON@0.21.4?uuid=682c06a0-de6a-54ab-a142-c8b1cf79cde6" and one.presence is Presence.INSTALLED
    assert found.ownership[f"{place}/src/JSON.jl"].owner == one.purl
    assert f"{place}/Project.toml" in {one.path for one in inventory({f"{place}/Project.toml": 'name = "JSON"'}).unknowns}


def test_shards_that_are_installed_are_told_by_what_shards_notes():
    text = "---\nversion: 1.0\nshards:\n  kemal:\n    git: https://github.com/kemalcr/kemal.git\n    version: 1.4.0\n"
    found = inventory({"app/lib/.shards.info": text, "app/lib/kemal/src/kemal.cr": "x"})
    (one,) = found.components
    assert (one.name, one.version, one.presence) == ("kemal", "1.4.0", Presence.INSTALLED)
    assert found.ownership["app/lib/kemal/src/kemal.cr"].owner == one.ref


def test_packages_that_ghc_registered_are_told_with_what_they_need():
    random = (
        "name:                 random\nversion:              1.2.1.1\nid:                   random-1.2.1.1-C39B\n"
        "license:              BSD-3-Clause\ndescription:\n    A package: with words\n\n    version: 9\n"
        "depends:\n    base-4.17.2.1 splitmix-0.1.0.4-F9\n"
    )
    splitmix = "name: splitmix\nversion: 0.1.0.4\nid: splitmix-0.1.0.4-F9\nlicense: BSD-3-Clause\ndepends: base-4.17.2.1\n"
    places = {"var/lib/ghc/package.conf.d/random-1.2.1.1.conf": random, "var/lib/ghc/package.conf.d/splitmix.conf": splitmix}
    found = {one.purl: one for one in inventory({**places, "etc/x.conf": "name: x\nversion: 1\n"}).components}
    assert set(found) == {"pkg:hackage/random@1.2.1.1", "pkg:hackage/splitmix@0.1.0.4"}
    one = found["pkg:hackage/random@1.2.1.1"]
    assert (one.depends, one.licences, one.presence) == (("pkg:hackage/splitmix@0.1.0.4",), ("BSD-3-Clause",), Presence.INSTALLED)
    torn = "root/.cabal/store/ghc-9.4.7/package.db/x.conf"
    assert torn in {one.path for one in inventory({torn: "nothing"}).unknowns}


def test_a_registration_of_ghc_with_many_lines_takes_time_by_its_length():
    begun = time.process_time()
    text = "name: x\nversion: 1\ndescription:\n" + "    some words\n" * 400_000
    found = inventory({"var/lib/ghc/package.conf.d/x.conf": text})
    assert [one.purl for one in found.components] == ["pkg:hackage/x@1"] and time.process_time() - begun < 10


def test_a_manifest_of_julia_without_packages_names_none_and_is_read():
    found = inventory({"app/Manifest.toml": 'julia_version = "1.10.4"\nmanifest_format = "2.0"\n'})
    assert (found.components, found.unknowns) == ((), ())
