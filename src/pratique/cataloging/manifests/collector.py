"""Images that several manifests name, gathered by what they are. Pure."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pratique.cataloging.cataloger import Collector

if TYPE_CHECKING:
    from pratique.cataloging.manifests.image_reference import ImageReference

_MAX_PLACES = 50


class ImageCollector:
    """Gathers images by what they are; each becomes one component that names its places."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._places: dict[ImageReference, dict[str, str]] = {}
        self._facts: dict[ImageReference, dict[str, str]] = {}

    def add(self, path: str, line: int, place: str, text: str, **facts: str) -> str | None:
        """Note an image; its ref. What is no name of an image is an `Unknown`, and None."""
        from pratique.cataloging.manifests.image_reference import parse_image_reference

        reference = parse_image_reference(text)
        if reference is None:
            self._out.unknown(path, f"line {line}: {text[:120]!r} is no name of an image ({place[:200]})")
            return None
        where = f"{path}:{line}" if line else path
        self._places.setdefault(reference, {}).setdefault(f"{where} {place}".strip(), path)
        self._facts.setdefault(reference, {}).update({key.replace("_", "-"): value for key, value in facts.items() if value})
        return reference.purl

    def settle(self) -> None:
        """Hand all components over."""
        from pratique.cataloging.manifests.image_reference import image_component

        for reference, places in self._places.items():
            shown = tuple(places)[:_MAX_PLACES]
            if len(places) > _MAX_PLACES:
                shown = (*shown, f"and {len(places) - _MAX_PLACES} more")
            component = image_component(reference, evidence=tuple(dict.fromkeys(places.values())), places=shown)
            facts = {f"image:{key}": value for key, value in self._facts[reference].items()}
            self._out.component(replace(component, facts={**component.facts, **facts}))
