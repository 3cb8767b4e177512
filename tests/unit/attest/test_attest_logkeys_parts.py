"""The keys of logs in each form that people have them: what is one, whose it is, and each limit at its bound."""

import pytest
import world
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pratique.attest.logkeys import MAX_LOG_KEY_SIZE, MAX_LOG_KEYS, LogKey, parse_log_keys
from pratique.attest.publickey import PublicKey
from pratique.errors import LimitExceeded, Malformed
from pratique.tlog.notes import VerifierKey, render_vkey

PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
KEY = PublicKey.from_der(world.spki(PRIVATE))
P256 = PublicKey.from_der(world.spki(ec.derive_private_key(5, ec.SECP256R1())))


def vkey(name="log.example", algorithm=1, raw=KEY.raw):
    return render_vkey(VerifierKey(name=name, algorithm=algorithm, public_key=raw)).encode()


def test_a_log_s_own_key_says_its_name_too_and_several_may_stand_in_one_file():
    assert parse_log_keys(vkey()) == (LogKey(key=KEY, name="log.example"),)
    text = b"\n " + vkey("a.example") + b" \r\n\n" + vkey("b.example") + b"\n"
    assert [(item.name, item.key) for item in parse_log_keys(text)] == [("a.example", KEY), ("b.example", KEY)]


@pytest.mark.parametrize("data", [KEY.pem, KEY.spki, b"\n\n" + KEY.pem])
def test_a_public_key_is_the_key_of_a_log_of_any_name(data):
    assert parse_log_keys(data) == (LogKey(key=KEY, name=""),)


def test_a_public_key_in_pem_stands_alone_in_its_file():
    for data in (b"the log's key\n" + KEY.pem, KEY.pem + KEY.pem, KEY.pem + vkey()):
        with pytest.raises(Malformed, match="not one public key in PEM"):
            parse_log_keys(data)


@pytest.mark.parametrize("data", [P256.pem, P256.spki])
def test_a_key_that_signs_no_checkpoints_is_no_log_s(data):
    with pytest.raises(Malformed, match="a log's key is Ed25519, this is ecdsa-p256"):
        parse_log_keys(data)


def test_a_key_of_notes_that_is_of_another_type_is_no_log_s():
    with pytest.raises(Malformed, match="the key of w.example is of type 4, a log's is Ed25519"):
        parse_log_keys(vkey("w.example", algorithm=4))


@pytest.mark.parametrize("data", [b"", b" \n\r\n\t"])
def test_a_file_without_anything_in_it_is_called_empty(data):
    with pytest.raises(Malformed, match="the file is empty"):
        parse_log_keys(data)


@pytest.mark.parametrize("line", [b"log.example", b"log.example+0badc0de", "lög.example+0badc0de+AAAA".encode()])
def test_a_line_without_the_parts_of_a_log_s_key_is_none_even_behind_one_that_has_them(line):
    for data in (line, vkey() + b"\n" + line):
        with pytest.raises(Malformed, match="not the key of a log"):
            parse_log_keys(data)


def test_base64_may_have_plus_signs_of_its_own():
    for number in range(256):
        raw = PublicKey.from_der(world.spki(ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))).raw
        line = vkey(raw=raw)
        if line.count(b"+") > 2:
            assert parse_log_keys(line)[0].key.raw == raw
            return
    raise AssertionError("no such key was made")


def test_a_file_holds_as_many_keys_as_the_limit_says_and_no_more():
    assert len(parse_log_keys(b"\n".join([vkey()] * MAX_LOG_KEYS))) == MAX_LOG_KEYS
    with pytest.raises(LimitExceeded, match=f"file of {MAX_LOG_KEYS + 1} log keys"):
        parse_log_keys(b"\n".join([vkey()] * (MAX_LOG_KEYS + 1)))


def test_a_file_of_keys_is_as_large_as_the_limit_says_and_no_larger():
    assert parse_log_keys(vkey().ljust(MAX_LOG_KEY_SIZE)) == (LogKey(key=KEY, name="log.example"),)
    with pytest.raises(LimitExceeded, match="file of log keys of"):
        parse_log_keys(vkey().ljust(MAX_LOG_KEY_SIZE + 1))


# --- out of a trusted root


def root(*logs):
    return world.dump({"mediaType": world.World().trusted_root()["mediaType"], "tlogs": [log.instance() for log in logs]})


def test_of_a_trusted_root_the_logs_of_tiles_count_with_the_names_that_their_ids_prove():
    tiles = world.Log("two.example", PRIVATE, version=2)
    older = world.Log("one.example", ec.derive_private_key(5, ec.SECP256R1()))
    unproven = world.Log("three.example", PRIVATE, version=1)
    assert parse_log_keys(b" " + root(older, tiles, unproven)) == (
        LogKey(key=KEY, name="two.example"),
        LogKey(key=KEY, name=""),
    )


def test_the_short_id_of_a_log_proves_its_name_as_the_whole_one_does():
    tiles = world.Log("two.example", PRIVATE, version=2)
    instance = tiles.instance()
    instance["checkpointKeyId"] = {"keyId": world.b64(tiles.id[:4])}
    instance.pop("logId")
    document = {"mediaType": world.World().trusted_root()["mediaType"], "tlogs": [instance]}
    assert parse_log_keys(world.dump(document)) == (LogKey(key=KEY, name="two.example"),)
    instance["baseUrl"] = "https://other.example"
    assert parse_log_keys(world.dump(document)) == (LogKey(key=KEY, name=""),)
    instance.pop("baseUrl")
    assert parse_log_keys(world.dump(document)) == (LogKey(key=KEY, name=""),)


def test_a_trusted_root_without_a_log_of_tiles_has_no_key_to_give():
    with pytest.raises(Malformed, match="names no log of tiles"):
        parse_log_keys(root(world.Log("one.example", ec.derive_private_key(5, ec.SECP256R1()))))


def test_a_log_whose_name_begins_with_a_nought_is_read_as_text():
    assert parse_log_keys(vkey("0log.example")) == (LogKey(key=KEY, name="0log.example"),)
