import time

import pytest
from binary_samples import elf
from hypothesis import given
from hypothesis import strategies as st
from sbom_trees import DPKG, DPKG_LINKS, SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.artifact.selection import ProbeTable
from pratique.ecosystems.executables.known_programs import SignatureCataloger
from pratique.ecosystems.executables.signatures import SIGNATURES, SignatureProbe
from pratique.inventory.assemble import catalogue_tree
from pratique.model import FileForm, Ownership, Presence

# As the strings stand in the binaries of Debian 12 and of the projects themselves: file name, bytes, version.
SEEN = {
    "python": ("libpython3.11.so.1.0", b"\x003.11.2\0", "3.11.2"),
    "node": ("libnode.so.108", b"node.js/v18.20.4\0", "18.20.4"),
    "ruby": ("libruby-3.1.so.3.1.7", b"\0ruby 3.1.7p261 (2025-03-26 revision 0a3704f218) [x86_64-linux-gnu]\0", "3.1.7"),
    "perl": ("perl5.36.0", b"\0v5.36.0\0", "5.36.0"),
    "php-cli": ("php8.2", b"X-Powered-By: PHP/8.2.36\0", "8.2.36"),
    "php-fpm": ("php-fpm8.2", b"X-Powered-By: PHP/8.4.0RC1\0", "8.4.0RC1"),
    "php": ("libphp8.2.so", b"X-Powered-By: PHP/8.2.36\0", "8.2.36"),
    "erlang": ("beam.smp", b"erts\0/usr/src/otp_src_25.3.2/erts/emulator\0", "25.3.2"),
    "lua": ("liblua5.4.so.0.0.0", b"$LuaVersion: Lua 5.4.4  Copyright (C) 1994-2022", "5.4.4"),
    "luajit": ("luajit", b"\0LuaJIT 2.1.0-beta3\0", "2.1.0-beta3"),
    "rust": ("librustc_driver-6108105cd7e839cf.so", b"rustc version 1.95.0 (59807616e 2026-04-14)\0", "1.95.0"),
    "openjdk": (
        "libjvm.so",
        b"\0OpenJDK 64-Bit Server VM (17.0.21.1+2-1-deb12u1-Debian) for linux",
        "17.0.21.1+2-1-deb12u1-Debian",
    ),
    "bash": ("bash", b"@(#)Bash version 5.2.15(1) release GNU\0", "5.2.15"),
    "busybox": ("busybox", b"BusyBox v1.35.0 (Debian 1:1.35.0-4)\0", "1.35.0"),
    "curl": ("curl", b"\0curl/7.88.1\0", "7.88.1"),
    "openssl": ("libcrypto.so.3", b"\0OpenSSL 3.0.22 25 Aug 2026\0", "3.0.22"),
    "postgresql": ("postgres", b"PostgreSQL 15.20 (Debian 15.20-0+deb12u1) on x86_64", "15.20"),
    "mariadb": ("mariadbd", b"\x0010.11.19-MariaDB\0", "10.11.19"),
    "mysql": ("mysqld", b"/build/mysql-8.0.36/sql/x.cc\0", "8.0.36"),
    "redis": ("redis-server", b"\x007.0.15\0", "7.0.15"),
    "valkey": ("valkey-check-rdb", b"ga\0008.0.0\0SLAVE\0ga\0008.1.1\0007.2.4\0", "8.1.1"),
    "cabal": ("cabal", b"\0cabal-install-3.10.3.0-8N8Z8hvXxi5DCpdHvVfVRt:Distribution.Client.Main\0", "3.10.3.0"),
    "stack": ("stack", b"\0stack-2.15.7-KQ7W5MnYZbDKtf0p3ESnf3:Stack.Clean\0", "2.15.7"),
    "memcached": ("memcached", b"memcached 1.6.18\0", "1.6.18"),
    "nginx": ("nginx", b"nginx version: nginx/1.22.1\0", "1.22.1"),
    "httpd": ("apache2", b"\0Apache/2.4.71 (Debian)\0", "2.4.71"),
    "haproxy": ("haproxy", b"\0 version 2.6.12-1+deb12u4, released 2026/10/17\0", "2.6.12"),
    "envoy": ("envoy", b"0123abc/1.28.0/Clean/RELEASE/BoringSSL\0", "1.28.0"),
    "varnish": ("varnishd", b"varnish-7.1.1 revision 7cee1c5\0", "7.1.1"),
    "lighttpd": ("lighttpd", b"lighttpd/1.4.69\0", "1.4.69"),
    "git": ("git", b"git/2.39.5\0", "2.39.5"),
    "wget": ("wget", b"\x001.21.3\0", "1.21.3"),
    "openssh": ("sshd", b"OpenSSH_3.*\0OpenSSH_9.2p1 Debian-2+deb12u10\0", "9.2p1"),
    "sudo": ("sudo", b"\x001.9.13p3\0", "1.9.13p3"),
    "systemd": ("systemd", b"systemd 252.39-1~deb12u2 running in %ssystem mode\0", "252.39"),
    "rsync": ("rsync", b"\x003.2.7\0", "3.2.7"),
    "jq": ("jq", b"\x001.6\0", "1.6"),
    "proftpd": ("proftpd", b"ProFTPD 1.3.8 standalone mode\0", "1.3.8"),
    "unbound": ("unbound", b"unbound 1.17.1\0", "1.17.1"),
    "dnsmasq": ("dnsmasq", b"dnsmasq-2.90\0", "2.90"),
    "squid": ("squid", b"squid/5.7\0", "5.7"),
    "stunnel": ("stunnel4", b"stunnel 5.68 on x86_64-pc-linux-gnu platform\0", "5.68"),
    "keepalived": ("keepalived", b"Keepalived v2.2.7 (01/16,2022)\0", "2.2.7"),
    "bird": ("bird", b"BIRD 2.0.12 ready.\0", "2.0.12"),
    "tini": ("tini", b"tini version 0.19.0\0", "0.19.0"),
    "tcpdump": ("tcpdump", b"%s version 4.99.3\n\0", "4.99.3"),
    "exim": ("exim4", b"\x004.96\0", "4.96"),
    "mosquitto": ("mosquitto", b"\x002.0.11\0", "2.0.11"),
    "util-linux": ("getopt", b"util-linux 2.38.1\0", "2.38.1"),
    "xz": ("xz", b"xz (XZ Utils) 5.4.1\0", "5.4.1"),
    "gzip": ("gzip", b"\x001.12\0", "1.12"),
    "zstd": ("zstd", b"\0v1.5.4\0", "1.5.4"),
    "gcc": ("gcc-12", b"\x0012.2.0\0", "12.2.0"),
    "gnupg": ("gpg", b"\x002.2.40\0", "2.2.40"),
    "vim": ("vim.tiny", b"VIM - Vi IMproved\0VIM - Vi IMproved 9.0 (2022 Jun 28)\0", "9.0"),
    "libcurl": ("libcurl-gnutls.so.4.8.0", b"libcurl/7.88.1\0", "7.88.1"),
    "glibc": ("libc.so.6", b"GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n", "2.36"),
    "musl": ("ld-musl-aarch64.so.1", b"\x001.2.3\0", "1.2.3"),
    "zlib": ("libz.so.1.2.13", b" inflate 1.2.13 Copyright 1995-2022 Mark Adler ", "1.2.13"),
    "liblzma": ("liblzma.so.5.4.1", b"\x005.4.1\0", "5.4.1"),
    "libzstd": ("libzstd.so.1.5.4", b"w\xca\xeb\x851.5.4\0", "1.5.4"),
    "bzip2": ("libbz2.so.1.0.4", b"1.0.8, 13-Jul-2019\0", "1.0.8"),
    "gnutls": ("libgnutls.so.30.34.3", b"Enabled GnuTLS 3.7.9 logging...\0", "3.7.9"),
    "libgcrypt": ("libgcrypt.so.20.4.1", b"This is Libgcrypt 1.10.1 - The GNU Crypto Library\n", "1.10.1"),
    "sqlite": ("libsqlite3.so.0.8.6", b"\x003.40.1\0", "3.40.1"),
    "mariadb-connector-c": ("libmariadb.so.3", b"\x003.3.20\0", "3.3.20"),
    "expat": ("libexpat.so.1.8.10", b"expat_realloc\0expat_2.5.0\0", "2.5.0"),
    "libpng": ("libpng16.so.16.39.0", b"libpng version 1.6.39\n", "1.6.39"),
    "libjpeg-turbo": ("libjpeg.so.62.3.0", b"libjpeg-turbo version 2.1.5 (build 20230203)\0", "2.1.5"),
    "libtiff": ("libtiff.so.6.0.0", b"LIBTIFF, Version 4.5.0\n", "4.5.0"),
    "pcre2": ("libpcre2-8.so.0.11.2", b"\x0010.42 2022-12-11\0", "10.42"),
    "nghttp2": ("libnghttp2.so.14.24.1", b"\xfc\xff\xff\xff1.52.0\0", "1.52.0"),
    "libarchive": ("libarchive.so.13.6.2", b"libarchive 3.6.2\0", "3.6.2"),
    "libuv": ("libuv.so.1.0.0", b"\xb4\x95\xfe\xff1.44.2\0", "1.44.2"),
    "wolfssl": ("libwolfssl.so.35.3.0", b"wolfSSL 5.5.4\0", "5.5.4"),
    "mbedtls": ("libmbedcrypto.so.2.28.3", b"mbed TLS 2.28.3\0", "2.28.3"),
    "icu": ("libicuuc.so.72.1", b"\x0072.1\0", "72.1"),
    "imagemagick": ("libMagickCore-6.Q16.so.6.0.0", b"ImageMagick 6.9.11-60 Q16 x86_64\0", "6.9.11-60"),
    "bun": ("bun", b"Bun v1.4.5 (Linux x64)", "1.4.5"),
    "deno": ("deno", b"canary 0.80.0 Deno/0.80.0grpc Deno/2.9.6Deno/2.9.6+e518f", "2.9.6"),
    "dart": ("dart", b"\x003.0.0 (stable) (Thu May 4 01:11:00 2023)", "3.0.0"),
    "ffmpeg": ("ffmpeg", b"%s version 5.1.9-0+deb12u1\0", "5.1.9"),
    "openldap": ("slapd", b"@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (Feb  8 2023 01:56:12) $", "2.5.13"),
    "mongodb": ("mongod", b"outputConfig\x005.0.32\0tcmalloc\0mozjs", "5.0.32"),
    "fluent-bit": ("fluent-bit", b"%s (%d)\0???\x001.7.0\0\x1b[1m%sFluent Bit v%s", "1.7.0"),
    "arangodb": ("arangosh", b"ArangoDB \x003.11.8 [linux]\0, using ", "3.11.8"),
    "ghc": ("ghc", b"\0libHSghc-8.10.4-ghc8.10.4.so\0", "8.10.4"),
    "swipl": ("swipl", b"/tmp/src/swipl-9.3.8/src\0", "9.3.8"),
    "aws-lc": ("openssl", b"\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0", "1.69.0"),
    "krb5": ("libkrb5.so.3.3", b"KRB5_BRAND: krb5-1.20.1-final 1.20.1 20221111\0", "1.20.1"),
    "heimdal": ("libkrb5.so.26.0.0", b"@(#)$Version: Heimdal 7.8.0 $", "7.8.0"),
    "sqlcipher": ("sqlcipher", b"%llu)\0community\x004.5.5\0%s", "4.5.5"),
    "tcl": ("libtcl8.6.so", b"\x008.6.13\0", "8.6.13"),
}
TABLE = ProbeTable(SignatureCataloger.probes)


def binary(text: bytes) -> bytes:
    return elf(bytes(64) + text + bytes(16), section=b".rodata")


def recognised(files, links=None):
    found = catalogue_tree(SUBJECT, tree(files, links)).components
    return {one.purl: one for one in found if one.presence is Presence.RECOGNISED}


def test_every_signature_has_a_sample():
    assert set(SEEN) == set(SIGNATURES)


@pytest.mark.parametrize("name", SEEN)
def test_a_product_is_recognised_by_its_file_and_bytes(name):
    file, text, version = SEEN[name]
    probes = {probe.name: probe for probe in TABLE.find(f"opt/x/{file}", 1000, b"\x7fELF" + bytes(60), FileForm.ELF)}
    assert probes[f"signature-{name}"].read(FileContent(memoryview(binary(text)))).decode() == version
    assert probes[f"signature-{name}"].read(FileContent(memoryview(binary(text.replace(version.encode(), b"unknown"))))) == b""


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("redis-check-rdb", "redis"),
        ("redis-check-aof", "redis"),
        ("bash-static", "bash"),
        ("x86_64-linux-gnu-gcc-12", "gcc"),
        ("aarch64-linux-gnu-g++-12", "gcc"),
        ("x86_64-pc-linux-musl-gcc", "gcc"),
        ("arm-linux-gnueabihf-gcc-13", "gcc"),
    ],
)
def test_a_product_is_known_under_its_other_names(file, name):
    found = recognised({f"opt/{file}": binary(SEEN[name][1])})
    assert list(found) == [f"pkg:generic/{name}@{SEEN[name][2]}"]


def test_a_runtime_of_erlang_that_debian_built_tells_its_release_alone():
    text = b"than the current (Erlang/OTP 25).\n"
    assert set(recognised({"opt/erts/bin/beam.smp": binary(text)})) == {"pkg:generic/erlang@25"}


def test_recognised_programs_have_purls_and_cpes():
    found = recognised({"opt/nginx": binary(SEEN["nginx"][1]), "opt/sshd": binary(SEEN["openssh"][1])})
    assert set(found) == {"pkg:generic/nginx@1.22.1", "pkg:generic/openssh@9.2p1"}
    assert "cpe:2.3:a:f5:nginx:1.22.1:*:*:*:*:*:*:*" in found["pkg:generic/nginx@1.22.1"].cpes
    assert found["pkg:generic/openssh@9.2p1"].cpes == ("cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*",)


def test_every_cpe_has_eleven_fields_after_its_prefix():
    for name, (file, text, _) in SEEN.items():
        for one in recognised({f"opt/{file}": binary(text)}).values():
            for cpe in one.cpes:
                assert len(cpe.replace("\\:", "").split(":")) == 13, name


def test_what_a_package_owns_is_the_packages_and_what_was_put_over_it_is_recognised():
    files = DPKG | {"usr/lib/libc.so.6": binary(SEEN["glibc"][1]), "usr/bin/nginx": binary(SEEN["nginx"][1])}
    listed = files | {"var/lib/dpkg/info/mawk.list": "/usr/bin/mawk\n/usr/bin/nginx\n"}
    inventory = catalogue_tree(SUBJECT, tree(listed, DPKG_LINKS))
    assert inventory.ownership["usr/bin/nginx"].state is Ownership.UNCHECKED
    assert inventory.ownership["usr/lib/libc.so.6"].state is Ownership.MODIFIED
    assert set(recognised(listed, DPKG_LINKS)) == {"pkg:generic/glibc@2.36"}


SHARDS = "version: 1.0\nshards:\n  {}:\n    git: https://github.com/a/b.git\n    version: 1.0.0\n"
JULIA = 'name = "Foo"\nuuid = "682c06a0-de6a-54ab-a142-c8b1cf79cde6"\nversion = "1.0.0"\n'
DROPPED = [
    ("usr", "usr/.shards.info", SHARDS.format("bin")),
    ("usr/lib/x", "usr/lib/.shards.info", SHARDS.format("x")),
    ("packages/Foo/AbCdE", "packages/Foo/AbCdE/Project.toml", JULIA),
    ("node_modules/foo", "node_modules/foo/package.json", '{"name":"foo","version":"1.0.0"}'),
    ("usr", "usr/foo.egg-info/installed-files.txt", "../bin/openssl\n../bin/bash\n"),
]


@pytest.mark.parametrize(("folder", "dropped", "text"), DROPPED)
def test_what_anybody_can_drop_into_a_folder_does_not_silence_what_was_recognised_in_it(folder, dropped, text):
    files = {f"{folder}/bin/{SEEN[name][0]}": binary(SEEN[name][1]) for name in ("bash", "openssl", "curl")}
    more = {"usr/foo.egg-info/PKG-INFO": "Name: foo\nVersion: 1\n"} if "egg-info" in dropped else {}
    assert set(recognised({**files, **more, dropped: text})) >= {
        "pkg:generic/bash@5.2.15",
        "pkg:generic/openssl@3.0.22",
        "pkg:generic/curl@7.88.1",
    }


def test_a_package_of_that_name_and_version_is_what_was_recognised_in_its_folder():
    files = {"node_modules/jq/jq": binary(SEEN["jq"][1])}
    assert set(recognised({**files, "node_modules/jq/package.json": '{"name":"jq","version":"1.6"}'})) == set()
    for other in ('{"name":"jq","version":"1.60"}', '{"name":"jq","version":"1.6.1"}', '{"name":"jqs","version":"1.6"}'):
        assert set(recognised({**files, "node_modules/jq/package.json": other})) == {"pkg:generic/jq@1.6"}


def test_the_virtual_machine_in_a_java_runtime_is_that_runtime_by_whatever_number():
    machine = binary(b"\0OpenJDK 64-Bit Server VM (25.392-b08) for linux")
    home = {"opt/jdk/jre/lib/amd64/server/libjvm.so": machine, "opt/jdk/bin/java": binary(b"java")}
    assert set(recognised(home)) == {"pkg:generic/oracle/openjdk@25.392-b08"}
    assert set(recognised({**home, "opt/jdk/release": 'JAVA_VERSION="1.8.0_392"\nIMPLEMENTOR="Temurin"\n'})) == set()


def test_a_deleted_package_database_is_survived():
    files = {path: text for path, text in DPKG.items() if not path.startswith("var/lib/dpkg/")}
    files |= {"usr/lib/libc.so.6": binary(SEEN["glibc"][1]), "usr/bin/nginx": binary(SEEN["nginx"][1])}
    assert set(recognised(files, DPKG_LINKS)) == {"pkg:generic/glibc@2.36", "pkg:generic/nginx@1.22.1"}


def test_scripts_and_bindings_of_that_name_are_not_looked_into():
    assert TABLE.find("usr/bin/nginx", 1000, b"#!/bin/sh\n", FileForm.SCRIPT) == []
    assert TABLE.find("usr/lib/ruby/openssl.so", 1000, b"\x7fELF" + bytes(60), FileForm.ELF) == []


def test_a_file_full_of_anchors_does_not_take_long():
    begun = time.process_time()
    probe = SignatureProbe(SIGNATURES["libuv"])
    assert probe.read(FileContent(memoryview(b"\x7fELF" + b"\x001." * (4 << 20)))) == b""
    assert time.process_time() - begun < 20


@given(st.sampled_from(sorted(SIGNATURES)), st.binary(max_size=300))
def test_any_bytes_are_searched_without_failing(name, data):
    assert isinstance(SignatureProbe(SIGNATURES[name]).read(FileContent(memoryview(b"\x7fELF\x02\x01" + data))), bytes)
