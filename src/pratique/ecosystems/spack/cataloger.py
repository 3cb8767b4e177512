"""Spack: `.spack/spec.json` in the prefix of each installed package (Spack documentation, "Package provenance").

The first node is the package itself, the others what it was built with: these have prefixes of their own where they are
installed.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence


def _read(file: File) -> Iterator[Found]:
    nodes = list_or_empty(table_or_empty(read_json_object(file.data).get("spec")).get("nodes"))
    node = table_or_empty(nodes[0]) if nodes else {}
    if not node:
        raise Malformed("a description of Spack that names no package")
    arch = table_or_empty(node.get("arch"))
    target = arch.get("target")
    digest = clean(node.get("hash"), 40)
    component = file.package(
        "spack",
        text_or_empty(node.get("name")),
        text_or_empty(node.get("version")),
        qualifiers={
            "arch": clean(table_or_empty(target).get("name") or target, 50),
            "platform": clean(arch.get("platform"), 50),
            "hash": digest,
        },
        facts={"namespace": clean(node.get("namespace"), 100), "os": clean(arch.get("platform_os"), 50)},
    )
    if component is not None:
        needs = [clean(table_or_empty(one).get("hash"), 40) for one in list_or_empty(node.get("dependencies"))]
        yield Found(component, (digest,), needs, folders=(folder_of(file.folder),))


SPACK = FileCataloger(
    "spack",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("spec.json",),
        accepts=lambda path: path.endswith("/.spack/spec.json"),
        scope=lambda _path: "",
    ),
)
