"""An inventory as CycloneDX JSON (ECMA-424), written so that the same inventory gives the same bytes. Pure."""

from pratique import __version__
from pratique.documents.cyclonedx.render import DEFAULT_VERSION, document_to_cyclonedx
from pratique.documents.from_inventory import document_of
from pratique.documents.write import dump_json
from pratique.model import Digest, Inventory


def render_cyclonedx(
    inventory: Inventory, *, timestamp: int | None, manifest_root: Digest, tool_version: str = __version__
) -> bytes:
    """The document as compact UTF-8. `timestamp`: Unix seconds, or None for none. Raises InputError for a time past year 9999."""
    document = document_of(inventory, timestamp=timestamp, manifest_root=manifest_root, tool_version=tool_version)
    return dump_json(document_to_cyclonedx(document, DEFAULT_VERSION, of_inventory=True)[0])
