import hashlib

import pytest
from world import ARTIFACT, KEYS, World, dump, keys_of, statement

from pratique.attest.sigstore import remember
from pratique.attest.sigstore.remember import Verifier
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.errors import PratiqueError, Untrusted


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture
def counted(monkeypatch):
    """How often something is verified in full."""
    calls = []

    def count(*arguments, **options):
        calls.append(arguments)
        return original(*arguments, **options)

    original = remember.verify_attestation
    monkeypatch.setattr(remember, "verify_attestation", count)
    return calls


def verifier(world, **options):
    return Verifier(parse_trusted_root(dump(world.trusted_root())), keys=keys_of(KEYS["p256"]), **options)


def test_the_same_bytes_are_verified_once(world, counted):
    bundle, known = dump(world.bundle(content="dsse")), verifier(world)
    first = known.attestation(bundle)
    assert known.attestation(bundle) is first
    assert len(counted) == 1
    assert hashlib.sha256(ARTIFACT).hexdigest() in str(first.head.subjects)
    assert first.statement().predicate == {"x": "é"}


def test_no_changed_byte_is_known(world):
    bundle, known = dump(world.bundle(content="dsse")), verifier(world)
    known.attestation(bundle)
    place = bundle.index(b'"payload"') + 20
    with pytest.raises(PratiqueError):
        known.attestation(bundle[:place] + bytes([bundle[place] ^ 1]) + bundle[place + 1 :])


def test_refusals_are_made_anew_each_time(world, counted):
    bundle, known = dump(World().bundle(content="dsse")), verifier(world)
    for _ in range(2):
        with pytest.raises(Untrusted):
            known.attestation(bundle)
    assert len(counted) == 2


def test_another_trusted_root_knows_nothing_of_it(world):
    bundle = dump(world.bundle(content="dsse"))
    verifier(world).attestation(bundle)
    with pytest.raises(Untrusted):
        verifier(World()).attestation(bundle)


def test_what_was_not_used_for_long_is_forgotten_and_memory_is_bounded(world, counted):
    first, second, third = (dump(world.bundle(content="dsse")) for _ in range(3))
    known = verifier(world, max_bytes=2 * len(statement()))
    for bundle in (first, second, first, third):
        known.attestation(bundle)
    assert len(counted) == 3
    known.attestation(first)
    assert len(counted) == 3
    known.attestation(second)
    assert len(counted) == 4


def test_a_statement_larger_than_the_memory_is_verified_each_time(world, counted):
    bundle, known = dump(world.bundle(content="dsse")), verifier(world, max_bytes=1)
    known.attestation(bundle)
    known.attestation(bundle)
    assert len(counted) == 2
