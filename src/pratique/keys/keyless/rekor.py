"""Entering a signature into a transparency log: Rekor v1 (sigstore/rekor, openapi.yaml) and v2 (rekor-tiles, CLIENTS.md).

An answer is taken only when its entry is about this very signature; that it is in the log, only a trusted root can tell.
"""

import json
from collections.abc import Mapping
from typing import Any

from pratique.attest.bundle import InclusionProof, LogEntry, MessageSignature, parse_log_entry
from pratique.attest.dsse import render_envelope
from pratique.attest.members import as_bytes, as_count, as_list, as_object, as_text, base64_text
from pratique.attest.sigstore.rekor import Signing, check_entry, record_spec
from pratique.attest.strictjson import load_json
from pratique.errors import Malformed, Unavailable, Violation
from pratique.keys.keyless.services import Rekor
from pratique.keys.keyless.web import Web

MAX_PROOF_HASHES = 64


def log_signature(rekor: Rekor, signing: Signing, web: Web) -> LogEntry:
    """The entry for `signing`, whose certificate is DER. Raises Unavailable, RateLimited, AuthenticationRequired."""
    path, request = (
        ("/api/v1/log/entries", _request_v1(signing))
        if rekor.version == 1
        else (
            "/api/v2/log/entries",
            _request_v2(signing),
        )
    )
    body = web.ask(
        "POST",
        f"{rekor.url.rstrip('/')}{path}",
        what="entering the signature into the log",
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        content=json.dumps(request).encode(),
    )
    try:
        answer = as_object(load_json(body, what="answer", max_size=1024 * 1024), "answer")
        entry = _read_v1(answer) if rekor.version == 1 else parse_log_entry(answer, "answer")
        check_entry(entry, signing)
    except (Malformed, Violation) as error:
        raise Unavailable(f"{rekor.url} answers with something else than the entry that was made: {error.message}") from error
    return entry


def _request_v2(signing: Signing) -> dict[str, Any]:
    record = record_spec(signing)["hashedRekordV002"]
    return {"hashedRekordRequestV002": {"digest": record["data"]["digest"], "signature": record["signature"]}}


def _request_v1(signing: Signing) -> dict[str, Any]:
    certificate = base64_text(_pem(signing.certificate))
    if isinstance(signing.content, MessageSignature):
        stated = {"algorithm": "sha256", "value": signing.digest("sha256").hex()}
        signature = {"content": base64_text(signing.signature), "publicKey": {"content": certificate}}
        spec: dict[str, Any] = {"data": {"hash": stated}, "signature": signature}
        return {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}
    envelope = json.dumps(render_envelope(signing.content), separators=(",", ":"))
    proposed = {"envelope": envelope, "verifiers": [certificate]}
    return {"apiVersion": "0.0.1", "kind": "dsse", "spec": {"proposedContent": proposed}}


def _pem(der: bytes) -> bytes:
    text = base64_text(der)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode()


def _read_v1(answer: Mapping[str, Any]) -> LogEntry:
    """The one entry of an answer of v1, which has hexadecimal where bundles have base64."""
    if len(answer) != 1:
        raise Malformed(f"answer has {len(answer)} entries, not exactly one")
    entry = as_object(next(iter(answer.values())), "entry")
    verification = as_object(entry.get("verification"), "verification")
    proof = as_object(verification.get("inclusionProof"), "inclusionProof")
    body = as_bytes(entry.get("body"), "body")
    kind = as_object(load_json(body, what="body", max_size=1024 * 1024), "body")
    hashes = as_list(proof.get("hashes", []), "hashes", limit=MAX_PROOF_HASHES)
    return LogEntry(
        log_index=as_count(entry.get("logIndex"), "logIndex"),
        log_id=_hash(entry.get("logID"), "logID"),
        kind=as_text(kind.get("kind"), "kind"),
        version=as_text(kind.get("apiVersion"), "apiVersion"),
        body=body,
        integrated_time=as_count(entry.get("integratedTime"), "integratedTime"),
        promise=as_bytes(verification.get("signedEntryTimestamp"), "signedEntryTimestamp"),
        proof=InclusionProof(
            log_index=as_count(proof.get("logIndex"), "inclusionProof.logIndex"),
            tree_size=as_count(proof.get("treeSize"), "inclusionProof.treeSize"),
            root_hash=_hash(proof.get("rootHash"), "inclusionProof.rootHash"),
            hashes=tuple(_hash(item, f"inclusionProof.hashes[{number}]") for number, item in enumerate(hashes)),
            checkpoint=as_text(proof.get("checkpoint"), "inclusionProof.checkpoint"),
        ),
    )


def _hash(value: Any, where: str) -> bytes:
    try:
        found = bytes.fromhex(as_text(value, where))
    except ValueError as error:
        raise Malformed(f"{where} is not hexadecimal") from error
    if len(found) != 32:
        raise Malformed(f"{where} has {len(found)} bytes, not 32")
    return found
