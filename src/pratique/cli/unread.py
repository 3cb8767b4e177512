"""What a bill of materials does not know, said where it would be overlooked: that it is empty, what was not read, and
of how many images it has one only."""

from typing import TYPE_CHECKING

from pratique.cli.voice import say

if TYPE_CHECKING:
    from pratique.app.sources import Opened
    from pratique.model import Inventory

_SHOWN = 20


def say_chosen(found: "Opened") -> None:
    """Of an index, on stderr: which of its images is read, and which index that is."""
    if found.indexes:
        say(f"reading {found.platform or 'the image'} ({found.target.digest}) of the index {found.indexes[0].digest}")


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
