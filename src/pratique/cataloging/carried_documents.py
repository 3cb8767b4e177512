"""Bills of materials in Java archives, `META-INF/sbom` (Spring Boot, "SBOM"): noted by the probe that reads the archive anyway.
Pure.
"""

import json
from collections.abc import Iterator

from pratique.model import Tree

JAVA_ARCHIVE = "java-archive"
"""The probe, whose facts are a list of archives, each with the index of the one it is `in` and its `name` there."""
DOCUMENTS = "documents"


def carried_documents(tree: Tree) -> Iterator[tuple[str, str, bytes]]:
    """(path of the file, the document as seen from outside: `app.jar!META-INF/sbom/application.cdx.json`, its content)."""
    for path in sorted(path for path, facts in tree.facts.items() if JAVA_ARCHIVE in facts):
        data = tree.facts[path][JAVA_ARCHIVE]
        if f'"{DOCUMENTS}":'.encode() not in data:
            continue
        places: list[str] = []
        for index, archive in enumerate(json.loads(data)):
            places.append(f"{places[archive['in']]}!{archive['name']}" if index else path)
            for inner, text in archive.get(DOCUMENTS, ()):
                yield path, f"{places[-1]}!{inner}", text.encode()
