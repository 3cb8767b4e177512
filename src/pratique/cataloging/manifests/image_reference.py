"""Names of container images as people write them (distribution/reference, «Grammar»), and the components they make. Pure.

A digest pins an image; a tag is a name that can be moved, and that is said. The purl of a pinned image is of type `oci`, whose
version is the digest; without one it is of type `docker`, whose version is the tag (purl-spec, types).
"""

import re
from dataclasses import dataclass

from pratique.lexicon.purl import build_purl
from pratique.model import Component, ComponentKind, Presence

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_STEP = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = (
    rf"(?:(?P<host>(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:]+\])(?::[0-9]{{1,5}})?)/)?(?P<path>{_STEP}(?:/{_STEP})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?"
)
_MAX = 512
DOCKER_HUB = "docker.io"
NOT_PINNED = "no: a tag can be moved to another image"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """`host`: the registry, docker.io where none is written. `path`: below it, `library/nginx`. `tag`, `digest`: "" for none."""

    host: str
    path: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.path}{tag}{digest}"

    @property
    def purl(self) -> str:
        """Canonical."""
        folder, _, name = self.path.rpartition("/")
        if self.digest:
            qualifiers = {"repository_url": f"{self.host}/{self.path}", "tag": self.tag}
            return build_purl("oci", name, self.digest, qualifiers=qualifiers)
        registry = "" if self.host == DOCKER_HUB else self.host
        return build_purl("docker", name, self.tag or "latest", namespace=folder, qualifiers={"repository_url": registry})


def parse_image_reference(text: str) -> ImageReference | None:
    """The parts of `text`, or None for what is no name of an image."""
    if len(text) > _MAX:
        return None
    match = re.fullmatch(_REFERENCE, text)
    if match is None:
        return None
    host, path, tag, digest = match.group("host", "path", "tag", "digest")
    if host is not None and host != "localhost" and not set(host) & set(".:"):
        if host != host.lower():
            return None
        host, path = None, f"{host}/{path}"
    if host in ("index.docker.io", "registry-1.docker.io"):
        host = DOCKER_HUB
    host = host or DOCKER_HUB
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return ImageReference(host=host, path=path, tag=tag or ("" if digest else "latest"), digest=digest or "")


def image_component(reference: ImageReference, *, evidence: tuple[str, ...], places: tuple[str, ...]) -> Component:
    """The component of an image that something asks for. `places`: where it is asked for, as people read it."""
    purl = reference.purl
    facts = {"image:reference": str(reference), "image:pinned": "yes" if reference.digest else NOT_PINNED}
    if places:
        facts["image:used-by"] = "; ".join(places)
    algorithm, _, hexdigest = reference.digest.partition(":")
    return Component(
        ref=purl,
        purl=purl,
        type="oci" if reference.digest else "docker",
        name=f"{reference.host}/{reference.path}",
        version=reference.tag or reference.digest,
        kind=ComponentKind.CONTAINER,
        presence=Presence.DECLARED,
        hashes={algorithm: hexdigest} if reference.digest else {},
        hash_covers="image manifest" if reference.digest else "",
        evidence=evidence,
        facts=facts,
    )
