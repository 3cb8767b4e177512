"""A `.deb` (deb(5)) as distroless images have its package: control file and MD5s in `status.d`. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.deb822 import read_stanzas
from pratique.cataloging.package_file import PackageFile, one_line
from pratique.ecosystems.dpkg.places import INFO

_PLACE = "var/lib/dpkg/status.d/package"


def read_deb(control: Mapping[str, bytes], member: str, paths: Iterable[str]) -> PackageFile | None:
    """`control`: what `control.tar` holds, by path. `member`: its name in the `.deb`. `paths`: all that `data.tar` holds.

    None without a control file.
    """
    stanza = control.get("control")
    if stanza is None:
        return None
    # Only the first paragraph: a second one would be a second package.
    text = stanza.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")[0] + b"\n"
    contents = {_PLACE: text}
    if "md5sums" in control:
        contents[f"{_PLACE}.md5sums"] = control["md5sums"]
    listed = "".join(f"/{path}\n" for path in paths if "\n" not in path)
    fields = next(read_stanzas(text.decode("utf-8", "replace")), {})
    name = fields.get("package", "")
    if name and "/" not in name:
        contents[f"{INFO}{name}.list"] = listed.encode("utf-8", "surrogateescape")
    needs = tuple(one_line(fields[name]) for name in ("pre-depends", "depends") if fields.get(name))
    ubuntu = "ubuntu" in fields.get("maintainer", "").lower() or "ubuntu" in fields.get("version", "")
    return PackageFile(
        kind="Debian package",
        identity=_PLACE,
        origin=f"{member}!control",
        contents=contents,
        needs=needs,
        family="deb",
        system="ubuntu" if ubuntu else "",
    )
