"""Lists of referrers: what a registry's API answers, and the index under a fallback tag (distribution-spec, Listing Referrers
and Referrers Tag Schema). Pure.

A list is a hint: the manifest that it names decides what a referrer is. So one odd entry spoils no list, and no entry is dropped
for what it says of itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import AuthenticationRequired, LimitExceeded, Malformed, RateLimited
from pratique.model.digest import Digest, is_digest
from pratique.registry.types import (
    INDEX_TYPES,
    MAX_DEPTH,
    MAX_INDEX_BYTES,
    OCI_INDEX,
    Descriptor,
    descriptor_from_json,
    descriptor_to_json,
)

UNKNOWN_SIZE = -1
_REFUSALS = frozenset(("UNAUTHORIZED", "DENIED", "FORBIDDEN"))


def load_list(data: bytes, content_type: str, *, where: str) -> Mapping[str, Any] | None:
    """The document that is a list; None for an answer that is none: a page, an image, nothing at all.

    Raises Malformed for what begins as one and is broken, LimitExceeded; AuthenticationRequired and RateLimited for a refusal
    that comes with status 200.
    """
    is_claimed = content_type.partition(";")[0].strip().lower() in INDEX_TYPES
    if not data.strip():
        return None
    try:
        document = load_json(data, what="the list of referrers", max_size=MAX_INDEX_BYTES, max_depth=MAX_DEPTH)
    except Malformed as error:
        if is_claimed or isinstance(error, LimitExceeded) or data.lstrip()[:1] == b"{":
            error.where = error.where or where
            raise
        return None
    if not isinstance(document, dict):
        return None
    _raise_refusal(document, where)
    if "layers" in document or "config" in document:
        return None
    if "manifests" not in document and not is_claimed and document.get("mediaType") not in INDEX_TYPES:
        return None
    if not isinstance(document.get("manifests") or [], list):
        raise Malformed("a list of referrers that is none", where=where)
    return document


def listed_in(document: Mapping[str, Any], *, where: str) -> list[Descriptor]:
    """The entries of a list, each as far as it can be read. Raises Malformed when not one of them can."""
    items = document.get("manifests") or []  # null where a program writes an empty list so
    found = [descriptor for item in items if (descriptor := listed_descriptor(item)) is not None]
    if items and not found:
        raise Malformed("a list of referrers none of which has a digest", where=where)
    return found


def listed_descriptor(value: object) -> Descriptor | None:
    """One entry of a list, without what is odd in it; of size UNKNOWN_SIZE when it has to be looked up. None without a digest."""
    try:
        return descriptor_from_json(value)
    except Malformed:
        digest = value.get("digest") if isinstance(value, Mapping) else None
        if not isinstance(digest, str) or not is_digest(digest):
            return None
        return Descriptor(media_type="", digest=Digest(digest), size=UNKNOWN_SIZE)


def add_to_list(document: Mapping[str, Any] | None, new: Sequence[Descriptor]) -> bytes | None:
    """The index with `new` at its end, and all that was there as it was; None if all are listed. No `document`: no index yet."""
    before: Mapping[str, Any] = document if document is not None else {"schemaVersion": 2, "mediaType": OCI_INDEX}
    entries = list(before.get("manifests") or ())
    listed = {entry.get("digest") for entry in entries if isinstance(entry, Mapping)}
    added = {item.digest: descriptor_to_json(item) for item in new if item.digest not in listed}
    return dump_json({**before, "manifests": [*entries, *added.values()]}) if added else None


def render_index(items: Sequence[Descriptor]) -> bytes:
    """An image index of these descriptors: the same items, the same bytes."""
    manifests = [descriptor_to_json(item) for item in items]
    return dump_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})


def _raise_refusal(document: Mapping[str, Any], where: str) -> None:
    errors = document.get("errors")
    codes = {error.get("code") for error in errors if isinstance(error, Mapping)} if isinstance(errors, list) else set()
    if codes & _REFUSALS:
        raise AuthenticationRequired("list of referrers: the registry refuses us", where=where, hint="log in; is the name right?")
    if "TOOMANYREQUESTS" in codes:
        raise RateLimited("list of referrers: the registry wants fewer requests", where=where, hint="try again later")
