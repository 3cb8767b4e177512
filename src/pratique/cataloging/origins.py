"""Where a package comes from, and what its purl has to say of that (purl-spec, "Known qualifiers key/value pairs"). Pure.

A purl without qualifiers means the public registry of its type. What comes from a repository has a `vcs_url` (in the form of
SPDX 2.3 §7.7: `git+https://host/path@commit`), from another registry a `repository_url`, from an address a `download_url`; what
lies in a folder beside its lock file has no purl: nobody else could fetch it, and whoever owns its name in the registry did not
write it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, other_registry

_LOCAL = lazy(r"(?:file|link|portal|workspace|path|exec|raw\.file):(.*)", re.DOTALL)
_SCP = lazy(r"(?:[^/@:\s]+@)?([A-Za-z0-9][A-Za-z0-9.-]*\.[A-Za-z0-9-]+):(?!//)([^\s]+)")
_SHORT = lazy(r"(github|gitlab|bitbucket):([\w.-]+/[\w.-]+)")
_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "bitbucket": "bitbucket.org"}
_ARCHIVES = (
    lazy(r"https://codeload\.github\.com/([^/]+/[^/]+)/(?:legacy\.)?(?:tar\.gz|zip)/([0-9a-f]{40})/?"),
    lazy(r"https://github\.com/([^/]+/[^/]+)/(?:archive|tarball|zipball)/([0-9a-f]{40})(?:\.tar\.gz|\.zip|\.tgz)?/?"),
    lazy(r"https://api\.github\.com/repos/([^/]+/[^/]+)/(?:tar|zip)ball/([0-9a-f]{40})/?"),
)
_TRANSPORT = lazy(r"(git|hg|svn|bzr)\+(.*)", re.DOTALL)
_SCHEME = lazy(r"[A-Za-z][A-Za-z0-9+.-]*://")
_GIT = lazy(r"(?:git|ssh|git\+[a-z]+)://|https?://[^?#]*\.git(?:[/@?#]|$)")
_COMMIT = lazy(r"[0-9a-fA-F]{7,64}")
_DRIVE = lazy(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True)
class Origin:
    """`qualifiers`: for the purl. `local`: the folder or archive beside the lock file, None for what is not local; relative to
    what the lock file is relative to. `address`: for people, without a password."""

    qualifiers: Mapping[str, str] = field(default_factory=dict)
    local: str | None = None
    address: str = ""

    @property
    def is_public(self) -> bool:
        """Whether it is from the registry that its type means by itself, as far as is said."""
        return self.local is None and not self.qualifiers


PUBLIC = Origin()


def at_path(path: Any) -> Origin:
    """A folder or an archive of the project itself; PUBLIC for no path."""
    text = clean(path)
    return Origin(local=text, address=text) if text else PUBLIC


def at_repository(address: Any, commit: Any = "", *, tool: str = "git", folder: Any = "") -> Origin:
    """A repository of versions. `address`: also as `host:path`, `github:owner/name`, with a query or a fragment that names what
    was asked for. `commit`: what was checked out; "" when the address holds it. `folder`: in the repository.

    PUBLIC for no address; a repository in a folder of the project is local.
    """
    url, at, within = _repository(clean_url(address))
    if not url:
        return PUBLIC
    at, within = clean(commit, 100) or at, clean(folder, 300) or within
    if not _SCHEME.match(url) or url.startswith("file://"):
        return Origin(local=url.removeprefix("file://"), address=f"{tool}+{url}")
    text = f"{tool}+{url}{'@' + at if at else ''}"
    return Origin({"vcs_url": text + (f"#{within}" if within else "")}, address=text)


def at_registry(address: Any, *public: str) -> Origin:
    """A registry; PUBLIC for one of the hosts in `public`, or for no address at all. A folder of archives is local."""
    url = clean_url(address)
    if url and (not _SCHEME.match(url) or url.startswith("file://")):
        return Origin(local=url.removeprefix("file://"), address=url)
    other = other_registry(url, *public)
    return Origin({"repository_url": other}) if other else PUBLIC


def at_address(address: Any) -> Origin:
    """Whatever an address says by its form: a repository, an archive of a commit, a folder, an archive. PUBLIC for none."""
    url = clean_url(address)
    if not url:
        return PUBLIC
    local = _LOCAL.fullmatch(url)
    if local:
        path = local[1].removeprefix("//")
        return Origin(local=unquote(path.partition("#")[0].partition("::")[0]) or ".", address=url)
    for pattern in _ARCHIVES:
        archive = pattern.fullmatch(url.partition("#")[0])
        if archive:
            return at_repository(f"https://github.com/{archive[1].removesuffix('.git')}.git", archive[2])
    transport = _TRANSPORT.fullmatch(url)
    if transport:
        return at_repository(transport[2], tool=transport[1])
    if _SHORT.match(url) or _GIT.match(url) or "commit=" in url.partition("#")[2]:
        return at_repository(url)
    if _SCHEME.match(url):
        return Origin({"download_url": url.partition("#")[0]}, address=url) if url.startswith("http") else Origin(address=url)
    if url[0] in "./~\\" or _DRIVE.match(url):
        return Origin(local=url, address=url)
    if _SCP.fullmatch(url.partition("#")[0]):
        return at_repository(url)
    return Origin(local=url, address=url)


def _repository(url: str) -> tuple[str, str, str]:
    """Address, commit and folder inside, of an address as lock files write it: `https://host/a.git?rev=main#0123abc`."""
    base, _, fragment = url.partition("#")
    base, _, query = base.partition("?")
    pairs = dict(pair.partition("=")[::2] for pair in [*fragment.split("&"), *query.split("&")] if "=" in pair)
    commit = pairs.get("commit", "") or (fragment if fragment and "=" not in fragment else "")
    commit = commit or pairs.get("rev", "")
    at = base.rfind("@")
    if not commit and at > base.rfind("/"):
        base, commit = base[:at], base[at + 1 :]
    short, scp = _SHORT.fullmatch(base), _SCP.fullmatch(base)
    if short:
        base = f"https://{_HOSTS[short[1]]}/{short[2].removesuffix('.git')}.git"
    elif scp:
        base = f"ssh://{scp[1]}/{scp[2].lstrip('/')}"
    return base, commit.removeprefix("semver:"), pairs.get("subdirectory", "") or pairs.get("path", "")


def place_in(folder: str, path: str) -> str:
    """Where a local package lies in the artifact: `path` relative to the `folder` of the lock file; as written where that leads
    outside, is absolute, or names an SDK (`sdk:flutter`); "." for the root."""
    if path.startswith(("/", "~", "sdk:")) or _DRIVE.match(path):
        return path
    place = normpath(f"{folder}/{path}".lstrip("/").replace("\\", "/"))
    return path if place.startswith("..") else place
