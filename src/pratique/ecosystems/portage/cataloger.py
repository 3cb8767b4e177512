"""Gentoo packages: `var/db/pkg/CATEGORY/NAME-VERSION/`, a folder of small files (Package Manager Specification, chapter 14).

`CONTENTS` lists the package's files with MD5 digests and links with their targets. Licences are Gentoo's names, `||` between
what may be chosen; USE conditions were evaluated when the package was built.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import LINK, Catalogued, Collector
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Edges, Tree

_BASE = "var/db/pkg/"
_FILES = frozenset({"CONTENTS", "PF", "LICENSE", "DESCRIPTION", "HOMEPAGE", "SLOT", "RDEPEND", "USE", "repository"})
_FULL = lazy(r"(.+?)-(\d[\w.]*(?:-r\d+)?)")
_ATOM = lazy(r"[!<>=~]*([A-Za-z0-9][\w.+-]*/[A-Za-z0-9][\w+-]*?)(?:-\d[\w.]*(?:-r\d+)?\*?)?(?:[:\[].*)?")
_OWN = frozenset({"gentoo", ""})


class PortageCataloger:
    """See the module."""

    name = "portage"
    version = 1
    interest = Interest(prefixes=(_BASE,))
    probes = ()

    def keeps(self, path: str) -> bool:
        """The files of a package's folder that are read."""
        return path.count("/") == 5 and path[path.rfind("/") + 1 :] in _FILES

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each folder; it owns what it lists."""
        out = Collector(tree)
        folders = sorted({path.rpartition("/")[0] for path in tree.contents if path.startswith(_BASE) and self.keeps(path)})
        found = [component for folder in folders if (component := _component(out, folder)) is not None]
        by_name: dict[str, list[str]] = {}
        for one in found:
            by_name.setdefault(one.name, []).append(one.ref)
        for one in found:
            folder = one.evidence[0].rpartition("/")[0]
            refs: set[str] = set()
            edges = Edges.COMPLETE  # the file is there where there is anything to say
            for name in _atoms(out.text(f"{folder}/RDEPEND") or ""):
                if name not in by_name or not out.step(folder):
                    edges = Edges.INCOMPLETE
                    continue
                refs.update(by_name[name][:8])
            if not out.component(replace(one, depends=tuple(sorted(refs - {one.ref})), edges=edges)):
                break
            _claim(out, folder, one.ref)
        return out.result()


def _component(out: Collector, folder: str) -> Component | None:
    category, _, name_and_version = folder.removeprefix(_BASE).partition("/")
    match = _FULL.fullmatch(clean(_line(out, folder, "PF"), 250) or name_and_version)
    if match is None:
        out.unread(folder, "a package of Portage without a version")
        return None
    repository, slot = _line(out, folder, "repository"), _line(out, folder, "SLOT")
    own = repository in _OWN
    qualifiers = {"slot": "" if slot in ("", "0", "0/0") else slot, "repository": "" if own else repository}
    purl = build_purl("portage", match[1], match[2], namespace=category, qualifiers=qualifiers)
    present = [name for name in ("PF", "CONTENTS", "DESCRIPTION") if f"{folder}/{name}" in out.tree.contents]
    path = f"{folder}/{present[0] if present else 'SLOT'}"
    return Component(
        ref=purl,
        purl=purl,
        type="portage",
        name=f"{category}/{match[1]}",
        version=match[2],
        licences=read_licence(_line(out, folder, "LICENSE")),
        description=clean(_line(out, folder, "DESCRIPTION")),
        homepage=clean(_line(out, folder, "HOMEPAGE").partition(" ")[0]),
        evidence=(path,),
        layer=out.layer_of(path),
        facts={key: value for key, value in (("use", _line(out, folder, "USE")), ("repository", repository)) if value},
    )


def _line(out: Collector, folder: str, name: str) -> str:
    return clean((out.text(f"{folder}/{name}") or "")[:10_000])


def read_licence(text: str) -> tuple[str, ...]:
    """`GPL-2 || ( MIT BSD )` → (`GPL-2.0-only`, `MIT OR BSD-…`), sorted: all of them hold, of what stands in a choice one."""
    expressions: list[str] = []
    words = text.replace("(", " ( ").replace(")", " ) ").split()
    group: list[str] | None = None
    for word in words[:200]:
        if word == "||":
            group = []
        elif word == ")" and group is not None:
            names = [name for name in map(normalise, group) if name]
            expressions.append(" OR ".join(names))
            group = None
        elif word not in ("(", ")") and not word.endswith("?"):
            if group is not None:
                group.append(_gentoo(word))
            else:
                expressions.append(normalise(_gentoo(word)))
    return tuple(sorted({one for one in expressions if one}))


def _gentoo(name: str) -> str:
    """Gentoo writes `GPL-2` for that version only, `GPL-2+` for later ones, too."""
    return {"BSD": "BSD-3-Clause", "BSD-2": "BSD-2-Clause", "public-domain": "LicenseRef-public-domain"}.get(name, name)


def _atoms(text: str) -> Iterator[str]:
    """Names of packages, of a choice all; those that must not be there are left out."""
    for word in text.split()[:10_000]:
        match = _ATOM.fullmatch(word[:300])
        if match and not word.startswith("!"):
            yield match[1]


def _claim(out: Collector, folder: str, ref: str) -> None:
    for path, algorithm, digest in read_contents(out.text(f"{folder}/CONTENTS") or ""):
        if not out.claim(path, ref, algorithm, digest):
            return
    for name in sorted(_FILES):
        if f"{folder}/{name}" in out.tree.entries:
            out.claim(f"{folder}/{name}", ref)


def read_contents(text: str) -> Iterable[tuple[str, str, str]]:
    """(path, algorithm, digest) of `obj PATH MD5 TIME` and `sym PATH -> TARGET TIME`; names may hold blanks."""
    for line in text.split("\n"):
        kind, _, rest = line.partition(" ")
        if kind == "obj" and rest.startswith("/"):
            path, _, digest = rest.rpartition(" ")[0].rpartition(" ")
            if len(digest) == 32:
                yield path[1:], "md5", digest
        elif kind == "sym" and rest.startswith("/"):
            path, arrow, target = rest.rpartition(" ")[0].partition(" -> ")
            if arrow:
                yield path[1:], LINK, target
