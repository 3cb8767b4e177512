"""Reads what is shipped: images from registries, layouts, archives and engines, directories, single files.

The way in is `pratique.artifact.source.parse_source`, then `pratique.artifact.open.open_artifact`, which gives an
`Artifact` (`pratique.artifact.types`). Each layer is inflated once, in one streaming pass (`layer.read_layer` over the tar
walker in `tar`), and the layers are laid over each other by `squash.squash`. Limits are in `limits`, the cache in `cache`.

Nothing is ever unpacked to disk. This room runs nothing that it reads and follows no link out of what it was given.
"""

from pratique.artifact.limits import Limits
from pratique.artifact.source import ArtifactSource, parse_source

__all__ = ["ArtifactSource", "Limits", "parse_source"]
