"""`pratique sign SUBJECT…`: signatures of images, files and digests, in the forms that others read."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.home import find_home, open_home_catalog, open_stamp
from pratique.app.home_log import open_logged_signer
from pratique.cli.commands import Command
from pratique.cli.keyless import chosen_key, chosen_signer, keyless_options
from pratique.cli.options import key_option, passphrase_option, timestamp_option
from pratique.cli.output import format_option, named_output
from pratique.cli.signers import load_chosen_signer, named_key, passphrase_of
from pratique.cli.targets import (
    beside_option,
    evidence_place_option,
    one_platform_option,
    open_targets,
    output_option,
    parse_annotations,
    print_said,
    replace_option,
    subjects_argument,
)

if TYPE_CHECKING:
    from pratique.keys.logged_signer import LoggedSigner
    from pratique.ship.sign import SigningForm, SigningRequest, SigningTarget

_BUNDLE_OVERHEAD = 8 * 1024  # signature, key and log proof

FORMS = {
    "bundle": "a Sigstore bundle: a referrer, or FILE.sigstore.json",
    "cosign": "a tag beside the image, as cosign wrote before version 3",
    "message": "FILE.sigstore.json, over the bytes alone, as cosign sign-blob writes",
    "raw": "FILE.sig, the bare signature",
    "annotation": "inside of Kubernetes manifests",
    "notation": "a referrer as the Notary Project has it, with --certificate-chain",
    "prov": "CHART.tgz.prov, by an OpenPGP key, as Helm writes",
}


@click.command(cls=Command)
@subjects_argument
@key_option
@passphrase_option
@timestamp_option
@keyless_options
@click.option(
    "--form", type=click.Choice(list(FORMS)), default="bundle", show_default=True, help="; ".join(map(": ".join, FORMS.items()))
)
@click.option("--certificate-chain", type=click.Path(), help="notation: the key's certificate and those above it, in PEM.")
@click.option(
    "--envelope", type=click.Choice(["jws", "cose"]), default="jws", show_default=True, help="notation: the envelope's format."
)
@click.option("--annotation", "-a", "notes", multiple=True, metavar="KEY=VALUE", help="Sign this along; repeatable.")
@click.option("--recursive", "-r", is_flag=True, help="Of a multi-platform index, sign every image in it as well.")
@evidence_place_option
@beside_option
@output_option
@replace_option
@one_platform_option
@format_option
def command(
    subjects: tuple[str, ...],
    key: str | None,
    passphrase_file: str | None,
    timestamp_url: str | None,
    form: str,
    certificate_chain: str | None,
    envelope: str,
    notes: tuple[str, ...],
    recursive: bool,
    evidence: str | None,
    beside: bool,
    output: str | None,
    replace: bool,
    platform: str | None,
    format_: str,
    **keyless: Any,
) -> None:
    """Sign each SUBJECT; log it, catalogue it, and attach it to the image or write it beside the file.

    SUBJECT is any source, or a digest. All are signed before anything is published. A file has its signature beside it, as
    FILE.sigstore.json, or FILE.<12 digits>.sigstore.json where that is another's: verify finds both. What else is in no
    registry or layout has it in the catalog alone, unless --output says otherwise.
    """
    from pratique.errors import InputError

    annotations = parse_annotations(notes)
    if annotations and form not in ("bundle", "cosign"):
        raise InputError(f"a signature of the form {form} has no room for annotations", hint="leave out --annotation")
    if (recursive or evidence) and form == "prov":
        raise InputError("a provenance file stands beside its chart", hint="leave out --recursive and --evidence")
    if keyless["keyless"] and form not in ("bundle", "message"):
        raise InputError(f"a signature without a key is a bundle, not {form}", hint="leave out --form")
    if form == "prov":
        if platform is not None:
            raise InputError("a chart has no platform", hint="leave out --platform")
        _sign_charts(subjects, key, passphrase_file, output, replace, format_)
        return
    if form == "notation":
        _sign_notation(
            subjects,
            named_key(key),
            passphrase_file,
            timestamp_url,
            certificate_chain,
            envelope,
            platform,
            recursive,
            evidence,
            format_,
        )
        return
    from pratique.ship.sign import Publication, SigningForm, sign_and_publish

    home = find_home()
    destination = named_output(output) if output is not None else None
    if form == "annotation":
        named = named_key(key)
        with open_targets(subjects, platform, recursive=recursive, evidence=evidence) as targets:
            texts = _annotated_texts(targets, destination)
            logged_signer = open_logged_signer(home, load_chosen_signer(named, passphrase_file), timestamp_url)
            _annotate(texts, logged_signer, home.journals, named, format_)
        return
    key = chosen_key(key, keyless)
    with (
        open_targets(subjects, platform, recursive=recursive, evidence=evidence) as targets,
        open_home_catalog(home) as catalog,
    ):
        how = Publication(
            form=SigningForm(form),
            beside=beside or form in ("message", "raw"),
            handed_over=form == "bundle",
            output=destination,
            replace=replace,
        )
        requests = [_request(target, how.form, annotations) for target in targets]
        pen, who = chosen_signer(home, key, passphrase_file, timestamp_url, keyless)
        said = sign_and_publish(
            requests, how, logged_signer=pen, catalog=catalog, clock=lambda: int(time.time()), journals=home.journals
        )
    print_said(said, f"{len(said)} signed", who, format_)


def _request(target: "SigningTarget", form: "SigningForm", annotations: Mapping[str, str]) -> "SigningRequest":
    from pratique.artifact.sidecars import MAX_WHOLE
    from pratique.attest.cosign import SimpleSigning, render_payload
    from pratique.attest.statement import StatementSubject, render_statement
    from pratique.errors import DigestMismatch
    from pratique.files import read_limited
    from pratique.model import Digest
    from pratique.model.predicates import IMAGE_SIGNATURE
    from pratique.ship.sign import SigningForm, SigningRequest

    if form is SigningForm.COSIGN:
        message = render_payload(SimpleSigning(image=target.digest, reference=target.reference, optional=annotations))
        return SigningRequest(targets=(target,), predicate_type="", message=message)
    if form in (SigningForm.MESSAGE, SigningForm.RAW) and target.path is not None:
        message = read_limited(target.path, MAX_WHOLE)
        if Digest.of(message) != target.digest:
            raise DigestMismatch("the file changed while it was read", where=str(target.path))
        return SigningRequest(targets=(target,), predicate_type="", message=message)
    message = render_statement(
        subjects=[StatementSubject.of(target.name, target.digest, annotations)], predicate_type=IMAGE_SIGNATURE, predicate={}
    )
    return SigningRequest(targets=(target,), predicate_type=IMAGE_SIGNATURE, message=message)


def _annotated_texts(targets: "Sequence[SigningTarget]", output: Path | None) -> list[tuple[Path, Path, bytes, bytes]]:
    """Of each file: its path, where it is written, its bytes, and the statement about it."""
    from pratique.attest.kubernetes_yaml import MAX_SIZE
    from pratique.attest.yaml_annotation import annotate, draft_statement
    from pratique.errors import InputError
    from pratique.files import check_output, read_limited

    if output is not None and len(targets) != 1:
        raise InputError(f"{len(targets)} files do not go into one", hint="leave out --output, or sign one at a time")
    if output is not None:
        check_output(output)
    out = []
    for target in targets:
        if target.path is None:
            raise InputError(f"{target.name or target.digest} is not a file", hint="name files with manifests")
        data = read_limited(target.path, MAX_SIZE)
        try:
            statement = draft_statement(data)
            annotate(data, bytes(2 * len(statement) + _BUNDLE_OVERHEAD))  # what would fail after signing fails now
            out.append((target.path, output or target.path, data, statement))
        except InputError as error:
            error.where = error.where or str(target.path)
            raise
    return out


def _annotate(
    texts: Sequence[tuple[Path, Path, bytes, bytes]], logged_signer: "LoggedSigner", journals: Path, key: str, format_: str
) -> None:
    """Sign all files, then write them. Each is written whole or not at all, with the mode that it had; what was signed is kept in
    `journals` until all are.
    """
    from pratique.attest.yaml_annotation import annotate
    from pratique.files import write_output
    from pratique.ship.sealed_once import SaidOnce

    once, payloads = SaidOnce(journals, logged_signer), [payload for _, _, _, payload in texts]
    sealed = [item for _, item in once.seal(payloads)]
    written = [annotate(data, item.data) for (_, _, data, _), item in zip(texts, sealed, strict=True)]
    for (path, target, _, _), data in zip(texts, written, strict=True):
        write_output(target, data, mode=path.stat().st_mode & 0o777)
    once.forget(payloads)
    rows = [(str(target), item.log_index) for (_, target, _, _), item in zip(texts, sealed, strict=True)]
    _print_files(rows, key, format_)


def _sign_notation(
    subjects: Sequence[str],
    key: str,
    passphrase_file: str | None,
    timestamp_url: str | None,
    certificate_chain: str | None,
    envelope: str,
    platform: str | None,
    recursive: bool,
    evidence: str | None,
    format_: str,
) -> None:
    """Signatures of notation: they are attached, and in no log of ours."""
    from pratique.attest.notation import COSE, JWS, parse_certificates
    from pratique.attest.notation.stores import MAX_FILE_SIZE
    from pratique.errors import InputError
    from pratique.files import read_limited
    from pratique.ship.sign_notation import sign_notation, signing_algorithm

    if certificate_chain is None:
        raise InputError("notation signs with a certificate", hint="give the key's chain with --certificate-chain FILE")
    chain = parse_certificates(read_limited(Path(certificate_chain), MAX_FILE_SIZE), certificate_chain)
    with open_targets(subjects, platform, recursive=recursive, evidence=evidence) as targets:
        made = sign_notation(
            targets,
            signer=load_chosen_signer(key, passphrase_file, algorithm=signing_algorithm(chain[0])),
            chain=chain,
            media_type=COSE if envelope == "cose" else JWS,
            at=int(time.time()),
            stamp=open_stamp(timestamp_url),
        )
    _print_files([(item.place, None) for item in made], key, format_)


def _sign_charts(
    charts: Sequence[str], key: str | None, passphrase_file: str | None, output: str | None, replace: bool, format_: str
) -> None:
    """Provenance files of packed charts. All are signed before one is written."""
    import os

    from pratique.artifact.chart import read_chart_file
    from pratique.artifact.limits import parse_limits
    from pratique.artifact.sidecars import PROVENANCE_SUFFIX
    from pratique.attest.helm_prov import render_provenance, sign_provenance
    from pratique.attest.openpgp import MAX_KEYRING_SIZE
    from pratique.errors import InputError
    from pratique.files import check_output, read_limited, write_new_output, write_output

    if key is None:
        raise InputError("a provenance file is signed by an OpenPGP key", hint="give the secret key's file with --key")
    if output is not None and len(charts) != 1:
        raise InputError(f"{len(charts)} signatures do not go into one file", hint="leave out --output")
    paths = [Path(chart.removeprefix("chart:").removeprefix("file:")) for chart in charts]
    places = [named_output(output) if output is not None else path.with_name(path.name + PROVENANCE_SUFFIX) for path in paths]
    for place in places:
        check_output(place)
        if place.exists() and not replace:
            raise InputError("there is a signature file of this name", where=str(place), hint="use --replace, or move it away")
    texts = []
    for path in paths:
        digest, chart_yaml = read_chart_file(str(path), parse_limits(os.environ))
        texts.append(render_provenance(chart_yaml, path.name, digest))
    secret = read_limited(Path(key), MAX_KEYRING_SIZE)
    if Path(key).stat().st_mode & 0o077:
        raise InputError("the private key can be read by others than its owner", where=key, hint=f"run: chmod 600 {key}")
    asked = _asked_once(passphrase_of(passphrase_file))
    made = [sign_provenance(text, secret, asked) for text in texts]
    for place, data in zip(places, made, strict=True):
        if replace:
            write_output(place, data)
        elif not write_new_output(place, data):
            raise InputError("a signature file of this name was written meanwhile", where=str(place), hint="look at it first")
    _print_files([(str(place), None) for place in places], key, format_)


def _asked_once(ask: Callable[[], bytes | None]) -> Callable[[], bytes | None]:
    """The same answer every time: a person is asked for a passphrase once."""
    answers: list[bytes | None] = []

    def answer() -> bytes | None:
        if not answers:
            answers.append(ask())
        return answers[0]

    return answer


def _print_files(rows: Sequence[tuple[str, int | None]], key: str, format_: str) -> None:
    from pratique.cli.output import print_fact, print_json, print_title, print_verdict
    from pratique.model import Cause

    if format_ == "json":
        print_json({"key": key, "signed": [{"places": [place], "log_index": index} for place, index in rows]})
        return
    print_title(f"{len(rows)} signed")
    for place, index in rows:
        print_verdict(Cause.NONE, "signed", place if index is None else f"{place}, log entry {index}")
    print_fact("key", key)
