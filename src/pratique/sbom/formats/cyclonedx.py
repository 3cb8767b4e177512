"""An inventory as CycloneDX JSON (ECMA-424), written so that the same inventory gives the same bytes. Pure.

By way of `own.document_of` and `cyclonedx_to`. Reading for what is compared is in `cyclonedx_read`, whose names are found
here, too; reading of everything is in `read`.
"""

from pratique import __version__
from pratique.model import Digest, Inventory
from pratique.sbom.formats.cyclonedx_read import ParsedComponent, ParsedSbom, parse_cyclonedx, read_cyclonedx
from pratique.sbom.formats.cyclonedx_to import DEFAULT_VERSION, document_to_cyclonedx
from pratique.sbom.formats.own import document_of
from pratique.sbom.formats.write import dump_json

__all__ = ["ParsedComponent", "ParsedSbom", "parse_cyclonedx", "read_cyclonedx", "render_cyclonedx"]


def render_cyclonedx(
    inventory: Inventory, *, timestamp: int | None, manifest_root: Digest, tool_version: str = __version__
) -> bytes:
    """The document as compact UTF-8. `timestamp`: Unix seconds, or None for none. Raises InputError for a time past year 9999."""
    document = document_of(inventory, timestamp=timestamp, manifest_root=manifest_root, tool_version=tool_version)
    return dump_json(document_to_cyclonedx(document, DEFAULT_VERSION)[0])
