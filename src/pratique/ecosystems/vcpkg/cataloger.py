"""vcpkg: the status file of an installation, the SPDX document that it writes for each port, and manifests of projects.

`installed/vcpkg/status` is a file of paragraphs as dpkg's is (vcpkg documentation, "Installed directory"); where an image has
only what was copied out of it, `share/NAME/vcpkg.spdx.json` tells the port. `vcpkg.json` asks for ports, with lower bounds and
overrides.
"""

from collections.abc import Iterator

from pratique.cataloging.deb822 import read_fields
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import load_jsonc, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_STATUS = "vcpkg/status"
_DOCUMENT = "vcpkg.spdx.json"
_VERSIONS = ("version", "version-semver", "version-date", "version-string")


def _read_status(file: File) -> Iterator[Found]:
    # Of equal ports the last paragraph counts: installing and removing appends.
    last: dict[tuple[str, str, str], dict[str, str]] = {}
    for paragraph in file.text.split("\n\n"):
        fields = read_fields(paragraph)
        if "package" in fields:
            last[fields["package"], fields.get("architecture", ""), fields.get("feature", "")] = dict(fields)
    for (name, triplet, feature), fields in last.items():
        if feature or not fields.get("status", "").endswith(" installed"):
            continue
        revision = clean(fields.get("port-version", ""), 20)
        component = file.package(
            "vcpkg",
            name,
            fields.get("version", ""),
            qualifiers={"triplet": clean(triplet, 100), "port_version": revision if revision != "0" else ""},
            description=clean(fields.get("description", "")),
        )
        if component is not None:
            needs = [need.partition(":")[0].strip() for need in fields.get("depends", "").split(",") if need.strip()]
            yield Found(component, (f"{name}:{triplet}",), [f"{need}:{triplet}" for need in needs])


def _read_document(file: File) -> Iterator[Found]:
    """The first package is the port; those after it are what was built of it and what it was built from."""
    packages = list_or_empty(read_json_object(file.data).get("packages"))
    port = next((one for one in map(table_or_empty, packages) if one.get("SPDXID") == "SPDXRef-port"), None)
    if port is None:
        raise Malformed("no document of vcpkg: it describes no port")
    triplet = next((one for one in map(table_or_empty, packages) if one.get("SPDXID") == "SPDXRef-binary"), {})
    version, _, revision = text_or_empty(port.get("versionInfo")).partition("#")
    licence = normalise(text_or_empty(port.get("licenseConcluded")).replace("NOASSERTION", ""))
    component = file.package(
        "vcpkg",
        text_or_empty(port.get("name")),
        version,
        qualifiers={"triplet": _triplet(text_or_empty(triplet.get("name"))), "port_version": revision},
        licences=(licence,) if licence else (),
        description=clean(port.get("description")),
        homepage=clean(port.get("homepage")),
    )
    if component is not None:
        yield Found(component, folders=(file.folder,))


def _triplet(name: str) -> str:
    """Of `zlib:x64-linux` what follows the colon."""
    return clean(name.partition(":")[2], 100)


def _read_manifest(file: File) -> Iterator[Found]:
    document = table_or_empty(load_jsonc(file.data))
    if not {"name", "dependencies", "builtin-baseline", "overrides", "features", *_VERSIONS}.intersection(document):
        raise Malformed("not a manifest of vcpkg")
    pins = {
        text_or_empty(one.get("name")): next((text_or_empty(one[key]) for key in _VERSIONS if key in one), "")
        for one in map(table_or_empty, list_or_empty(document.get("overrides")))
    }
    asked: list[str] = []
    for value in list_or_empty(document.get("dependencies")):
        entry = table_or_empty(value) or {"name": value}
        name = text_or_empty(entry.get("name"))
        version, _, revision = pins.get(name, "").partition("#")
        least = text_or_empty(entry.get("version>="))
        component = file.package(
            "vcpkg",
            name,
            single_version(version),
            qualifiers={"port_version": revision},
            facts={
                "requirement": f">={least}" if least and not version else "",
                "scope": "build" if entry.get("host") is True else "",
            },
        )
        if component is not None:
            asked.append(name)
            yield Found(component, (name,))
    if document.get("name"):
        version = next((text_or_empty(document[key]) for key in _VERSIONS if key in document), "")
        # A project that uses vcpkg is no port of its registry.
        own = file.package("generic", text_or_empty(document["name"]), version, kind=ComponentKind.APPLICATION)
        if own is not None:
            yield Found(own, (), asked)


VCPKG = FileCataloger(
    "vcpkg",
    1,
    ListSource(
        read=_read_status,
        presence=Presence.INSTALLED,
        names=("status",),
        accepts=lambda path: f"/{path}".endswith(f"/{_STATUS}"),
    ),
    ListSource(
        read=_read_document,
        presence=Presence.INSTALLED,
        names=(_DOCUMENT,),
        accepts=lambda path: folder_of(folder_of(path)).endswith("share"),
    ),
    ListSource(read=_read_manifest, presence=Presence.DECLARED, names=("vcpkg.json",)),
)
