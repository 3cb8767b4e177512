"""What a trusted root says of logs and authorities, at its bounds."""

import pytest
import world
from pki import make

from pratique.attest.sigstore.trusted_root import CertificateAuthority, parse_trusted_root
from pratique.attest.x509 import CertificateWindow
from pratique.errors import Malformed

WORLD = world.World()


def root_with(**changes):
    instance = WORLD.rekor1.instance()
    instance |= changes
    return parse_trusted_root(world.dump(WORLD.trusted_root(tlogs=[instance])))


@pytest.mark.parametrize(("size", "good"), [(3, False), (4, True), (32, True), (33, False)])
def test_a_log_is_named_by_four_to_thirty_two_bytes(size, good):
    log_id = {"keyId": world.b64(b"x" * size)}
    if good:
        (log,) = root_with(logId=log_id).logs
        assert log.is_named(b"x" * size) and not log.is_named(b"y" * size)
    else:
        with pytest.raises(Malformed, match=f"has {size} bytes, not 4 to 32"):
            root_with(logId=log_id)


def test_a_log_whose_key_is_none_is_passed_over():
    key = WORLD.rekor1.instance()["publicKey"]
    assert root_with(publicKey=key | {"rawBytes": world.b64(b"no key")}).logs == ()
    assert len(root_with(publicKey=key).logs) == 1


def test_an_authority_s_certificates_are_logged_unless_its_root_says_otherwise():
    authority = CertificateAuthority(operator="x", chain=(make("x").certificate,), window=CertificateWindow(start=0))
    assert authority.logged
    assert [one.logged for one in parse_trusted_root(world.dump(WORLD.trusted_root(ctlogs=[]))).authorities] == [False]
    assert [one.logged for one in parse_trusted_root(world.dump(WORLD.trusted_root())).authorities] == [True]
