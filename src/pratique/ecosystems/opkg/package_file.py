"""An `.ipk` (opkg): a gzip'd tar or an ar archive that holds what a `.deb` does; its control file as opkg has it. Pure."""

from collections.abc import Mapping

from pratique.cataloging.deb822 import read_stanzas
from pratique.cataloging.package_file import PackageFile, one_line

_PLACE = "usr/lib/opkg/status"


def read_ipk(control: Mapping[str, bytes], member: str) -> PackageFile | None:
    """`control`: what `control.tar` holds, by path. `member`: its name in the `.ipk`. None without a control file."""
    stanza = control.get("control")
    if stanza is None:
        return None
    # Only the first paragraph: a second one would be a second package.
    text = stanza.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")[0]
    contents = {_PLACE: text.rstrip(b"\n") + b"\nStatus: install ok installed\n"}
    fields = next(read_stanzas(text.decode("utf-8", "replace")), {})
    needs = (one_line(fields["depends"]),) if fields.get("depends") else ()
    return PackageFile(
        kind="opkg package", identity=_PLACE, origin=f"{member}!control", contents=contents, needs=needs, family="opkg"
    )
