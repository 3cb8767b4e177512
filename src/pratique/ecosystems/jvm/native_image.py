"""What GraalVM writes down of a native image (GraalVM, «Embed a Software Bill of Materials»): CycloneDX in the program itself.

It is found where the program was opened, see `inventory/packed/native_image.py`. What it names was compiled into the program.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.licences import choice
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.purl_read import parse_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

SBOM = "graalvm-sbom"
"""What it is called in the tree of the program: no cataloger of documents takes it for one that somebody put there."""


def _read(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    if document.get("bomFormat") != "CycloneDX":
        raise Malformed("no bill of materials of a native image")
    needs = {
        text_or_empty(row.get("ref")): [text_or_empty(one) for one in list_or_empty(row.get("dependsOn"))]
        for row in map(table_or_empty, list_or_empty(document.get("dependencies")))
    }
    for one in map(table_or_empty, list_or_empty(document.get("components"))):
        group, name, version = (clean(one.get(field), 300) for field in ("group", "name", "version"))
        purl = text_or_empty(one.get("purl"))
        try:
            stated = parse_purl(purl) if purl else None
        except Malformed as error:
            file.unread(error.message)
            stated = None
        licences = (table_or_empty(table_or_empty(row).get("license")) for row in list_or_empty(one.get("licenses")))
        component = file.package(
            stated.type if stated is not None else "maven",
            stated.name if stated is not None else name,
            stated.version if stated is not None else version,
            namespace=stated.namespace if stated is not None else group,
            shown=f"{group}:{name}" if group else name,
            licences=choice(text_or_empty(row.get("id") or row.get("name")) for row in licences),
        )
        if component is not None:
            ref = text_or_empty(one.get("bom-ref")) or purl
            yield Found(component, (ref,), needs.get(ref, ()))


NATIVE_IMAGE = FileCataloger(
    "java-native", 1, ListSource(read=_read, presence=Presence.EMBEDDED, names=(SBOM,), accepts=lambda path: path == SBOM)
)
