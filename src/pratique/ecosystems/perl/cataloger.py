"""Perl distributions: what installers of CPAN leave (`.meta/NAME-VERSION/install.json`, `MYMETA.json`; `auto/**/.packlist`;
`perllocal.pod`), `META.json` of sources, and `cpanfile.snapshot` of Carton.

A `.packlist` names a main module and the files, but no version: the version stands in `perllocal.pod` or in `install.json`;
where it stands in none, the module's own `$VERSION` is read if it is a literal (perlmod; CPAN::Meta::Spec, version 2).
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import choice
from pratique.lexicon.parse import load_yaml, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Component, ComponentKind, Presence

_PACKLIST = lazy(r"(?:^|.*/)auto/(.+)/\.packlist")
_LOCAL = lazy(r"=head2 [^\n]*C<Module> L<([\w:]+)(?:\|[^>\n]*)?>(.*?)(?==head2|\Z)", 16)  # re.DOTALL
_LOCAL_VERSION = lazy(r"C<VERSION: ([^>\n]{1,60})>")
_SNAPSHOT = lazy(r"  (\S+?)-v?(\d[\w.]*(?:-TRIAL\d*)?)\n((?:    .*\n)*)")
_PATH = lazy(r"    pathname: [A-Z]/[A-Z-]{2}/([A-Z0-9-]+)/(?:.*/)?([^/\n]+)")
_META = lazy(r"(?:^|/)\.meta/([^/]+)/(?:install|MYMETA)\.json$")
_NAMES = {"perl_5": "Artistic-1.0-Perl OR GPL-1.0-or-later", "apache_2_0": "Apache-2.0", "artistic_2": "Artistic-2.0"}
_OLDER = {"perl": "perl_5", "apache": "apache_2_0", "gpl": "gpl_2", "lgpl": "lgpl_2_1", "mozilla": "mozilla_1_1"}
_NAMES |= {"bsd": "BSD-3-Clause", "freebsd": "BSD-2-Clause", "gpl_2": "GPL-2.0-only", "gpl_3": "GPL-3.0-only", "mit": "MIT"}
_NAMES |= {"lgpl_2_1": "LGPL-2.1-only", "lgpl_3_0": "LGPL-3.0-only", "mozilla_1_1": "MPL-1.1", "zlib": "Zlib"}


def _read_install(file: File) -> Iterator[Found]:
    """`install.json` of cpanminus: the distribution's name, version, author's path and modules."""
    document = read_json_object(file.data)
    path = text_or_empty(document.get("pathname"))
    author = path.split("/")[2] if path.count("/") >= 3 else ""
    dist = text_or_empty(document.get("dist"))
    name = dist.rpartition("-")[0] if dist.rpartition("-")[2][:2].strip("v").isdigit() else dist
    meta = file.out.tree.contents.get(f"{file.folder}/MYMETA.json")
    about = read_json_object(meta) if meta is not None else {}
    component = _dist(
        file,
        text_or_empty(about.get("name")) or name or text_or_empty(document.get("name")),
        document.get("version"),
        author,
        about,
    )
    if component is not None:
        modules = tuple(table_or_empty(document.get("provides")))
        yield Found(component, (*modules, text_or_empty(document.get("name"))), _requires(about))


def _read_mymeta(file: File) -> Iterator[Found]:
    if f"{file.folder}/install.json" in file.out.tree.contents:
        return
    yield from _read_meta(file)


def _read_meta(file: File) -> Iterator[Found]:
    if file.name.endswith(".yml") and f"{file.path[:-4]}.json" in file.out.tree.entries:
        return  # the same once more, in the older form
    document = table_or_empty(load_yaml(file.data)) if file.name.endswith(".yml") else read_json_object(file.data)
    if "meta-spec" not in document or not document.get("name"):
        if "name" in document and "abstract" in document:
            raise Malformed("metadata of CPAN without its specification's version")
        return  # many other things are called META.json
    component = _dist(file, text_or_empty(document["name"]), document.get("version"), "", document)
    if component is not None:
        yield Found(component, tuple(table_or_empty(document.get("provides"))), _requires(document))


def _dist(file: File, name: str, version: Any, author: str, about: Mapping[str, Any]) -> Component | None:
    stated = about.get("license")  # version 1 of the specification has one word where version 2 has a list
    words = [text_or_empty(one) for one in (stated if isinstance(stated, list) else [stated])]
    licences = [_NAMES.get(_OLDER.get(one, one), one) for one in words]
    authors = [text_or_empty(one) for one in list_or_empty(about.get("author"))[:10]]
    own = file.presence is Presence.DECLARED
    return file.package(
        "cpan",
        name.replace("::", "-"),
        text_or_empty(version).removeprefix("v") if not isinstance(version, str) else version,
        namespace=clean(author, 50),
        shown=name.replace("::", "-"),
        kind=ComponentKind.APPLICATION if own else ComponentKind.LIBRARY,
        licences=choice(one for one in licences if one not in ("unknown", "open_source", "unrestricted", "restricted")),
        supplier=clean(", ".join(authors)),
        description=clean(about.get("abstract")).removesuffix("unknown"),
    )


def _requires(about: Mapping[str, Any]) -> list[str] | None:
    """Modules; None where nothing tells them."""
    if "prereqs" not in about and "requires" not in about:
        return None
    runtime = table_or_empty(table_or_empty(about.get("prereqs")).get("runtime"))
    return list(table_or_empty(runtime.get("requires")) or table_or_empty(about.get("requires")))


def _read_packlist(file: File) -> Iterator[Found]:
    place = _PACKLIST.fullmatch(file.path)
    module = place[1].replace("/", "::") if place else ""
    listed = [line.split(" type=", 1)[0].strip() for line in file.text.split("\n") if line.startswith("/")]
    if _has_meta(file, module):
        return  # which tells more
    version = _versions(file).get(module, "") if module != "Perl" else ""
    component = _dist(file, "perl" if module == "Perl" else module, version, "", {})
    if component is not None:
        yield Found(component, (module,), claims=((path.lstrip("/"), "", "") for path in (*listed, file.path)))


def _has_meta(file: File, module: str) -> bool:
    """Whether the distribution of that name has a folder of metadata."""
    asked = file.out.tree.kept(("install.json", "MYMETA.json"))
    if not file.out.step(file.path, 1 + len(asked)):
        return False
    name = module.replace("::", "-")
    return any(match[1].rpartition("-")[0] == name for match in map(_META.search, asked) if match)


def _versions(file: File) -> dict[str, str]:
    """Module → version of each `perllocal.pod` that was kept; the last installation counts."""
    found: dict[str, str] = {}
    for path in file.out.tree.kept(("perllocal.pod",)):
        if not file.out.step(file.path):
            break
        found |= _perllocal(file.out.tree.contents[path])
    return found


@lru_cache(maxsize=2)
def _perllocal(data: bytes) -> Mapping[str, str]:
    # Each list of files asks for the same one.
    return read_perllocal(data.decode("utf-8", "replace"))


def read_perllocal(text: str) -> dict[str, str]:
    """Module → version, of the list of installations that ExtUtils::MakeMaker writes."""
    found: dict[str, str] = {}
    for entry in text.split("=head2 ")[1:]:
        match = _LOCAL.match(f"=head2 {entry}")
        version = _LOCAL_VERSION.search(match[2]) if match else None
        if match and version:
            found[match[1]] = clean(version[1], 60)
    return found


def _read_local(file: File) -> Iterator[Found]:
    """What is listed as installed and has no `.packlist` that tells it."""
    packed = {place[1].replace("/", "::") for path in file.out.tree.kept((".packlist",)) if (place := _PACKLIST.fullmatch(path))}
    for module, version in read_perllocal(file.text).items():
        component = _dist(file, module, version, "", {}) if module not in packed else None
        if component is not None:
            yield Found(component, (module,))


def _read_snapshot(file: File) -> Iterator[Found]:
    if not file.text.startswith("# carton snapshot format"):
        raise Malformed("not a snapshot of Carton")
    for match in _SNAPSHOT.finditer(file.text + "\n"):
        path = _PATH.search(match[3])
        sections: dict[str, list[str]] = {"provides": [], "requirements": []}
        section = ""
        for line in match[3].split("\n"):
            if line.startswith("      "):
                sections.get(section, []).append(line.split()[0])
            else:
                section = line.strip().rstrip(":")
        component = _dist(file, match[1], single_version(match[2]), path[1] if path else "", {})
        if component is not None:
            yield Found(component, tuple(sections["provides"]), sections["requirements"])


def _home(_path: str) -> str:
    """All that is installed below one root is each other's."""
    return ""


CPAN = FileCataloger(
    "cpan",
    1,
    ListSource(
        read=_read_install,
        presence=Presence.INSTALLED,
        names=("install.json",),
        accepts=lambda path: bool(_META.search(path)),
        scope=_home,
    ),
    ListSource(
        read=_read_mymeta,
        presence=Presence.INSTALLED,
        names=("MYMETA.json",),
        accepts=lambda path: bool(_META.search(path)),
        scope=_home,
    ),
    ListSource(
        read=_read_packlist,
        presence=Presence.INSTALLED,
        names=(".packlist",),
        accepts=lambda path: _PACKLIST.fullmatch(path) is not None,
        scope=_home,
    ),
    ListSource(read=_read_local, presence=Presence.INSTALLED, names=("perllocal.pod",), scope=_home),
    ListSource(read=_read_meta, presence=Presence.DECLARED, names=("META.json", "META.yml")),
    ListSource(read=_read_snapshot, presence=Presence.DECLARED, names=("cpanfile.snapshot",)),
)
