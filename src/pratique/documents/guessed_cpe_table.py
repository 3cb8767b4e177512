"""What the official CPE dictionary calls well-known projects whose vendor nobody would guess from their name. Pure tables."""

_PAIRS = """
bash gnu:bash
binutils gnu:binutils
bluez bluez:bluez
bzip2 bzip:bzip2
cairo cairographics:cairo
coreutils gnu:coreutils
cpio gnu:cpio
cups apple:cups
curl haxx:curl
dbus freedesktop:dbus
dpkg debian:dpkg
emacs gnu:emacs
expat libexpat_project:libexpat
ffmpeg ffmpeg:ffmpeg
findutils gnu:findutils
freetype freetype:freetype
gawk gnu:gawk
gdb gnu:gdb
ghostscript artifex:ghostscript
git git-scm:git
glib2.0 gnome:glib
glib2 gnome:glib
glibc gnu:glibc
gnupg2 gnupg:gnupg
gnutls28 gnu:gnutls
gnutls gnu:gnutls
grep gnu:grep
gzip gnu:gzip
icu icu-project:international_components_for_unicode
krb5 mit:kerberos_5
libarchive libarchive:libarchive
libgcrypt20 gnupg:libgcrypt
libgcrypt gnupg:libgcrypt
libidn2 gnu:libidn2
libpng libpng:libpng
libpng1.6 libpng:libpng
libssh2 libssh2:libssh2
libtasn1-6 gnu:libtasn1
libtasn1 gnu:libtasn1
libwebp webmproject:libwebp
libxml2 xmlsoft:libxml2
libxslt xmlsoft:libxslt
linux linux:linux_kernel
kernel linux:linux_kernel
lz4 lz4_project:lz4
mariadb mariadb:mariadb
ncurses gnu:ncurses
nettle nettle_project:nettle
nghttp2 nghttp2:nghttp2
nginx f5:nginx
nodejs nodejs:node.js
node nodejs:node.js
openldap openldap:openldap
openssh openbsd:openssh
openssl openssl:openssl
pam linux-pam:linux-pam
patch gnu:patch
pcre2 pcre:pcre2
pcre3 pcre:pcre
perl perl:perl
postgresql postgresql:postgresql
python python:python
readline gnu:readline
redis redis:redis
rsync samba:rsync
samba samba:samba
sed gnu:sed
shadow shadow_project:shadow
sqlite sqlite:sqlite
sqlite3 sqlite:sqlite
sudo sudo_project:sudo
systemd systemd_project:systemd
tar gnu:tar
tiff libtiff:libtiff
unzip info-zip:unzip
util-linux kernel:util-linux
vim vim:vim
wget gnu:wget
xz tukaani:xz
xz-utils tukaani:xz
zip info-zip:zip
zlib zlib:zlib
zstd facebook:zstandard
libzstd facebook:zstandard
"""


def _pair(text: str) -> tuple[str, str]:
    vendor, _, product = text.partition(":")
    return vendor, product


KNOWN = {name: _pair(pair) for name, pair in map(str.split, _PAIRS.strip().splitlines())}
KNOWN |= {f"python3.{minor}": ("python", "python") for minor in range(4, 20)}
KNOWN |= {f"postgresql-{major}": ("postgresql", "postgresql") for major in range(9, 25)}
KNOWN |= {f"gcc-{major}": ("gnu", "gcc") for major in range(4, 25)}
"""Name of a source package → vendor and product."""

SYSTEMS = {
    "almalinux": ("almalinux", "almalinux"),
    "alpine": ("alpinelinux", "alpine_linux"),
    "amazon": ("amazon", "linux"),
    "amzn": ("amazon", "linux"),
    "arch": ("archlinux", "arch_linux"),
    "centos": ("centos", "centos"),
    "debian": ("debian", "debian_linux"),
    "fedora": ("fedoraproject", "fedora"),
    "ol": ("oracle", "linux"),
    "oracle": ("oracle", "linux"),
    "redhat": ("redhat", "enterprise_linux"),
    "rhel": ("redhat", "enterprise_linux"),
    "rocky": ("resf", "rocky_linux"),
    "ubuntu": ("canonical", "ubuntu_linux"),
}
"""Operating system, by its os-release ID or trivy's name → vendor and product."""
