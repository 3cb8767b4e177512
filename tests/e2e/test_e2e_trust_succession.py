"""`trust rotate --succession`: a key follows another in the trust as both keys said themselves, and in no other way."""

import json

import pytest
from test_e2e_trust import agree, desk, team

from pratique.keys.file import load_public_key

__all__ = ["desk", "team"]  # fixtures


@pytest.fixture
def alice(team):
    """The trust is published; `next` follows `release` by both keys' statement."""
    alice, _, _ = team
    agree(team)
    alice("key", "rotate", str(alice.path / "release"), "-o", str(alice.path / "next"), "--no-passphrase", *there(alice))
    return alice


def there(alice, name="succession.json"):
    return ["--statement", str(alice.path / name)]


def rotate(alice, *options, old="release.pub", new="next.pub", code=0):
    old = str(alice.path / old) if old.endswith(".pub") else old
    return alice("trust", "rotate", old, str(alice.path / new), *options, code=code)


def succession(alice, name="succession.json"):
    return ["--succession", str(alice.path / name)]


@pytest.mark.parametrize("by", ["file", "key ID"])
def test_the_old_key_retires_when_both_keys_said_so(alice, by):
    old = load_public_key(alice.path / "release.pub").keyid
    payload = json.loads((alice.path / "succession.json").read_text())["payload"]
    import base64

    at = json.loads(base64.b64decode(payload))["predicate"]["at"]
    out = rotate(alice, *succession(alice), old="release.pub" if by == "file" else old[:12])
    assert f"is now retired {at}" in out and "release gains key" in out


def test_a_statement_about_another_new_key_is_refused_and_changes_nothing(alice):
    alice.key("stranger")
    before = (alice.folder / "trust.yaml").read_bytes()
    out = rotate(alice, *succession(alice), new="stranger.pub", code=2)
    assert "the statement names key" in out and (alice.folder / "trust.yaml").read_bytes() == before


def test_a_statement_that_another_key_signed_is_refused(alice):
    alice.key("stranger")
    alice(
        "key",
        "rotate",
        str(alice.path / "stranger"),
        "-o",
        str(alice.path / "heir"),
        "--no-passphrase",
        *there(alice, "other.json"),
    )
    before = (alice.folder / "trust.yaml").read_bytes()
    assert "not signed by key" in rotate(alice, *succession(alice, "other.json"), new="heir.pub", code=1)
    assert (alice.folder / "trust.yaml").read_bytes() == before


def test_a_time_beside_the_statement_s_own_is_refused(alice):
    assert "leave out --at" in rotate(alice, *succession(alice), "--at", "2026-01-01", code=2)


def test_an_altered_statement_is_refused(alice):
    path = alice.path / "succession.json"
    document = json.loads(path.read_text())
    document["signatures"] = document["signatures"][:1]
    path.write_text(json.dumps(document))
    assert "not signed by key" in rotate(alice, *succession(alice), code=1)
    path.write_text("{}")
    assert rotate(alice, *succession(alice), code=2)


def test_a_holder_of_the_trust_is_replaced_without_one(alice):
    out = rotate(alice, *succession(alice), "--role", "root", code=2)
    assert "leave out --succession" in out
