"""Well-known programs and libraries, by the name of the file and a version that stands in its bytes. Data, and a search.

A row says under which stems of names a file is looked into (see `Interest`), and how its version is written there: a few
bytes that are always beside it, found fast, and a pattern for the sixty bytes on either side of them. A version that stands
alone between NULs is told from others by how it begins. CPEs are listed where the vendor and product are those of the
National Vulnerability Database; where its version has an update field (`9.2` `p1`), it is split.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.binary.elf import Elf
from pratique.cataloging.binary.image import find
from pratique.errors import Malformed

_AROUND = 160
_MAX_SEARCHED = 256 << 20
_MAX_HITS = 2_000
_SHARED = ("lib", "ld-musl", "mod_")


class ByteMark(NamedTuple):
    """`anchor`: bytes to find. `pattern`: of the bytes around it; its group is the version."""

    anchor: bytes
    pattern: bytes


@dataclass(frozen=True, slots=True)
class ProgramSignature:
    """`stems`: separated by blanks. `cpes`: `vendor:product`. `namespace`: of the purl, `pkg:generic/namespace/name`."""

    name: str
    stems: str
    marks: tuple[ByteMark, ...]
    cpes: tuple[str, ...] = ()
    application: bool = True
    namespace: str = ""


_THREE = rb"(\d+\.\d+\.\d+)"


def _after(prefix: bytes, version: bytes = _THREE) -> tuple[ByteMark, ...]:
    """The version follows a text."""
    return (ByteMark(prefix, re.escape(prefix) + version),)


def _alone(begin: bytes, rest: bytes) -> tuple[ByteMark, ...]:
    """The version is all there is between two NULs."""
    return (ByteMark(b"\0" + begin, rb"\0(" + re.escape(begin) + rest + rb")\0"),)


def _behind_data(begin: bytes, rest: bytes) -> tuple[ByteMark, ...]:
    """As `_alone`, where the compiler put it right behind a table of numbers."""
    return (*_alone(begin, rest), ByteMark(begin, rb"[^ -~](" + re.escape(begin) + rest + rb")\0"))


_PHP = _after(b"X-Powered-By: PHP/", rb"(\d+\.\d+\.\d+(?:(?:alpha|beta|RC)\d+)?)")
_PROGRAMS = (
    ProgramSignature(
        "python",
        "python libpython",
        (*_alone(b"3.", rb"\d{1,2}\.\d{1,2}(?:[abc]\d+|rc\d+)?\+?"), *_alone(b"2.7.", rb"\d{1,2}(?:rc\d)?\+?")),
        ("python:python",),
    ),
    ProgramSignature("node", "node nodejs libnode", _after(b"node.js/v"), ("nodejs:node.js",)),
    ProgramSignature(
        "ruby",
        "ruby libruby libruby-static",
        (ByteMark(b"ruby ", rb"ruby (\d+\.\d+\.\d+)(?:p\d+|preview\d|rc\d|dev)? ?\("),),
        ("ruby-lang:ruby",),
    ),
    ProgramSignature("perl", "perl libperl", (ByteMark(b"\0v5.", rb"\0v(5\.\d+\.\d+)\0"),), ("perl:perl",)),
    ProgramSignature("php-cli", "php", _PHP, ("php:php",)),
    ProgramSignature("php-fpm", "php-fpm", _PHP, ("php:php",)),
    ProgramSignature("php", "libphp mod_php", _PHP, ("php:php",), False),
    ProgramSignature(
        "erlang",
        "beam erlexec",
        (
            ByteMark(b"/otp_src_", rb"/otp_src_(\d+(?:\.\d+)+)/"),
            ByteMark(b"(Erlang/OTP ", rb"\(Erlang/OTP (\d+)\)"),  # the release alone; which patches it has, no byte says
        ),
        ("erlang:erlang\\/otp",),
    ),
    ProgramSignature("lua", "lua luac liblua", _after(b"$LuaVersion: Lua "), ("lua:lua",)),
    ProgramSignature("luajit", "luajit libluajit", _after(b"LuaJIT ", rb"(\d+\.\d+\.[\w.-]+)[ \0]"), ("luajit:luajit",)),
    ProgramSignature(
        "rust",
        "librustc_driver",
        _after(b"rustc version ", rb"(\d+\.\d+\.\d+(?:-(?:beta|nightly)[.\d]*)?) \("),
        ("rust-lang:rust",),
    ),
    ProgramSignature(
        "openjdk",
        "libjvm",
        (ByteMark(b"OpenJDK 64-Bit Server VM (", rb"VM \((\d+(?:\.\d+)*[+-][\w.+-]+)\)"),),
        application=False,
        namespace="oracle",
    ),
    ProgramSignature("bash", "bash bash-static", _after(b"@(#)Bash version ", rb"(\d+\.\d+\.\d+)[(]"), ("gnu:bash",)),
    ProgramSignature("busybox", "busybox", _after(b"BusyBox v"), ("busybox:busybox",)),
    ProgramSignature("curl", "curl", (*_after(b"curl/"), *_after(b"curl ")), ("haxx:curl",)),
    ProgramSignature(
        "openssl",
        "openssl libcrypto",
        _after(b"OpenSSL ", rb"(\d+\.\d+\.\d+[a-z]{0,2}(?:-(?:alpha|beta)\d+)?) \d"),
        ("openssl:openssl",),
    ),
    ProgramSignature(
        "postgresql",
        "postgres",
        _after(b"PostgreSQL ", rb"(\d+(?:\.\d+)+(?:beta\d|rc\d)?) (?:\(|on )"),
        ("postgresql:postgresql",),
    ),
    ProgramSignature(
        "mariadb", "mariadbd mariadb mysqld mysql", (ByteMark(b"-MariaDB", rb"(\d+\.\d+\.\d+)-MariaDB"),), ("mariadb:mariadb",)
    ),
    ProgramSignature(
        "mysql",
        "mysqld mysql",
        (ByteMark(b"mysql-", rb"/(?:mysql|mysql-community|mysql-commercial)-(\d+\.\d+\.\d+)/"),),
        ("oracle:mysql",),
    ),
    ProgramSignature(
        "redis",
        "redis-server redis-cli redis-benchmark redis-sentinel redis-check-rdb redis-check-aof",
        (
            ByteMark(b"\0Redis ", rb"\0Redis (\d+\.\d+\.\d+)"),
            *_alone(b"7.", rb"\d+\.\d+"),
            *_alone(b"6.", rb"\d+\.\d+"),
            *_alone(b"8.", rb"\d+\.\d+"),
            *_alone(b"5.", rb"0\.\d+"),
        ),
        ("redis:redis",),
    ),
    ProgramSignature(
        "valkey",
        "valkey-server valkey-cli valkey-benchmark valkey-sentinel valkey-check-rdb valkey-check-aof",
        # Beside the version of Redis that it takes the place of, or what its tools say behind it; others stand there alone, too.
        (
            ByteMark(b"\x007.2.4\0", rb"\0(\d+\.\d+\.\d+(?:-rc\d)?)\0(?:valkey\0)?7\.2\.4\0"),
            ByteMark(b"\0 (git:%s", rb"\0(\d+\.\d+\.\d+(?:-rc\d)?)\0 \(git:%s"),
        ),
        ("lfprojects:valkey",),
    ),
    ProgramSignature(
        "cabal", "cabal", (ByteMark(b"cabal-install-", rb"cabal-install-(\d+(?:\.\d+)+)-[\w-]{6,40}:Distribution"),)
    ),
    ProgramSignature("stack", "stack", (ByteMark(b"stack-", rb"stack-(\d+(?:\.\d+)+)-[\w-]{6,40}:Stack\."),)),
    ProgramSignature("memcached", "memcached", _after(b"memcached "), ("memcached:memcached",)),
    ProgramSignature("nginx", "nginx", _after(b"nginx/"), ("f5:nginx", "nginx:nginx")),
    ProgramSignature("httpd", "apache httpd", _after(b"Apache/"), ("apache:http_server",)),
    ProgramSignature(
        "haproxy",
        "haproxy",
        (ByteMark(b", released ", rb"version (\d+\.\d+(?:\.\d+|-dev\d+))[^ ]*, released "),),
        ("haproxy:haproxy",),
    ),
    ProgramSignature("envoy", "envoy", (ByteMark(b"/RELEASE", rb"/(\d+\.\d+\.\d+)/\w+/RELEASE"),), ("envoyproxy:envoy",)),
    ProgramSignature("varnish", "varnishd libvarnishapi", _after(b"varnish-", rb"(\d+\.\d+\.\d+) revision")),
    ProgramSignature("lighttpd", "lighttpd", _after(b"lighttpd/"), ("lighttpd:lighttpd",)),
    ProgramSignature("git", "git git-shell git-remote-https", _after(b"git/"), ("git-scm:git",)),
    ProgramSignature("wget", "wget", _alone(b"1.", rb"(?:1[0-9]|2[0-9])(?:\.\d+)?"), ("gnu:wget",)),
    ProgramSignature(
        "openssh",
        "sshd ssh sshd-session",
        (ByteMark(b"OpenSSH_", rb"\0OpenSSH_(\d+\.\d+p\d+)"),),
        ("openbsd:openssh",),
    ),
    ProgramSignature("sudo", "sudo", _alone(b"1.", rb"[89]\.\d+(?:p\d+)?"), ("sudo_project:sudo",)),
    ProgramSignature(
        "systemd",
        "systemd libsystemd-shared",
        (ByteMark(b"systemd ", rb"systemd (?:\d{3} \()?(\d{3}(?:\.\d+)?)[ ~).-]"),),
        ("systemd_project:systemd",),
    ),
    ProgramSignature("rsync", "rsync", _alone(b"3.", rb"[0-9]\.\d+"), ("samba:rsync",)),
    ProgramSignature("jq", "jq", _alone(b"1.", rb"[4-9](?:\.\d+)?(?:rc\d)?"), ("jqlang:jq",)),
    ProgramSignature("proftpd", "proftpd", _after(b"ProFTPD ", rb"(\d+\.\d+\.\d+[a-z]?(?:rc\d)?) "), ("proftpd:proftpd",)),
    ProgramSignature("unbound", "unbound", _after(b"unbound "), ("nlnetlabs:unbound",)),
    ProgramSignature("dnsmasq", "dnsmasq", _after(b"dnsmasq-", rb"(\d+\.\d+)"), ("thekelleys:dnsmasq",)),
    ProgramSignature("squid", "squid", _after(b"squid/", rb"(\d+\.\d+(?:\.\d+)?)"), ("squid-cache:squid",)),
    ProgramSignature("stunnel", "stunnel", _after(b"stunnel ", rb"(\d+\.\d+) on"), ("stunnel:stunnel",)),
    ProgramSignature("keepalived", "keepalived", _after(b"Keepalived v"), ("keepalived:keepalived",)),
    ProgramSignature("bird", "bird", _after(b"BIRD ", rb"(\d+\.\d+(?:\.\d+)?) ready")),
    ProgramSignature("tini", "tini", _after(b"tini version ")),
    ProgramSignature("tcpdump", "tcpdump", _after(b" version ", rb"(4\.\d+\.\d+)[\0\n]"), ("tcpdump:tcpdump",)),
    ProgramSignature("exim", "exim", _alone(b"4.", rb"\d{2}(?:\.\d+)?"), ("exim:exim",)),
    ProgramSignature("mosquitto", "mosquitto", _alone(b"2.", rb"\d\.\d+"), ("eclipse:mosquitto",)),
    ProgramSignature(
        "util-linux", "getopt mount lsblk agetty", _after(b"util-linux ", rb"(\d+\.\d+(?:\.\d+)?)"), ("kernel:util-linux",)
    ),
    ProgramSignature("xz", "xz xzdec", _after(b"(XZ Utils) "), ("tukaani:xz",)),
    ProgramSignature("gzip", "gzip", _alone(b"1.", rb"(?:[4-9]|1\d)"), ("gnu:gzip",)),
    ProgramSignature("zstd", "zstd", (ByteMark(b"\0v1.", rb"\0v(1\.\d\.\d+)\0"),), ("facebook:zstandard",)),
    ProgramSignature("gcc", "gcc g++ cc cpp", _alone(b"1", rb"\d\.\d\.\d"), ("gnu:gcc",)),
    ProgramSignature("gnupg", "gpg gpgv gpg-agent", _alone(b"2.", rb"[0-9]\.\d{1,2}"), ("gnupg:gnupg",)),
    ProgramSignature("vim", "vim", _after(b"VIM - Vi IMproved ", rb"(\d+\.\d+)"), ("vim:vim",)),
)
_FURTHER = (
    ProgramSignature("bun", "bun", (ByteMark(b"Bun v", rb"Bun v(\d+\.\d+\.\d+)(?:[\s\0]|bun-)"),)),
    ProgramSignature("deno", "deno", (ByteMark(b"Deno/", rb"Deno/(\d+\.\d+\.\d+)(?:Deno/|cli/)"),), ("deno:deno",)),
    ProgramSignature(
        "dart",
        "dart",
        (
            ByteMark(b" (stable) (", rb"(\d+\.\d+\.\d+) \(stable\) \("),
            ByteMark(b" (beta) (", rb"(\d+\.\d+\.\d+-[\w.]+) \(beta\) \("),
        ),
        ("dart:dart_software_development_kit",),
    ),
    ProgramSignature(
        "ffmpeg", "ffmpeg ffprobe ffplay", (ByteMark(b"%s version ", rb"%s version n?(\d+(?:\.\d+){1,2})"),), ("ffmpeg:ffmpeg",)
    ),
    ProgramSignature(
        "openldap",
        "slapd ldapsearch libldap",
        (ByteMark(b"$OpenLDAP: ", rb"\$OpenLDAP: [a-z_-]+ (\d+\.\d+\.\d+)"),),
        ("openldap:openldap",),
    ),
    ProgramSignature(
        "mongodb", "mongod mongos", (ByteMark(b"\0tcmalloc\0", rb"\0(\d+\.\d+\.\d+)\0tcmalloc\0"),), ("mongodb:mongodb",)
    ),
    ProgramSignature(
        "fluent-bit",
        "fluent-bit",
        (ByteMark(b"Fluent Bit v", rb"\0(\d+\.\d+\.\d+)\0{1,8}[^\0]{0,16}Fluent Bit v"),),
        ("treasuredata:fluent_bit",),
    ),
    ProgramSignature(
        "arangodb",
        "arangod arangosh",
        (ByteMark(b" [linux]\0", rb"\0(\d+\.\d+\.\d+(?:-\d+)?)(?: enterprise)? \[linux\]\0"),),
        ("arangodb:arangodb",),
    ),
    ProgramSignature(
        "ghc",
        "ghc",
        (ByteMark(b"libHSghc-", rb"libHSghc-(\d+\.\d+\.\d+)-"), ByteMark(b"\0GHC ", rb"\0GHC (\d+\.\d+\.\d+)\0")),
        ("haskell:ghc",),
    ),
    ProgramSignature("swipl", "swipl libswipl", (ByteMark(b"/swipl-", rb"/swipl-(\d+\.\d+\.\d+)/"),)),
    ProgramSignature("aws-lc", "openssl bssl libcrypto", _after(b"AWS-LC "), ("amazon:aws-lc",)),
    ProgramSignature("krb5", "libkrb", _after(b"KRB5_BRAND: krb5-", rb"(\d+\.\d+(?:\.\d+)?)"), ("mit:kerberos_5",), False),
    ProgramSignature("heimdal", "libkrb kdc", _after(b"$Version: Heimdal "), ("heimdal_project:heimdal",), False),
    ProgramSignature(
        "sqlcipher",
        "sqlcipher libsqlcipher",
        (ByteMark(b"\0community\0", rb"\0community\0(\d+\.\d+\.\d+)\0"),),
        application=False,
    ),
)
_LIBRARIES = (
    ProgramSignature("libcurl", "libcurl libcurl-gnutls", _after(b"libcurl/"), ("haxx:libcurl",), False),
    ProgramSignature("glibc", "libc", _after(b"stable release version ", rb"(\d+\.\d+)"), ("gnu:glibc",), False),
    ProgramSignature(
        "musl",
        "ld-musl-x ld-musl-aarch ld-musl-armhf ld-musl-i ld-musl-ppc ld-musl-s ld-musl-riscv libc",
        _alone(b"1.", rb"[012]\.\d{1,2}"),
        ("musl-libc:musl",),
        False,
    ),
    ProgramSignature("zlib", "libz", _after(b" inflate ", rb"(1\.\d+(?:\.\d+)+) Copyright"), ("zlib:zlib",), False),
    ProgramSignature("liblzma", "liblzma", _alone(b"5.", rb"\d\.\d+(?:alpha|beta)?"), ("tukaani:xz",), False),
    ProgramSignature("libzstd", "libzstd", _behind_data(b"1.", rb"\d\.\d+"), ("facebook:zstandard",), False),
    ProgramSignature("bzip2", "libbz", (ByteMark(b"1.0.", rb"(1\.0\.\d), \d"),), ("bzip:bzip2",), False),
    ProgramSignature("gnutls", "libgnutls", _after(b"Enabled GnuTLS "), ("gnu:gnutls",), False),
    ProgramSignature("libgcrypt", "libgcrypt", _after(b"This is Libgcrypt "), ("gnupg:libgcrypt",), False),
    ProgramSignature("sqlite", "libsqlite sqlite", _alone(b"3.", rb"\d{1,2}\.\d{1,2}(?:\.\d)?"), ("sqlite:sqlite",), False),
    ProgramSignature("mariadb-connector-c", "libmariadb", _alone(b"3.", rb"[0-4]\.\d+"), ("mariadb:connector\\/c",), False),
    ProgramSignature("expat", "libexpat", _after(b"expat_"), ("libexpat_project:libexpat",), False),
    ProgramSignature("libpng", "libpng", _after(b"libpng version "), ("libpng:libpng",), False),
    ProgramSignature(
        "libjpeg-turbo", "libjpeg libturbojpeg", _after(b"libjpeg-turbo version "), ("libjpeg-turbo:libjpeg-turbo",), False
    ),
    ProgramSignature("libtiff", "libtiff", _after(b"LIBTIFF, Version "), ("libtiff:libtiff",), False),
    ProgramSignature("pcre2", "libpcre", (ByteMark(b"\x0010.", rb"\0(10\.\d\d) \d{4}-"),), ("pcre:pcre2",), False),
    ProgramSignature("nghttp2", "libnghttp", _behind_data(b"1.", rb"\d\d\.\d"), ("nghttp2:nghttp2",), False),
    ProgramSignature("libarchive", "libarchive", _after(b"libarchive "), ("libarchive:libarchive",), False),
    ProgramSignature("libuv", "libuv", _behind_data(b"1.", rb"\d\d\.\d"), ("libuv:libuv",), False),
    ProgramSignature("wolfssl", "libwolfssl", _after(b"wolfSSL "), ("wolfssl:wolfssl",), False),
    ProgramSignature(
        "mbedtls", "libmbedcrypto libmbedtls", (*_after(b"Mbed TLS "), *_after(b"mbed TLS ")), ("arm:mbed_tls",), False
    ),
    ProgramSignature("icu", "libicuuc", _alone(b"7", rb"\d\.\d"), ("icu-project:international_components_for_unicode",), False),
    ProgramSignature(
        "imagemagick", "libMagickCore", _after(b"ImageMagick ", rb"(\d+\.\d+\.\d+-\d+)"), ("imagemagick:imagemagick",), False
    ),
    ProgramSignature("tcl", "libtcl", _alone(b"8.", rb"\d\.\d+"), application=False),
)
SIGNATURES = {one.name: one for one in (*_PROGRAMS, *_FURTHER, *_LIBRARIES)}


class SignatureProbe:
    """Finds the version of one product; its fact is the version in ASCII."""

    def __init__(self, signature: ProgramSignature) -> None:
        self.name = f"signature-{signature.name}"
        self.interest = Interest(stems=frozenset(signature.stems.split()))
        self._marks = tuple((mark.anchor, re.compile(mark.pattern)) for mark in signature.marks)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Its stem is enough; but a program's name on a shared object is a binding to it, `openssl.so`."""
        name = path[path.rfind("/") + 1 :]
        return ".so" not in name or name.startswith(_SHARED)

    def read(self, content: FileContent) -> bytes:
        """The version; empty for none."""
        view = content.view
        for begin, end in _regions(view):
            for anchor, pattern in self._marks:
                for number, at in enumerate(find(view, anchor, begin, end)):
                    around = bytes(view[max(0, at - _AROUND) : at + len(anchor) + _AROUND])
                    found = pattern.search(around)
                    if found:
                        return found.group(1)
                    if number > _MAX_HITS:
                        break
        return b""


def _regions(view: memoryview) -> list[tuple[int, int]]:
    """Where to look: the constants of an ELF file first, then all of it."""
    everything = (0, min(len(view), _MAX_SEARCHED))
    if bytes(view[:4]) != b"\x7fELF":
        return [everything]
    try:
        part = Elf(view).image().section(b".rodata")
    except Malformed:
        part = None
    return [everything] if part is None else [(part.offset, part.offset + part.size), everything]
