"""Which digests besides SHA-256 are taken of a file, so that it can be held against what its package says of it. Pure.

dpkg states MD5, apk SHA-1; rpm, pacman and wheels state SHA-256. MD5 costs more than all else that is done to a file, so it is
taken only where a package manager may own the file, and of a system whose family is known, only what that family states; of
one that shows marks of several, what any of those does.
The choice depends on nothing but the order of the files: the same layer, the same digests.
"""

DIGESTS_VERSION = 4

_BOTH = ("md5", "sha1")
_FAMILIES = (
    (("etc/apt/", "etc/debian_version", "etc/dpkg/", "var/lib/dpkg/"), ("md5",)),
    (("etc/alpine-release", "etc/apk/", "lib/apk/", "usr/lib/apk/"), ("sha1",)),
    (
        ("etc/dnf/", "etc/redhat-release", "etc/rpm/", "etc/yum.repos.d/", "etc/zypp/", "usr/lib/sysimage/rpm/", "var/lib/rpm/"),
        (),
    ),
    (("etc/arch-release", "usr/lib/opkg/", "var/lib/pacman/"), ()),
)
_HINTS = tuple(hint for hints, _ in _FAMILIES for hint in hints)
_WITH_HINTS = frozenset(hint[: hint.rfind("/") + 1] for hint in _HINTS if not hint.endswith("/"))
_FOREIGN = ("app/", "home/", "nix/", "opt/", "root/", "run/", "srv/", "tmp/", "usr/local/", "usr/src/", "var/cache/", "var/www/")


class PackageDigests:
    """Algorithms for each path of one layer or folder, in their order."""

    def __init__(self) -> None:
        self._algorithms: tuple[str, ...] = _BOTH
        self._families: set[tuple[str, ...]] = set()
        self._folder: str | None = None
        self._found: tuple[str, ...] = ()

    def __call__(self, path: str) -> tuple[str, ...]:
        """Algorithms of hashlib, besides SHA-256."""
        folder = path[: path.rfind("/") + 1]
        if folder == self._folder and folder not in _WITH_HINTS:
            return self._found  # files of one folder stand together, and where no mark can be they share the answer
        if path.startswith(_HINTS):
            self._learn(path)
        self._folder, self._found = folder, self._choose(path)
        return self._found

    def _choose(self, path: str) -> tuple[str, ...]:
        if not self._algorithms or path.startswith(_FOREIGN) or "/" not in path:
            return ()
        # A tree of Node packages is never a distribution's outside /usr.
        if "node_modules/" in path and not path.startswith("usr/"):
            return ()
        return self._algorithms

    def _learn(self, path: str) -> None:
        self._families.add(next(algorithms for hints, algorithms in _FAMILIES if path.startswith(hints)))
        self._algorithms = tuple(name for name in _BOTH if any(name in family for family in self._families))


class WithSha1(PackageDigests):
    """SHA-1 of every file besides: SPDX 2.3 demands it of each that it lists (§8.4). What states a SHA-1 can then be checked
    also where nobody looks for it otherwise.
    """

    def __call__(self, path: str) -> tuple[str, ...]:
        """Algorithms of hashlib, besides SHA-256."""
        found = super().__call__(path)
        return found if "sha1" in found else (*found, "sha1")
