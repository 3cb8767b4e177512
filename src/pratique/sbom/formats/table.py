"""Rows for people: who draws them (a terminal, a page) is not decided here. Pure."""

from pratique.model import Inventory

HEADINGS = ("TYPE", "NAME", "VERSION", "LICENCES", "FILES")


def render_table(inventory: Inventory) -> list[tuple[str, ...]]:
    """One row a component under `HEADINGS`, in the order of type and name; `FILES` is how many paths it owns."""
    files: dict[str, int] = {}
    for owned in inventory.ownership.values():
        files[owned.owner] = files.get(owned.owner, 0) + 1
    rows = [
        (item.type, item.name, item.version, " AND ".join(_grouped(item.licences)), str(files.get(item.ref, 0)))
        for item in inventory.components
    ]
    return sorted(rows)


def _grouped(licences: tuple[str, ...]) -> list[str]:
    return [f"({text})" if " " in text and len(licences) > 1 else text for text in licences]
