"""An inventory without what only development needs: what is tested, checked and documented with, and not shipped. Pure.

Lock files and build files say so in words of their own; catalogers note it as the scope. What is installed stays, whatever it is
said to be for: it is there.
"""

from dataclasses import replace

from pratique.model import LEFT_OUT, Inventory, is_for_development


def without_development(inventory: Inventory) -> Inventory:
    """The same artifact, with a note of how many components were left out; edges to them go with them."""
    gone = {one.ref for one in inventory.components if is_for_development(one)}
    kept = (one for one in inventory.components if one.ref not in gone)
    components = tuple(
        replace(one, depends=tuple(ref for ref in one.depends if ref not in gone)) if gone.intersection(one.depends) else one
        for one in kept
    )
    subject = replace(inventory.subject, facts={**inventory.subject.facts, LEFT_OUT: str(len(gone))})
    ownership = {path: owned for path, owned in inventory.ownership.items() if owned.owner not in gone}
    return replace(inventory, subject=subject, components=components, ownership=ownership)
