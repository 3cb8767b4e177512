"""`pratique attach SUBJECT FILE…`: signatures and attestations that were made elsewhere."""

import time
from pathlib import Path

import click

from pratique.cli.commands import Command
from pratique.cli.options import spelled_here
from pratique.cli.output import format_option, print_fact, print_json, print_title
from pratique.cli.targets import evidence_place_option, one_platform_option, open_targets


@click.command(cls=Command)
@click.argument("subject", callback=spelled_here)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--payload", type=click.Path(), help="FILE is a bare signature, in base64, over this payload of cosign's.")
@click.option("--certificate", type=click.Path(), help="With --payload: the certificate that the signature was made with, PEM.")
@click.option("--certificate-chain", type=click.Path(), help="With --payload: those above it, PEM.")
@evidence_place_option
@one_platform_option
@format_option
def command(
    subject: str,
    files: tuple[str, ...],
    payload: str | None,
    certificate: str | None,
    certificate_chain: str | None,
    evidence: str | None,
    platform: str | None,
    format_: str,
) -> None:
    """Attach each FILE to SUBJECT in its registry or layout, each in the way its form has; all are read before one is attached.

    FILE is a Sigstore bundle, a DSSE envelope, an envelope of notation's (JWS or COSE), or with --payload a bare signature. What
    is about another artifact is refused. Signatures are not verified here: that is what `pratique verify` does.
    """
    from pratique.errors import InputError
    from pratique.files import read_limited
    from pratique.ship.attach import MAX_FILE_BYTES, attach_foreign, read_foreign, read_signature

    if payload is None and (certificate or certificate_chain):
        raise InputError("a certificate is attached beside a bare signature", hint="give what it signs with --payload")
    if payload is not None and len(files) != 1:
        raise InputError(f"{len(files)} signatures do not have one payload", hint="attach one at a time")
    with open_targets([subject], platform, evidence=evidence) as (target,):
        if target.repository is None or target.descriptor is None:
            hint = "name it in a registry: or oci-dir:, or where its evidence is kept with --evidence"
            raise InputError(f"{subject[:200]} is in no registry or layout that is written to", hint=hint)
        found = []
        for name in files:
            data = read_limited(Path(name), MAX_FILE_BYTES)
            if payload is None:
                found.append(read_foreign(data, target.digest, name))
                continue
            found.append(
                read_signature(
                    data,
                    read_limited(Path(payload), MAX_FILE_BYTES),
                    target.digest,
                    certificate=_text(certificate),
                    chain=_text(certificate_chain),
                    where=name,
                )
            )
        now = int(time.time())
        places = [attach_foreign(target.repository, target.descriptor, item, created=now) for item in found]
    if format_ == "json":
        rows = [
            {"file": name, "form": item.form, "predicate_type": item.predicate_type, "place": place}
            for name, item, place in zip(files, found, places, strict=True)
        ]
        print_json({"digest": target.digest, "attached": rows})
        return
    print_title(f"{len(places)} attached, not verified")
    print_fact("digest", target.digest)
    for place in places:
        print_fact("evidence", place)


def _text(path: str | None) -> str:
    """A certificate's PEM; "" where none is given."""
    from pratique.errors import Malformed
    from pratique.files import read_limited

    if path is None:
        return ""
    try:
        return read_limited(Path(path), 1 << 20).decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("a certificate in PEM is ASCII text", where=path) from error
