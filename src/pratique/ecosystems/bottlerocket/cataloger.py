"""Bottlerocket: `usr/share/bottlerocket/application-inventory.json`, the packages that the system was built of.

They are rpm packages of the build; the system itself has no database of rpm.
"""

from collections.abc import Iterator

from pratique.cataloging.os_release import read_os_release
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

_PLACE = "usr/share/bottlerocket/application-inventory.json"


def _read(file: File) -> Iterator[Found]:
    listed = list_or_empty(read_json_object(file.data).get("Content"))
    if not listed:
        raise Malformed("a list of Bottlerocket that names no package")
    release = read_os_release(file.out.tree)
    distro = release.distro if release is not None else ""
    for entry in map(table_or_empty, listed):
        version, revision = clean(entry.get("Version"), 100), clean(entry.get("Release"), 100)
        epoch = clean(text_or_empty(entry.get("Epoch")), 10)
        component = file.package(
            "rpm",
            text_or_empty(entry.get("Name")),
            f"{version}-{revision}" if version and revision else version,
            namespace="bottlerocket",
            qualifiers={"arch": clean(entry.get("Architecture"), 50), "epoch": "" if epoch == "0" else epoch, "distro": distro},
            supplier=clean(entry.get("Publisher")),
            description=clean(entry.get("Summary")),
            homepage=clean(entry.get("Url")),
        )
        if component is not None:
            yield Found(component)


BOTTLEROCKET = FileCataloger(
    "bottlerocket",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("application-inventory.json",),
        accepts=lambda path: f"/{path}".endswith(f"/{_PLACE}"),
    ),
)
