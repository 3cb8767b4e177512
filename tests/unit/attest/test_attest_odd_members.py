"""Foreign JSON with something of another kind in the place of any one member: each reader gives a value or one of our errors."""

import contextlib
import copy
import json

import pytest
import world
from notary import signed, team
from test_attest_cosign_blob_parts import CERTIFICATE, blob, envelope, rekor
from test_attest_cosign_parts import payload
from test_attest_known_predicates import GOOD
from test_notation_policy_parts import ONE, document

from pratique.attest.bundle import parse_bundle, without_keyid
from pratique.attest.bundle_files import split_bundles
from pratique.attest.cosign import REKOR_BUNDLE, SIGNATURE, parse_attestation, parse_payload, parse_signature
from pratique.attest.cosign_blob import parse_bare_envelope, parse_blob_bundle
from pratique.attest.members import as_base64url, base64url_text
from pratique.attest.notation import parse_policy
from pratique.attest.notation.jws import parse_jws
from pratique.attest.predicates.known import check_predicate, predicate_type_of
from pratique.attest.predicates.vsa import parse_vsa
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.statement import parse_head, parse_statement
from pratique.errors import PratiqueError

ODD = [None, True, 5, -1, 1.5, 10**30, "", "é", "x", "AAAA", "-1", [], ["x"], [[]], [{}], {}, {"x": []}]
WORLD = world.World()
JWS = json.loads(signed(team()))


def places(value, path=()):
    """Where each member and item stands, outer ones first."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(value[key], (*path, key))


def exchanged(value):
    """The document with each of its members in turn exchanged for each odd thing."""
    for path in list(places(value)):
        for odd in ODD:
            changed = copy.deepcopy(value)
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = copy.deepcopy(odd)
            yield changed


def annotations(entry):
    return {REKOR_BUNDLE: json.dumps(entry), SIGNATURE: "AAAA"}


def in_protected(header):
    """A JWS whose protected header is another; what was signed is nobody's business here."""
    return json.dumps({**JWS, "protected": base64url_text(json.dumps(header).encode())}).encode()


DSSE_BUNDLE = WORLD.bundle(content="dsse")
DSSE_BUNDLE["dsseEnvelope"]["signatures"][0]["keyid"] = "x"
DOCUMENTS = {
    "a bundle of a file": (WORLD.bundle(rekor=2), world.dump, (parse_bundle, split_bundles)),
    "a bundle of a statement": (DSSE_BUNDLE, world.dump, (parse_bundle, without_keyid, split_bundles)),
    "a bundle of a key": (WORLD.bundle(key=world.KEYS["p256"], entries=[]), world.dump, (parse_bundle,)),
    "a trusted root": (WORLD.trusted_root(), world.dump, (parse_trusted_root,)),
    "a statement": (json.loads(world.statement()), world.dump, (parse_statement, parse_head)),
    "cosign's payload": (json.loads(payload(optional={"a": "b"})), world.dump, (parse_payload,)),
    "cosign's bundle of a file": (
        json.loads(blob(cert=CERTIFICATE.decode(), rekorBundle=rekor())),
        world.dump,
        (parse_blob_bundle, split_bundles),
    ),
    "an envelope alone": (
        json.loads(envelope({"sig": "AAAA", "cert": CERTIFICATE.decode()})),
        world.dump,
        (parse_bare_envelope, lambda data: parse_attestation(data, {})),
    ),
    "cosign's entry in an annotation": (rekor(), annotations, (lambda notes: parse_signature(b"{}", notes),)),
    "notation's envelope": (JWS, world.dump, (parse_jws,)),
    "notation's protected header": (json.loads(as_base64url(JWS["protected"], "protected")), in_protected, (parse_jws,)),
    "notation's policy": (json.loads(document(ONE)), world.dump, (parse_policy,)),
    "a summary of a verification": (GOOD["vsa"], dict, (parse_vsa,)),
    **{
        f"a predicate: {name}": (value, dict, (lambda found, name=name: check_predicate(predicate_type_of(name), found),))
        for name, value in GOOD.items()
    },
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_whatever_stands_in_the_place_of_a_member_is_read_or_is_one_error(name):
    value, render, readers = DOCUMENTS[name]
    for read in readers:
        read(render(value))
        for changed in exchanged(value):
            with contextlib.suppress(PratiqueError):
                read(render(changed))
