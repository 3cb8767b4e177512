"""`pratique attest SUBJECT… --type TYPE --predicate FILE`: a signed statement of any type about one or several artifacts."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import find_home, open_home_catalog
from pratique.cli.commands import Command
from pratique.cli.keyless import chosen_key, chosen_signer, keyless_options
from pratique.cli.options import key_option, passphrase_option, timestamp_option
from pratique.cli.output import format_option, named_output
from pratique.cli.targets import (
    beside_option,
    evidence_place_option,
    one_platform_option,
    open_targets,
    output_option,
    print_said,
    replace_option,
    subjects_argument,
)
from pratique.cli.voice import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pratique.catalog.ledger import Catalog
    from pratique.keys.logged_signer import KeylessSigner, LoggedSigner
    from pratique.ship.sign import SigningTarget


@click.command(cls=Command)
@subjects_argument
@click.option("--type", "type_", required=True, help="The predicate's type: a URI, or a short name such as provenance or vulns.")
@click.option("--predicate", required=True, type=click.Path(), help="The predicate, a JSON file.")
@key_option
@passphrase_option
@timestamp_option
@keyless_options
@click.option("--form", type=click.Choice(["bundle", "cosign"]), default="bundle", show_default=True, help="In which form.")
@evidence_place_option
@beside_option
@output_option
@replace_option
@one_platform_option
@format_option
def command(
    subjects: tuple[str, ...],
    type_: str,
    predicate: str,
    key: str | None,
    passphrase_file: str | None,
    timestamp_url: str | None,
    form: str,
    evidence: str | None,
    beside: bool,
    output: str | None,
    replace: bool,
    platform: str | None,
    format_: str,
    **keyless: Any,
) -> None:
    """State PREDICATE about all SUBJECTs in one statement; sign, log and catalogue it, and attach it to each of them.

    SUBJECT is any source, or a digest. Predicates of known types are checked before anything is signed. What is in no registry
    or layout has its evidence in the catalog, unless --file or --output say otherwise. With --replace, what the same key stated
    of this type before is taken away there.
    """
    from pratique.attest.predicates.known import check_predicate, check_subjects, predicate_type_of
    from pratique.attest.statement import StatementSubject, render_statement
    from pratique.attest.strictjson import MAX_SIZE
    from pratique.files import read_limited
    from pratique.ship.sign import Publication, SigningForm, SigningRequest, sign_and_publish

    key = chosen_key(key, keyless)
    predicate_type = predicate_type_of(type_)
    document = _read_predicate(read_limited(Path(predicate), MAX_SIZE), predicate, predicate_type)
    if not check_predicate(predicate_type, document):
        say(f"nothing is known about the type {predicate_type}: its predicate is signed as it is")
    home = find_home()
    with open_targets(subjects, platform, evidence=evidence) as targets:
        named = [StatementSubject.of(target.name, target.digest) for target in targets]
        check_subjects(predicate_type, named)
        payload = render_statement(subjects=named, predicate_type=predicate_type, predicate=document)
        request = SigningRequest(targets=tuple(targets), predicate_type=predicate_type, message=payload)
        how = Publication(
            form=SigningForm(form), beside=beside, output=named_output(output) if output is not None else None, replace=replace
        )
        pen, who = chosen_signer(home, key, passphrase_file, timestamp_url, keyless)
        with open_home_catalog(home) as catalog:
            said = sign_and_publish(
                [request],
                how,
                logged_signer=pen,
                catalog=catalog,
                clock=lambda: int(time.time()),
                journals=home.journals,
            )
            gone = _replace(targets, pen, predicate_type, payload, catalog) if replace else []
    for place in gone:
        say(f"replaced {place}")
    print_said(said, f"{predicate_type} is attested", who, format_)


def _replace(
    targets: "Sequence[SigningTarget]",
    pen: "LoggedSigner | KeylessSigner",
    predicate_type: str,
    payload: bytes,
    catalog: "Catalog",
) -> list[str]:
    """What the same key stated before is taken away where the new statement was attached, once the catalog says so: else a repair
    in between would bring it back.
    """
    from pratique.keys.logged_signer import LoggedSigner
    from pratique.ship.replace import mark_earlier, take_away_earlier

    if not isinstance(pen, LoggedSigner):
        return []  # no two keyless statements are by the same key
    key = pen.signer.public_key
    for target in targets:
        mark_earlier(catalog, target.digest, predicate_type=predicate_type, key=key, payload=payload, at=int(time.time()))
    return [
        place
        for target in targets
        if target.repository is not None and target.descriptor is not None
        for place in take_away_earlier(target.repository, target.digest, predicate_type=predicate_type, key=key, payload=payload)
    ]


def _read_predicate(data: bytes, where: str, predicate_type: str) -> "dict[str, object]":
    """The predicate in a file. A bill of materials is held against the whole of its schema."""
    from pratique.attest.strictjson import load_json
    from pratique.errors import InputError, Malformed
    from pratique.model.predicates import CYCLONEDX, SPDX

    try:
        document = load_json(data, what="predicate")
        if not isinstance(document, dict):
            raise Malformed("a predicate is a JSON object")
        if "predicateType" in document and "subject" in document:
            raise InputError("this is a whole statement", hint="give its predicate")  # noqa: TRY301
        if predicate_type == CYCLONEDX or predicate_type.startswith(SPDX):
            from pratique.documents.read import read_value

            read_value(document)
    except InputError as error:
        error.where = error.where or where
        raise
    return document
