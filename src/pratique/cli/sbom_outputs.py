"""`-o FORMAT[@VERSION][=PATH]`: what a bill of materials is written as, and where to, for every command that writes one."""

from typing import TYPE_CHECKING

import click

from pratique.cli.output import named_output, write_output

if TYPE_CHECKING:
    from pratique.documents.document import Document
    from pratique.documents.names import OutputTarget
    from pratique.documents.write import Rendered

OUTPUT = "FORMAT[@VERSION][=PATH]"


def wanted_outputs(outputs: tuple[str, ...], path: str | None) -> "list[tuple[OutputTarget, str | None]]":
    """Formats and where they go: to their own PATH, else to `path`, else (None) to standard output. Raises InputError for a
    format that there is not, a folder, and two that go to one place, where they would run into each other.
    """
    from pratique.errors import InputError
    from pratique.files import check_output

    found: list[tuple[OutputTarget, str | None]] = []
    for text in outputs:
        name, equals, place = text.removeprefix("=").partition("=")  # `-o=FORMAT` gives "=FORMAT" where -o FORMAT is the custom
        if equals and not place:
            raise InputError(f"-o {text[:80]} names no file", hint=f"write -o {name}=PATH, or -o {name} for standard output")
        where = place or path
        if where is not None:
            check_output(named_output(where))
        found.append((_target(name), where))
    places = [place for _, place in found]
    if len(set(places)) < len(places):
        raise InputError("several formats would go to the same place", hint="give each a file: -o FORMAT=PATH")
    return found


def _target(name: str) -> "OutputTarget":
    """The format; of a file's name in its place, how that is written. Raises InputError."""
    from pratique.documents.names import FORMATS, parse_target
    from pratique.errors import InputError

    try:
        return parse_target(name)
    except InputError as error:
        if "." in name.rpartition("@")[0] or "/" in name or ("." in name and "@" not in name):
            format_, colon, path = name.partition(":")
            meant = f"{format_}={path}" if colon and format_ in FORMATS else f"cyclonedx-json={name}"
            error.hint = f"a format comes first: -o {meant[:200]}"
        raise


def one_output(output: str, path: str | None) -> "tuple[OutputTarget, str | None]":
    """The format of a command that writes one document. Raises InputError, also for two files."""
    from pratique.errors import InputError

    ((target, place),) = wanted_outputs((output,), path)
    if path is not None and place != path:
        raise InputError(f"two files are named: {place} and {path}", hint="leave out --file")
    return target, place


def write_rendered(document: "Document", rendered: "Rendered", target: "OutputTarget", path: str | None) -> None:
    """A document in the format that was asked for; a table as wide as the terminal is. Raises InputError, StorageError."""
    if target.format == "table" and path is None:
        from pratique.cli.sbom_table import print_document

        print_document(document)
    else:
        write_document(rendered.data, path)


def write_document(data: bytes, path: str | None) -> None:
    """To the file, whole or not at all, or to standard output; it ends with one line break. Raises InputError, StorageError."""
    if path is None:
        click.echo(data, nl=not data.endswith(b"\n"))
    else:
        write_output(path, data.rstrip(b"\n") + b"\n")
