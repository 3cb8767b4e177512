"""`pratique download SOURCE`: what is said about an artifact, as it was said, into files."""

from typing import TYPE_CHECKING

import click

from pratique.app.home import find_home
from pratique.cli.commands import Command
from pratique.cli.options import evidence_option, platform_option, source_argument
from pratique.cli.output import TALK, format_option, named_output, print_json, print_title, print_verdict
from pratique.cli.targets import replace_option
from pratique.files import is_file_with
from pratique.lexicon.text import how_many

if TYPE_CHECKING:
    from pratique.evidence.collected import Collected


@click.command(cls=Command)
@source_argument
@click.option("--output", "-o", type=click.Path(), required=True, help="The folder to write into, made where there is none.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this kind: see pratique verify --require; repeatable.")
@evidence_option
@replace_option
@platform_option
@format_option
def command(
    source: str, output: str, types: tuple[str, ...], evidence: str | None, replace: bool, platform: str | None, format_: str
) -> int:
    """Write each signature and attestation about SOURCE into a file of its own, as it was said and unverified.

    Of a multi-platform index, what is said about the index comes along. Bundles are *.sigstore.json, cosign's attestations
    *.dsse.json, its signatures *.sig beside the *.payload.json that they sign, notation's *.jws or *.cose, Helm's *.prov. Exit
    code 3 if something that is listed could not be had.
    """
    from pratique.app.gather import collect_evidence
    from pratique.app.sources import opened
    from pratique.cli.verify import predicate_type
    from pratique.errors import InputError, Unavailable
    from pratique.files import check_folder_above, storage_error, write_output
    from pratique.model import Cause

    wanted = frozenset(map(predicate_type, types))
    with opened(source, platform, say=TALK.say) as found:
        place, collection, _ = collect_evidence(find_home(), found, evidence, {})
    if collection.cause is Cause.UNREACHABLE:
        raise Unavailable(collection.detail)
    pieces = [piece for piece in collection.pieces if not wanted or piece.claimed_type in wanted]
    folder = named_output(output)
    check_folder_above(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError("a file, not a folder", where=output, hint="name a folder, which is made where there is none")
    files = {folder / name: data for piece in pieces if piece.cause is Cause.NONE for name, data in _files_of(piece)}
    for path, data in files.items():
        if not replace and path.exists() and not is_file_with(path, data):
            raise InputError("there is another file of this name", where=str(path), hint="use --replace, or move it away")
    if files:
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_error(error, folder) from error
    for path, data in files.items():
        write_output(path, data)
    missing = [piece for piece in pieces if piece.cause is not Cause.NONE]
    if format_ == "json":
        print_json(
            {
                "place": place,
                "files": [str(path) for path in files],
                "missing": [{"where": piece.where, "cause": piece.cause.value, "detail": piece.detail} for piece in missing],
            }
        )
    else:
        print_title(f"{how_many(len(files), 'file')} from {place}, not verified")
        for path in files:
            print_verdict(Cause.NONE, "written", str(path))
        for piece in missing:
            print_verdict(piece.cause, "not had", piece.detail)
    return 3 if missing else 0


def _files_of(piece: "Collected") -> "list[tuple[str, bytes]]":
    """The files of one piece, named by its digest: whoever chose the bytes chooses no name."""
    from pratique.attest.cosign import CERTIFICATE, CHAIN, SIGNATURE
    from pratique.attest.notation import COSE
    from pratique.evidence.collected import EvidenceForm

    stem = f"{piece.digest.algorithm}-{piece.digest.hex}"
    if piece.form is EvidenceForm.COSIGN_SIGNATURE:
        parts = {".sig": piece.annotations.get(SIGNATURE, ""), ".pem": piece.annotations.get(CERTIFICATE, "")}
        parts[".chain.pem"] = piece.annotations.get(CHAIN, "")
        return [
            (f"{stem}.payload.json", piece.data),
            *((f"{stem}{suffix}", text.encode()) for suffix, text in parts.items() if text),
        ]
    suffixes = {
        EvidenceForm.BUNDLE: ".sigstore.json",
        EvidenceForm.COSIGN_ATTESTATION: ".dsse.json",
        EvidenceForm.NOTATION: ".cose" if piece.media_type == COSE else ".jws",
        EvidenceForm.PROVENANCE: ".prov",
        EvidenceForm.RAW: ".sig",
        EvidenceForm.ANNOTATION: ".yaml",
    }
    return [(f"{stem}{suffixes[piece.form]}", piece.data)]
