"""Well-known programs and libraries, by the name of the file and a version that stands in its bytes. Data, and a search.

A row says under which stems of names a file is looked into (see `Interest`), and how its version is written there: a few
bytes that are always beside it, found fast, and a pattern for the sixty bytes on either side of them. A version that stands
alone between NULs is told from others by how it begins. CPEs are listed where the vendor and product are those of the
National Vulnerability Database; where its version has an update field (`9.2` `p1`), it is split.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from pratique.artifact.content import Content
from pratique.artifact.wants import Interest
from pratique.errors import Malformed
from pratique.sbom.binary.elf import Elf
from pratique.sbom.binary.image import find

_AROUND = 160
_MAX_SEARCHED = 256 << 20
_MAX_HITS = 2_000
_SHARED = ("lib", "ld-musl", "mod_")


class Mark(NamedTuple):
    """`anchor`: bytes to find. `pattern`: of the bytes around it; its group is the version."""

    anchor: bytes
    pattern: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """`stems`: separated by blanks. `cpes`: `vendor:product`. `namespace`: of the purl, `pkg:generic/namespace/name`."""

    name: str
    stems: str
    marks: tuple[Mark, ...]
    cpes: tuple[str, ...] = ()
    application: bool = True
    namespace: str = ""


_THREE = rb"(\d+\.\d+\.\d+)"


def _after(prefix: bytes, version: bytes = _THREE) -> tuple[Mark, ...]:
    """The version follows a text."""
    return (Mark(prefix, re.escape(prefix) + version),)


def _alone(begin: bytes, rest: bytes) -> tuple[Mark, ...]:
    """The version is all there is between two NULs."""
    return (Mark(b"\0" + begin, rb"\0(" + re.escape(begin) + rest + rb")\0"),)


def _behind_data(begin: bytes, rest: bytes) -> tuple[Mark, ...]:
    """As `_alone`, where the compiler put it right behind a table of numbers."""
    return (*_alone(begin, rest), Mark(begin, rb"[^ -~](" + re.escape(begin) + rest + rb")\0"))


_PHP = _after(b"X-Powered-By: PHP/", rb"(\d+\.\d+\.\d+(?:(?:alpha|beta|RC)\d+)?)")
_PROGRAMS = (
    Signature(
        "python",
        "python libpython",
        (*_alone(b"3.", rb"\d{1,2}\.\d{1,2}(?:[abc]\d+|rc\d+)?\+?"), *_alone(b"2.7.", rb"\d{1,2}(?:rc\d)?\+?")),
        ("python:python",),
    ),
    Signature("node", "node nodejs libnode", _after(b"node.js/v"), ("nodejs:node.js",)),
    Signature(
        "ruby",
        "ruby libruby libruby-static",
        (Mark(b"ruby ", rb"ruby (\d+\.\d+\.\d+)(?:p\d+|preview\d|rc\d|dev)? ?\("),),
        ("ruby-lang:ruby",),
    ),
    Signature("perl", "perl libperl", (Mark(b"\0v5.", rb"\0v(5\.\d+\.\d+)\0"),), ("perl:perl",)),
    Signature("php-cli", "php", _PHP, ("php:php",)),
    Signature("php-fpm", "php-fpm", _PHP, ("php:php",)),
    Signature("php", "libphp mod_php", _PHP, ("php:php",), False),
    Signature(
        "erlang",
        "beam erlexec",
        (
            Mark(b"/otp_src_", rb"/otp_src_(\d+(?:\.\d+)+)/"),
            Mark(b"(Erlang/OTP ", rb"\(Erlang/OTP (\d+)\)"),  # the release alone; which patches it has, no byte says
        ),
        ("erlang:erlang\\/otp",),
    ),
    Signature("lua", "lua luac liblua", _after(b"$LuaVersion: Lua "), ("lua:lua",)),
    Signature("luajit", "luajit libluajit", _after(b"LuaJIT ", rb"(\d+\.\d+\.[\w.-]+)[ \0]"), ("luajit:luajit",)),
    Signature(
        "rust",
        "librustc_driver",
        _after(b"rustc version ", rb"(\d+\.\d+\.\d+(?:-(?:beta|nightly)[.\d]*)?) \("),
        ("rust-lang:rust",),
    ),
    Signature(
        "openjdk",
        "libjvm",
        (Mark(b"OpenJDK 64-Bit Server VM (", rb"VM \((\d+(?:\.\d+)*[+-][\w.+-]+)\)"),),
        application=False,
        namespace="oracle",
    ),
    Signature("bash", "bash bash-static", _after(b"@(#)Bash version ", rb"(\d+\.\d+\.\d+)[(]"), ("gnu:bash",)),
    Signature("busybox", "busybox", _after(b"BusyBox v"), ("busybox:busybox",)),
    Signature("curl", "curl", (*_after(b"curl/"), *_after(b"curl ")), ("haxx:curl",)),
    Signature(
        "openssl",
        "openssl libcrypto",
        _after(b"OpenSSL ", rb"(\d+\.\d+\.\d+[a-z]{0,2}(?:-(?:alpha|beta)\d+)?) \d"),
        ("openssl:openssl",),
    ),
    Signature(
        "postgresql",
        "postgres",
        _after(b"PostgreSQL ", rb"(\d+(?:\.\d+)+(?:beta\d|rc\d)?) (?:\(|on )"),
        ("postgresql:postgresql",),
    ),
    Signature(
        "mariadb", "mariadbd mariadb mysqld mysql", (Mark(b"-MariaDB", rb"(\d+\.\d+\.\d+)-MariaDB"),), ("mariadb:mariadb",)
    ),
    Signature(
        "mysql",
        "mysqld mysql",
        (Mark(b"mysql-", rb"/(?:mysql|mysql-community|mysql-commercial)-(\d+\.\d+\.\d+)/"),),
        ("oracle:mysql",),
    ),
    Signature(
        "redis",
        "redis-server redis-cli redis-benchmark redis-sentinel redis-check-rdb redis-check-aof",
        (
            Mark(b"\0Redis ", rb"\0Redis (\d+\.\d+\.\d+)"),
            *_alone(b"7.", rb"\d+\.\d+"),
            *_alone(b"6.", rb"\d+\.\d+"),
            *_alone(b"8.", rb"\d+\.\d+"),
            *_alone(b"5.", rb"0\.\d+"),
        ),
        ("redis:redis",),
    ),
    Signature("memcached", "memcached", _after(b"memcached "), ("memcached:memcached",)),
    Signature("nginx", "nginx", _after(b"nginx/"), ("f5:nginx", "nginx:nginx")),
    Signature("httpd", "apache httpd", _after(b"Apache/"), ("apache:http_server",)),
    Signature(
        "haproxy",
        "haproxy",
        (Mark(b", released ", rb"version (\d+\.\d+(?:\.\d+|-dev\d+))[^ ]*, released "),),
        ("haproxy:haproxy",),
    ),
    Signature("envoy", "envoy", (Mark(b"/RELEASE", rb"/(\d+\.\d+\.\d+)/\w+/RELEASE"),), ("envoyproxy:envoy",)),
    Signature("varnish", "varnishd libvarnishapi", _after(b"varnish-", rb"(\d+\.\d+\.\d+) revision")),
    Signature("lighttpd", "lighttpd", _after(b"lighttpd/"), ("lighttpd:lighttpd",)),
    Signature("git", "git git-shell git-remote-https", _after(b"git/"), ("git-scm:git",)),
    Signature("wget", "wget", _alone(b"1.", rb"(?:1[0-9]|2[0-9])(?:\.\d+)?"), ("gnu:wget",)),
    Signature(
        "openssh",
        "sshd ssh sshd-session",
        (Mark(b"OpenSSH_", rb"\0OpenSSH_(\d+\.\d+p\d+)"),),
        ("openbsd:openssh",),
    ),
    Signature("sudo", "sudo", _alone(b"1.", rb"[89]\.\d+(?:p\d+)?"), ("sudo_project:sudo",)),
    Signature(
        "systemd",
        "systemd libsystemd-shared",
        (Mark(b"systemd ", rb"systemd (?:\d{3} \()?(\d{3}(?:\.\d+)?)[ ~).-]"),),
        ("systemd_project:systemd",),
    ),
    Signature("rsync", "rsync", _alone(b"3.", rb"[0-9]\.\d+"), ("samba:rsync",)),
    Signature("jq", "jq", _alone(b"1.", rb"[4-9](?:\.\d+)?(?:rc\d)?"), ("jqlang:jq",)),
    Signature("proftpd", "proftpd", _after(b"ProFTPD ", rb"(\d+\.\d+\.\d+[a-z]?(?:rc\d)?) "), ("proftpd:proftpd",)),
    Signature("unbound", "unbound", _after(b"unbound "), ("nlnetlabs:unbound",)),
    Signature("dnsmasq", "dnsmasq", _after(b"dnsmasq-", rb"(\d+\.\d+)"), ("thekelleys:dnsmasq",)),
    Signature("squid", "squid", _after(b"squid/", rb"(\d+\.\d+(?:\.\d+)?)"), ("squid-cache:squid",)),
    Signature("stunnel", "stunnel", _after(b"stunnel ", rb"(\d+\.\d+) on"), ("stunnel:stunnel",)),
    Signature("keepalived", "keepalived", _after(b"Keepalived v"), ("keepalived:keepalived",)),
    Signature("bird", "bird", _after(b"BIRD ", rb"(\d+\.\d+(?:\.\d+)?) ready")),
    Signature("tini", "tini", _after(b"tini version ")),
    Signature("tcpdump", "tcpdump", _after(b" version ", rb"(4\.\d+\.\d+)[\0\n]"), ("tcpdump:tcpdump",)),
    Signature("exim", "exim", _alone(b"4.", rb"\d{2}(?:\.\d+)?"), ("exim:exim",)),
    Signature("mosquitto", "mosquitto", _alone(b"2.", rb"\d\.\d+"), ("eclipse:mosquitto",)),
    Signature(
        "util-linux", "getopt mount lsblk agetty", _after(b"util-linux ", rb"(\d+\.\d+(?:\.\d+)?)"), ("kernel:util-linux",)
    ),
    Signature("xz", "xz xzdec", _after(b"(XZ Utils) "), ("tukaani:xz",)),
    Signature("gzip", "gzip", _alone(b"1.", rb"(?:[4-9]|1\d)"), ("gnu:gzip",)),
    Signature("zstd", "zstd", (Mark(b"\0v1.", rb"\0v(1\.\d\.\d+)\0"),), ("facebook:zstandard",)),
    Signature("gcc", "gcc g++ cc cpp", _alone(b"1", rb"\d\.\d\.\d"), ("gnu:gcc",)),
    Signature("gnupg", "gpg gpgv gpg-agent", _alone(b"2.", rb"[0-9]\.\d{1,2}"), ("gnupg:gnupg",)),
    Signature("vim", "vim", _after(b"VIM - Vi IMproved ", rb"(\d+\.\d+)"), ("vim:vim",)),
)
_LIBRARIES = (
    Signature("libcurl", "libcurl libcurl-gnutls", _after(b"libcurl/"), ("haxx:libcurl",), False),
    Signature("glibc", "libc", _after(b"stable release version ", rb"(\d+\.\d+)"), ("gnu:glibc",), False),
    Signature(
        "musl",
        "ld-musl-x ld-musl-aarch ld-musl-armhf ld-musl-i ld-musl-ppc ld-musl-s ld-musl-riscv libc",
        _alone(b"1.", rb"[012]\.\d{1,2}"),
        ("musl-libc:musl",),
        False,
    ),
    Signature("zlib", "libz", _after(b" inflate ", rb"(1\.\d+(?:\.\d+)+) Copyright"), ("zlib:zlib",), False),
    Signature("liblzma", "liblzma", _alone(b"5.", rb"\d\.\d+(?:alpha|beta)?"), ("tukaani:xz",), False),
    Signature("libzstd", "libzstd", _behind_data(b"1.", rb"\d\.\d+"), ("facebook:zstandard",), False),
    Signature("bzip2", "libbz", (Mark(b"1.0.", rb"(1\.0\.\d), \d"),), ("bzip:bzip2",), False),
    Signature("gnutls", "libgnutls", _after(b"Enabled GnuTLS "), ("gnu:gnutls",), False),
    Signature("libgcrypt", "libgcrypt", _after(b"This is Libgcrypt "), ("gnupg:libgcrypt",), False),
    Signature("sqlite", "libsqlite sqlite", _alone(b"3.", rb"\d{1,2}\.\d{1,2}(?:\.\d)?"), ("sqlite:sqlite",), False),
    Signature("mariadb-connector-c", "libmariadb", _alone(b"3.", rb"[0-4]\.\d+"), ("mariadb:connector\\/c",), False),
    Signature("expat", "libexpat", _after(b"expat_"), ("libexpat_project:libexpat",), False),
    Signature("libpng", "libpng", _after(b"libpng version "), ("libpng:libpng",), False),
    Signature(
        "libjpeg-turbo", "libjpeg libturbojpeg", _after(b"libjpeg-turbo version "), ("libjpeg-turbo:libjpeg-turbo",), False
    ),
    Signature("libtiff", "libtiff", _after(b"LIBTIFF, Version "), ("libtiff:libtiff",), False),
    Signature("pcre2", "libpcre", (Mark(b"\x0010.", rb"\0(10\.\d\d) \d{4}-"),), ("pcre:pcre2",), False),
    Signature("nghttp2", "libnghttp", _behind_data(b"1.", rb"\d\d\.\d"), ("nghttp2:nghttp2",), False),
    Signature("libarchive", "libarchive", _after(b"libarchive "), ("libarchive:libarchive",), False),
    Signature("libuv", "libuv", _behind_data(b"1.", rb"\d\d\.\d"), ("libuv:libuv",), False),
    Signature("wolfssl", "libwolfssl", _after(b"wolfSSL "), ("wolfssl:wolfssl",), False),
    Signature("mbedtls", "libmbedcrypto libmbedtls", (*_after(b"Mbed TLS "), *_after(b"mbed TLS ")), ("arm:mbed_tls",), False),
    Signature("icu", "libicuuc", _alone(b"7", rb"\d\.\d"), ("icu-project:international_components_for_unicode",), False),
    Signature(
        "imagemagick", "libMagickCore", _after(b"ImageMagick ", rb"(\d+\.\d+\.\d+-\d+)"), ("imagemagick:imagemagick",), False
    ),
    Signature("tcl", "libtcl", _alone(b"8.", rb"\d\.\d+"), application=False),
)
SIGNATURES = {one.name: one for one in (*_PROGRAMS, *_LIBRARIES)}


class SignatureProbe:
    """Finds the version of one product; its fact is the version in ASCII."""

    def __init__(self, signature: Signature) -> None:
        self.name = f"signature-{signature.name}"
        self.interest = Interest(stems=frozenset(signature.stems.split()))
        self._marks = tuple((mark.anchor, re.compile(mark.pattern)) for mark in signature.marks)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Its stem is enough; but a program's name on a shared object is a binding to it, `openssl.so`."""
        name = path[path.rfind("/") + 1 :]
        return ".so" not in name or name.startswith(_SHARED)

    def read(self, content: Content) -> bytes:
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
