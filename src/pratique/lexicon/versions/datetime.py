"""Points in time as versions (RFC 3339 §5.6; vers specification, scheme `datetime`). Pure. Leap seconds are refused."""

import re
from datetime import UTC, datetime
from typing import Any

from pratique.errors import Malformed

_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?(Z|[+-][0-9]{2}:[0-9]{2})")


def datetime_key(version: str) -> tuple[Any, ...]:
    """The second, in UTC, and its fraction. Raises Malformed."""
    found = _TIME.fullmatch(version)
    try:
        if found is None:
            raise Malformed("not a time (RFC 3339) with capital T and Z")
        moment = datetime.fromisoformat(found[1] + found[3]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("not a time (RFC 3339)") from None
    return (moment, (found[2] or "").rstrip("0"))
