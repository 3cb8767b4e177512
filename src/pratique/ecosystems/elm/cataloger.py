"""Elm: elm.json of an application, which names every package at one version (Elm, docs/elm.json/application.md).

That of a package has ranges: no versions. Elm's packages come from GitHub under the name that they have there.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import Presence


def _read(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    if document.get("type") not in ("application", "package"):
        raise Malformed("not an elm.json")
    for section, scope in (("dependencies", ""), ("test-dependencies", "dev")):
        listed = table_or_empty(document.get(section))
        tables = (
            [table_or_empty(listed.get(key)) for key in ("direct", "indirect")] if document["type"] == "application" else [listed]
        )
        for name, value in ((name, value) for table in tables for name, value in table.items()):
            asked = text_or_empty(value)
            author, _, short = name.rpartition("/")
            version = single_version(asked)
            facts = {"scope": scope, "requirement": "" if version else asked}
            component = file.package("github", short, version, namespace=author, shown=name, facts=facts)
            if component is not None:
                yield Found(component)


ELM = FileCataloger("elm", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("elm.json",)))
