"""Decimal numbers of any length as something to compare, without arithmetic on them. Pure."""

Number = tuple[int, str]


def number(digits: str) -> Number:
    """Leading zeros do not count; "" is zero."""
    text = digits.lstrip("0")
    return (len(text), text)
