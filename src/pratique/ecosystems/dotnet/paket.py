"""Paket: paket.lock, and paket.dependencies where no lock file lies beside it (Paket documentation, "The paket.lock file").

A lock file has groups, in them sources, in these packages with what they need. Only sources of nuget.org are NuGet's registry.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.values import clean_url, other_registry
from pratique.model import Presence

_PACKAGE = lazy(r"( {4}| {6})([^\s()]{1,200}) ?(?:\(([^()]{0,200})\))?(?: .*)?")
_PUBLIC = ("api.nuget.org/v3/index.json", "www.nuget.org/api/v2", "nuget.org/api/v2")
_REPOSITORIES = ("GITHUB", "GIT", "GIST", "HTTP", "BITBUCKET")


def _read_lock(file: File) -> Iterator[Found]:
    group, kind, remote = "", "", ""
    packages: list[tuple[str, str, str, str, str, list[str]]] = []
    for line in file.text.split("\n"):
        if line and not line.startswith(" "):
            words = line.split()
            group, kind = (" ".join(words[1:]), "") if words[0] == "GROUP" else (group, words[0].rstrip(":"))
            continue
        if line.startswith("  remote:"):
            remote = line.partition(":")[2].strip()
            continue
        match = _PACKAGE.fullmatch(line.rstrip())
        if match is None or kind not in ("NUGET", *_REPOSITORIES):
            continue
        if len(match[1]) == 4:
            packages.append((group, kind, remote, match[2], match[3] or "", []))
        elif packages:
            packages[-1][5].append(match[2].lower())
    for group, kind, remote, name, version, needs in packages:
        scope = "dev" if group.lower() in ("test", "tests", "build") else ""
        facts = {"group": group, "scope": scope}
        if kind == "NUGET":
            registry = other_registry(remote, *_PUBLIC)
            component = file.package("nuget", name, version, qualifiers={"repository_url": registry}, facts=facts)
        else:
            # A single file of a repository, at a commit.
            facts["resolved"] = clean_url(remote)
            component = file.package("generic", remote.rpartition("/")[2] or name, version, subpath=name, facts=facts)
        if component is not None:
            yield Found(component, (f"{group}\n{name.lower()}",), [f"{group}\n{need}" for need in needs])


def _read_dependencies(file: File) -> Iterator[Found]:
    if f"{file.folder}/paket.lock".lstrip("/") in file.out.tree.entries:
        return
    for line in file.text.split("\n"):
        words = line.split()
        if len(words) < 2 or words[0].lower() != "nuget":
            continue
        asked = (
            " ".join(words[2:4])
            if len(words) > 2 and words[2] in ("=", "==", ">=", "~>", "<", "<=", ">")
            else "".join(words[2:3])
        )
        version = (
            single_version(asked.removeprefix("==").removeprefix("=").strip()) if not asked.startswith((">", "<", "~")) else ""
        )
        component = file.package("nuget", words[1], version, facts={"requirement": "" if version else asked})
        if component is not None:
            yield Found(component)


PAKET = FileCataloger(
    "paket",
    1,
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("paket.lock",)),
    ListSource(read=_read_dependencies, presence=Presence.DECLARED, names=("paket.dependencies",)),
)
