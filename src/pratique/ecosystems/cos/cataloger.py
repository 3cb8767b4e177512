"""Container-Optimized OS: `etc/cos-package-info.json`, the list of what the system was built of (COS documentation, "Package
info").

Packages are Gentoo's in name; their versions are those of the system's build, beside which stands the version of the ebuild.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

_PLACE = "etc/cos-package-info.json"


def _read(file: File) -> Iterator[Found]:
    listed = list_or_empty(read_json_object(file.data).get("installedPackages"))
    if not listed:
        raise Malformed("a list of Container-Optimized OS that names no package")
    for entry in map(table_or_empty, listed):
        category, name = clean(entry.get("category"), 100), text_or_empty(entry.get("name"))
        component = file.package(
            "cos",
            name,
            text_or_empty(entry.get("version")),
            namespace=category,
            shown=f"{category}/{name}" if category else name,
            facts={"ebuild-version": clean(entry.get("ebuild_version"), 100)},
        )
        if component is not None:
            yield Found(component)


COS = FileCataloger(
    "cos",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("cos-package-info.json",),
        accepts=lambda path: f"/{path}".endswith(f"/{_PLACE}"),
    ),
)
