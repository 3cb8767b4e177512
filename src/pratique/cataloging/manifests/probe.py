"""The probe that finds images in YAML; the reader, `manifest_images`, is loaded when the first YAML file passes by."""

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest

_MAX_BYTES = 4 << 20
_NEVER = frozenset({"package.json", "package-lock.json", "composer.json"})


class ManifestProbe:
    """Facts: `{"images": [[line, place, image], …], "template": [[line, text], …], "defines": {name: [value path, …]}}`."""

    name = "manifest-images"
    interest = Interest(endings=frozenset({".yaml", ".yml", ".json", ".tpl"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Files of a manifest's size."""
        return size <= _MAX_BYTES and path.rpartition("/")[2] not in _NEVER

    def read(self, content: FileContent) -> bytes:
        """See the class. Raises Malformed for a manifest that cannot be read."""
        from pratique.cataloging.manifests.images import read_manifest

        return read_manifest(content)
