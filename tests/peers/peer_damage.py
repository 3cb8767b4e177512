"""Evidence taken from one place and planted at another: whole, or with one byte of it flipped."""

import base64
import json
from collections.abc import Callable
from typing import Any

from peer_artifacts import Pushed
from peer_programs import Peers
from peer_registry import MANIFEST, Raw, Registry

SIGNATURE = "dev.cosignproject.cosign/signature"
PARTS = ("signature", "payload")

Damage = Callable[[bytes, dict[str, str]], tuple[bytes, dict[str, str]]]


def whole(data: bytes, annotations: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """No damage at all: the control, without which a refusal proves nothing."""
    return data, annotations


def flipped(part: str) -> Damage:
    """One bit of the signature, or of what was signed, is another."""

    def damage(data: bytes, annotations: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        if SIGNATURE in annotations and part == "signature" and annotations[SIGNATURE]:
            return data, annotations | {SIGNATURE: _flip(annotations[SIGNATURE])}
        if annotations.get(SIGNATURE):
            return data.replace(b'"critical"', b'"Critical"', 1), annotations
        return flip_document(data, part), annotations

    return damage


def flip_document(data: bytes, part: str) -> bytes:
    """A bundle or an envelope with one bit flipped."""
    document = json.loads(data)
    if "messageSignature" in document:
        inner = document["messageSignature"]
        place, name = (inner, "signature") if part == "signature" else (inner["messageDigest"], "digest")
    else:
        envelope = document.get("dsseEnvelope", document)
        place, name = (envelope["signatures"][0], "sig") if part == "signature" else (envelope, "payload")
    place[name] = _flip(place[name])
    return json.dumps(document).encode()


def _flip(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 0x01
    return base64.b64encode(raw).decode()


def evidence(pushed: Pushed) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Manifests that refer to it, and those under cosign's tags, by the tag's ending."""
    raw = pushed.raw
    referring = [_load(raw, digest) for digest in raw.referrers(pushed.digest)]
    tagged = {}
    for ending in ("sig", "att"):
        data = raw.manifest(f"{pushed.digest.replace(':', '-')}.{ending}")
        if data is not None:
            tagged[ending] = json.loads(data)
    return referring, tagged


def plant(source: Pushed, target: Pushed, damage: Damage) -> Pushed:
    """All evidence about `source`, after `damage`, said about `target`; returns the target."""
    referring, tagged = evidence(source)
    assert referring or tagged, f"nothing is said about {source.theirs}"
    subject = _subject(target)
    for document in referring:
        target.raw.push_manifest(_carry(source.raw, target.raw, document, damage) | {"subject": subject})
    for ending, document in tagged.items():
        target.raw.push_manifest(_carry(source.raw, target.raw, document, damage), f"{target.digest.replace(':', '-')}.{ending}")
    return target


def copied(source: Pushed, registry: Registry, peers: Peers, name: str) -> Pushed:
    """The artifact alone, none of what is said about it, in another repository."""
    raw = Raw(registry, f"{source.raw.name}-{name}")
    peers.crane("copy", source.tagged, f"{raw.place}:{source.tag}").ok()
    return Pushed(source.kind, raw, source.tag, source.digest)


def _load(raw: Raw, digest: str) -> dict[str, Any]:
    data = raw.manifest(digest)
    assert data is not None
    loaded: dict[str, Any] = json.loads(data)
    return loaded


def _subject(target: Pushed) -> dict[str, Any]:
    data = target.raw.manifest(target.digest)
    assert data is not None
    return {
        "mediaType": json.loads(data).get("mediaType", MANIFEST),
        "digest": target.digest,
        "size": len(data),
    }


def _carry(source: Raw, target: Raw, document: dict[str, Any], damage: Damage) -> dict[str, Any]:
    layers = []
    for layer in document["layers"]:
        data, annotations = damage(source.blob(layer["digest"]), dict(layer.get("annotations") or {}))
        layers.append({**layer, **({"annotations": annotations} if annotations else {}), **target.push_blob(data)})
    target.push_blob(source.blob(document["config"]["digest"]))
    return document | {"layers": layers}
