"""Places and sources as other tools spell them, told in our own words. Pure.

    oci://HOST/NAME:TAG                          helm, flux
    docker://HOST/NAME:TAG                       skopeo, podman, buildah
    docker-pullable://HOST/NAME@DIGEST           what Kubernetes says of a container's image
    oci:PATH:TAG, ocidir://PATH:TAG              skopeo, regctl: a layout
    file:///PATH, dir:///PATH                    addresses of files (RFC 8089)
    docker-daemon:NAME, containers-storage:NAME  skopeo: what an engine has

What is no name of an image but an address is refused, with what to write instead.
"""

from pratique.errors import InputError
from pratique.model.digest import is_digest

_OTHERS = (
    ("oci://", "registry:"),
    ("docker://", "registry:"),
    ("docker-pullable://", "registry:"),
    ("registry://", "registry:"),
    ("ocidir://", "oci-dir:"),
    ("oci-dir://", "oci-dir:"),
    ("oci-archive://", "oci-archive:"),
    ("file://", "file:"),
    ("dir://", "dir:"),
    ("oci:", "oci-dir:"),
    ("docker-daemon:", "docker:"),
    ("containers-storage:", "podman:"),
)
_ADDRESSES = ("https://", "http://", "registry:https://", "registry:http://")


def as_spelled_here(text: str) -> str:
    """`text` with its scheme as we write it; any other text as it is. Raises InputError for an address, and for a storage's
    own options, which name no image.
    """
    digest, at, place = text.partition("@")
    if at and is_digest(digest):
        return f"{digest}@{as_spelled_here(place)}"
    for theirs, ours in _OTHERS:
        if text[: len(theirs)].lower() == theirs:
            rest = text[len(theirs) :]
            if ours == "podman:" and rest.startswith("["):
                raise InputError("a storage of its own is not read", where=text[:200], hint="write podman:NAME:TAG")
            return f"{ours}{rest}"
    for address in _ADDRESSES:
        if text[: len(address)].lower() == address:
            name = text[len(address) :].rstrip("/").removeprefix("v2/") or "HOST/NAME:TAG"
            raise InputError("an address names no image", where=text[:200], hint=f"write registry:{name[:200]}")
    return text
