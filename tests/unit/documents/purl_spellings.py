"""Package URLs as several tools spell them, for all who must know one package again: checks, comparisons and mergers."""

SPELLINGS = [
    ("pkg:npm/%40scope/a@1", "pkg:npm/@scope/a@1"),
    (
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/libc6@2.36-9+deb12u1?distro=debian-12.15",
    ),
    ("pkg:rpm/redhat/bash@5.1-2?arch=x86_64&epoch=1", "pkg:rpm/rhel/bash@1:5.1-2?arch=x86_64"),
    ("pkg:rpm/redhat/bash@5.1-2?arch=x86_64&epoch=0&distro=rhel-9.4", "pkg:rpm/redhat/bash@5.1-2?distro=redhat-9.4&arch=x86_64"),
    ("pkg:rpm/amzn/bash@5.1-2?distro=amzn-2", "pkg:rpm/amazon/bash@5.1-2?distro=amazon-2%20%28Karoo%29"),
    ("pkg:deb/debian/x@1:2-3?arch=amd64", "pkg:deb/debian/x@2-3?epoch=1&arch=amd64"),
    ("pkg:deb/debian/x@1?arch=amd64&upstream=y", "pkg:deb/debian/x@1?upstream=z&arch=amd64&distro=debian"),
    ("pkg:apk/alpine/busybox@1.37-r1?distro=alpine-3.21.3", "pkg:apk/alpine/busybox@1.37-r1?arch=x86_64&distro=alpine-3.21"),
    ("pkg:pypi/my-package@1", "pkg:pypi/My_Package@1"),
    ("pkg:golang/github.com/burntsushi/toml@v1.0.0", "pkg:golang/github.com/BurntSushi/toml@1.0.0"),
    ("pkg:golang/github.com/a/b@v2.0.0%2Bincompatible#x/Y", "pkg:golang/github.com/a/b@2.0.0#x/y"),
    ("pkg:maven/a/b@1?type=jar", "pkg:maven/a/b@1"),
    ("pkg:maven/a/b@1?classifier=sources&type=jar", "pkg:maven/a/b@1?type=jar&classifier=sources"),
    ("pkg:npm/a@1?repository_url=https%3A%2F%2Fregistry.npmjs.org%2F", "pkg:npm/a@1"),
    ("pkg:gem/a@1?platform=ruby", "pkg:gem/a@1"),
    ("pkg:github/actions/checkout@v4", "pkg:github/Actions/Checkout@v4"),
    (
        f"pkg:oci/app@sha256:{'a' * 64}?arch=amd64&repository_url=x.org/app&tag=1",
        f"pkg:oci/app@sha256%3A{'a' * 64}?repository_url=index.docker.io/library/app",
    ),
    ("not a purl", "not a purl"),
]
"""One package in two spellings."""

APART = [
    ("pkg:npm/a@1", "pkg:npm/a@2"),
    ("pkg:npm/a@1", "pkg:npm/b@1"),
    ("pkg:npm/%40x/a@1", "pkg:npm/a@1"),
    ("pkg:deb/debian/a@1:1", "pkg:deb/debian/a@1"),
    ("pkg:deb/debian/a@1", "pkg:deb/ubuntu/a@1"),
    ("pkg:golang/x.org/a@1#b", "pkg:golang/x.org/a@1#c"),
    ("nonsense", "pkg:npm/a@1"),
]
"""Two packages, or two versions of one."""

APART_BY_QUALIFIERS = [
    ("pkg:deb/debian/a@1?arch=amd64", "pkg:deb/debian/a@1?arch=arm64"),
    ("pkg:deb/debian/a@1?distro=debian-12", "pkg:deb/debian/a@1?distro=debian-11.9"),
    ("pkg:deb/debian/a@1?distro=debian-1", "pkg:deb/debian/a@1?distro=debian-12"),
    ("pkg:maven/a/b@1?classifier=sources", "pkg:maven/a/b@1"),
    ("pkg:npm/a@1?repository_url=https://npm.example.org", "pkg:npm/a@1"),
    ("pkg:conda/a@1?subdir=linux-64&build=1", "pkg:conda/a@1?subdir=win-64"),
    ("pkg:pypi/a@1?arch=x", "pkg:pypi/a@1"),
]
"""Two things of one package in one version, which are built otherwise or come from elsewhere."""
