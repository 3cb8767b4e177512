import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.attest.der import check_der
from pratique.errors import Malformed

GOOD = bytes.fromhex("300c0201010101ff0302000a0500")


def test_one_value_in_its_one_spelling_is_read():
    check_der(GOOD, "it")
    check_der(b"\x30\x81\x80" + b"\x05\x00" * 64, "it")
    check_der(b"\x04\x02\x01\x02", "it")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (GOOD + b"\0", "followed by 1 other bytes"),
        (GOOD[:-1], "ends in the middle"),
        (b"", "ends in the middle"),
        (b"\x03\x02\x01\x00", "not of whole bytes"),
        (b"\x03\x00", "not of whole bytes"),
        (b"\x23\x04\x03\x02\x00\x01", "in pieces"),
        (b"\x01\x01\x01", "neither true nor false"),
        (b"\x05\x01\x00", "null with something"),
        (b"\x02\x00", "shortest"),
        (b"\x02\x02\x00\x7f", "shortest"),
        (b"\x02\x02\xff\x80", "shortest"),
        (b"\x04\x81\x01\x00", "longer than it need be"),
        (b"\x04\x82\x00\x81" + bytes(129), "longer than it need be"),
        (b"\x30\x80\x05\x00\x00\x00", "not definite"),
        (b"\x1f\x81\x01\x00", "several bytes"),
        (b"\x10\x00", "a sequence that is none"),
        (b"\x30\x82" * 30, "ends in the middle"),
        (b"".join(b"\x30" + bytes([78 - 2 * depth]) for depth in range(40)), "nested deeper"),
    ],
)
def test_any_other_spelling_is_refused(data, why):
    with pytest.raises(Malformed, match=why):
        check_der(data, "it")


def test_what_is_wrapped_is_read_as_strictly():
    inner = b"\x03\x02\x01\x00"
    data = b"\x30\x06\x04" + bytes([len(inner)]) + inner
    check_der(data, "it")
    with pytest.raises(Malformed, match="not of whole bytes"):
        check_der(data, "it", wrapped_at=1)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        check_der(data, "it")
    except Malformed:
        return
