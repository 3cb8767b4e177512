"""Whose services sign, stamp and log: named one by one, or by a SigningConfig v0.2 (sigstore_trustroot.proto). Pure.

Of a SigningConfig, those services are taken that speak the highest interface this program knows and are valid now; the newest
of each operator; as many operators as the configuration asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.members import as_count, as_instant, as_list, as_object, as_text
from pratique.attest.strictjson import load_json
from pratique.errors import InputError, LimitExceeded, Malformed

MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
MAX_SERVICES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekor:
    """A transparency log's address and its interface, 1 or 2."""

    url: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where to sign. `fulcio`, `rekors`: base addresses; `stampers`: full addresses of timestamp authorities."""

    fulcio: str
    rekors: tuple[Rekor, ...]
    stampers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.rekors:
            raise InputError("keyless signing needs a transparency log")
        if not self.stampers and all(rekor.version == 2 for rekor in self.rekors):
            raise InputError(
                "Rekor v2 states no times, so nobody could tell when this was signed", hint="name a timestamp authority"
            )


def parse_signing_config(data: bytes, *, now: float) -> Services:
    """Choose from a SigningConfig in JSON. Raises Malformed, LimitExceeded, InputError when it offers too little."""
    config = as_object(load_json(data, what="signing configuration", max_size=1024 * 1024), "signing configuration")
    if config.get("mediaType") != MEDIA_TYPE:
        raise Malformed(f"not a Sigstore signing configuration v0.2: mediaType is {str(config.get('mediaType'))[:80]!r}")
    authorities = _choose(config, "caUrls", versions=(1,), now=now)
    logs = _pick(_choose(config, "rekorTlogUrls", versions=(2, 1), now=now), config.get("rekorTlogConfig"), "rekorTlogConfig")
    stampers = _choose(config, "tsaUrls", versions=(1,), now=now)
    if stampers:
        stampers = _pick(stampers, config.get("tsaConfig"), "tsaConfig")
    if not authorities:
        raise InputError("the signing configuration offers no certificate authority that is valid now and understood here")
    return Services(
        fulcio=authorities[0].url,
        rekors=tuple(Rekor(url=item.url, version=item.version) for item in logs),
        stampers=tuple(item.url for item in stampers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Service:
    url: str
    version: int
    start: int
    end: int | None
    operator: str


def _choose(config: Mapping[str, Any], name: str, *, versions: tuple[int, ...], now: float) -> list[_Service]:
    """The newest service of each operator that is valid now, of the highest version that any has."""
    items = [
        _parse(item, f"{name}[{number}]") for number, item in enumerate(as_list(config.get(name, []), name, limit=MAX_SERVICES))
    ]
    valid = [item for item in items if item.start <= now and (item.end is None or now <= item.end)]
    for version in versions:
        found: dict[str, _Service] = {}
        for item in sorted((item for item in valid if item.version == version), key=lambda item: -item.start):
            found.setdefault(item.operator, item)
        if found:
            return list(found.values())
    return []


def _parse(value: Any, where: str) -> _Service:
    item = as_object(value, where)
    window = as_object(item.get("validFor"), f"{where}.validFor")
    end = window.get("end")
    return _Service(
        url=as_text(item.get("url"), f"{where}.url").rstrip("/"),
        version=as_count(item.get("majorApiVersion"), f"{where}.majorApiVersion"),
        start=as_instant(window.get("start"), f"{where}.validFor.start"),
        end=None if end is None else as_instant(end, f"{where}.validFor.end"),
        operator=as_text(item.get("operator", ""), f"{where}.operator"),
    )


def _pick(services: list[_Service], value: Any, where: str) -> list[_Service]:
    """As many as the selector says (ServiceSelector). Raises InputError when there are not enough."""
    config = as_object(value, where)
    selector = config.get("selector")
    if selector == "EXACT":
        count = as_count(config.get("count"), f"{where}.count")
        if not count:
            raise Malformed(f"{where}.count is 0")
    elif selector in ("ANY", "ALL"):
        count = 1 if selector == "ANY" else max(1, len(services))
    else:
        raise Malformed(f"{where}.selector is {str(selector)[:40]!r}")
    if count > MAX_SERVICES:
        raise LimitExceeded(f"{where}.count is {count}")
    if len(services) < count:
        raise InputError(
            f"the signing configuration wants {count} services of different operators in {where}, and offers {len(services)}"
        )
    return services[:count]
