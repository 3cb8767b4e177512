"""R packages: DESCRIPTION of installed ones (those that say how they were built; R-exts §1.1.1), and renv.lock."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.deb822 import read_fields, read_relations
from pratique.cataloging.origins import Origin, at_address, at_registry, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import choice
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

_PUBLIC = ("CRAN", "RSPM", "P3M")
_HOSTS = ("cran.r-project.org", "cloud.r-project.org", "cran.rstudio.com", "packagemanager.posit.co/cran/latest")
_BASE = frozenset(
    "R base compiler datasets grDevices graphics grid methods parallel splines stats stats4 tcltk tools utils".split()
)
"""What comes with R itself, and in no lock file."""
_NEEDS = ("depends", "imports", "linkingto")
_FILE = lazy(r"\s*\+?\s*file LICEN[CS]E\b")
_LATER = lazy(r"(A?GPL|LGPL)[\s-]*\(?>=?\s*(\d(?:\.\d)?)\)?")


def _read_installed(file: File) -> Iterator[Found]:
    fields = read_fields(file.text)
    if "package" not in fields:
        return  # many other things are called DESCRIPTION
    if "built" not in fields:
        return  # the source of a package: what it becomes is not there yet
    component = file.package(
        "cran",
        fields["package"],
        fields.get("version"),
        licences=choice(_licences(fields.get("license", ""))),
        supplier=clean(fields.get("maintainer", "")),
        description=clean(fields.get("title", "")),
        homepage=clean(re.split(r"[\s,]", fields.get("url", "").strip(), maxsplit=1)[0]),
        facts={"repository": clean(fields.get("repository", ""), 100), "built": clean(fields.get("built", ""), 200)},
    )
    if component is not None:
        listed = [name for field in _NEEDS for group in read_relations(fields.get(field, "")) for name, _ in group]
        needs = [name for name in listed if name not in _BASE]
        yield Found(component, (component.name,), needs, folders=(file.folder,))


def _licences(text: str) -> list[str]:
    """`GPL (>= 2) | MIT + file LICENSE`: alternatives between bars; a file that adds to a licence is not another one."""
    names = (_LATER.sub(r"\1-\2+", _FILE.sub("", part)).strip() for part in text.split("|"))
    return [name for name in names if name]


def _read_renv(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    listed = map(table_or_empty, list_or_empty(table_or_empty(document.get("R")).get("Repositories")))
    repositories = {text_or_empty(one.get("Name")): text_or_empty(one.get("URL")) for one in listed}
    for key, value in table_or_empty(document.get("Packages")).items():
        entry = table_or_empty(value)
        commit, user = clean(entry.get("RemoteSha"), 100), clean(entry.get("RemoteUsername"), 100)
        place = "/".join(filter(None, (clean(entry.get("RemoteHost"), 200), user, clean(entry.get("RemoteRepo"), 200))))
        facts = {
            "repository": clean_url(entry.get("Repository")),
            "resolved": clean_url(f"https://{place}@{commit}") if user and commit else clean_url(entry.get("RemoteUrl")),
        }
        name = text_or_empty(entry.get("Package")) or key
        origin = _origin(entry, repositories)
        component = file.package("cran", name, text_or_empty(entry.get("Version")), origin=origin, facts=facts)
        if component is not None:
            listed_needs = list_or_empty(entry["Requirements"]) if "Requirements" in entry else None
            needs = None if listed_needs is None else [one for one in map(text_or_empty, listed_needs) if one not in _BASE]
            yield Found(component, (name,), needs)


def _origin(entry: Mapping[str, Any], repositories: Mapping[str, str]) -> Origin:
    """From a repository of packages (CRAN by that name, others by their address), from git, or a folder."""
    commit, host = entry.get("RemoteSha"), clean(entry.get("RemoteHost"), 200)
    if entry.get("RemoteUrl") and entry.get("Source") != "Repository":
        address = text_or_empty(entry["RemoteUrl"])
        return at_address(f"{address.partition('#')[0]}#commit={text_or_empty(commit)}" if commit else address)
    if entry.get("RemoteUsername") and entry.get("RemoteRepo") and commit:
        place = (
            f"{host.removeprefix('api.') or 'github.com'}/{clean(entry['RemoteUsername'], 100)}/{clean(entry['RemoteRepo'], 200)}"
        )
        return at_repository(f"https://{place}", commit, folder=entry.get("RemoteSubdir"))
    name = text_or_empty(entry.get("Repository"))
    return at_registry("" if name in _PUBLIC else name if "://" in name else repositories.get(name, ""), *_HOSTS)


CRAN = FileCataloger(
    "cran",
    1,
    ListSource(
        read=_read_installed,
        presence=Presence.INSTALLED,
        names=("DESCRIPTION",),
        # All packages of an installation, in whichever library they lie, are each other's.
        scope=lambda path: folder_of(folder_of(folder_of(path))),
    ),
    ListSource(read=_read_renv, presence=Presence.DECLARED, names=("renv.lock",)),
)
