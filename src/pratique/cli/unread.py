"""What a bill of materials does not know, said where it would be overlooked: that it is empty, and what was not read."""

from typing import TYPE_CHECKING

from pratique.cli.options import say

if TYPE_CHECKING:
    from pratique.model import Inventory

_SHOWN = 20


def say_what_is_not_known(inventory: "Inventory") -> None:
    """On stderr, beside whatever is printed or written; the document says it, too."""
    from pratique.lexicon.text import clean, shown_path

    if not inventory.components:
        say(f"EMPTY: no component was found in {clean(inventory.subject.name)}: what it is made of is not known")
    reasons = [f"{shown_path(one.path) or '/'}: {clean(one.reason)}" for one in inventory.unknowns if one.unread]
    for reason in reasons[:_SHOWN]:
        say(f"unknown: {reason}")
    if len(reasons) > _SHOWN:
        say(f"… and {len(reasons) - _SHOWN} more that could not be read: they are in the document")
