"""Dart's pubspec.yaml, the manifest of a package, where no lock file lies beside it (dart.dev, "The pubspec file"). All DECLARED.

A version alone is one version, everything else a range. Packages of an SDK, of git and of folders are not pub.dev's.
"""

from collections.abc import Iterator

from pratique.errors import Malformed
from pratique.inventory.common.package_lists import File, FileCataloger, Found, ListSource
from pratique.inventory.common.pins import single_version
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, other_registry, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_PUBLIC = ("pub.dev", "pub.dartlang.org")
_NOT_PUB = ("sdk", "git", "path")


def _read(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if not clean(document.get("name")):
        raise Malformed("a pubspec without a name")
    if f"{file.folder}/pubspec.lock".lstrip("/") not in file.out.tree.entries:
        for section, scope in (("dependencies", ""), ("dev_dependencies", "dev")):
            for name, value in table_or_empty(document.get(section)).items():
                entry = table_or_empty(value)
                kind = next((key for key in _NOT_PUB if key in entry), "")
                asked = text_or_empty(value) or text_or_empty(entry.get("version"))
                hosted = entry.get("hosted")
                registry = other_registry(table_or_empty(hosted).get("url") or hosted, *_PUBLIC)
                git = entry.get("git")
                facts = {
                    "scope": scope,
                    "source": kind,
                    "resolved": clean_url(table_or_empty(git).get("url") or git) or clean_url(entry.get("path")),
                    "requirement": "" if single_version(asked) else asked,
                }
                version = single_version(asked)
                type_ = "generic" if kind else "pub"
                component = file.package(type_, name, version, qualifiers={"repository_url": registry}, facts=facts)
                if component is not None:
                    yield Found(component)
    unpublished = text_or_empty(document.get("publish_to")) == "none"
    own = file.package(
        "generic" if unpublished else "pub",
        text_or_empty(document["name"]),
        text_or_empty(document.get("version")),
        kind=ComponentKind.APPLICATION,
        description=clean(document.get("description")),
        homepage=clean(document.get("homepage")),
    )
    if own is not None:
        yield Found(own)


PUBSPEC = FileCataloger("dart-pubspec", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("pubspec.yaml",)))
