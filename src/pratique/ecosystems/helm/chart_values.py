"""Images in the values of a Helm chart, by the conventions charts keep (`repository`, `tag`, `digest`, `registry`), and the few
expressions in templates that stand for a value as it is. Pure; nothing is rendered.

Values of a parent chart lie over those of its subcharts, as Helm lays them (Helm, «Subcharts and Global Values»). A tag that
is left empty is the chart's appVersion, as `helm create` writes it. What follows no convention is left to the caller to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pratique.cataloging.manifests.images import VALUE_PATH
from pratique.lexicon.lazy_regex import lazy

_TAGS = ("tag", "imageTag", "image_tag")
_MARKS = frozenset({"tag", "digest", "registry", "pullPolicy", "imagePullPolicy"})
_EXPRESSION = lazy(r"\{\{-?[ \t]*([^{}]*?)[ \t]*-?\}\}")
_FILTERS = lazy(r"(?:quote|toString|trim|(?:default[ \t]+(?:\$?\.Chart\.AppVersion|\"[^\"]*\")))")


class ValueImage(NamedTuple):
    """`path`: of the value, dots between keys. `text`: the image's name as the values put it together. `tag_from`: where the
    tag is from if the values name none."""

    path: str
    text: str
    tag_from: str = ""


def value_images(values: Mapping[str, Any], *, app_version: str) -> Iterator[ValueImage]:
    """Every image that the values name, in their order."""
    global_ = values.get("global")
    registry = _text(global_.get("imageRegistry")) if isinstance(global_, dict) else ""
    stack: list[tuple[str, str, Any]] = [("", "", values)]
    while stack:
        path, key, value = stack.pop()
        if isinstance(value, dict):
            found = _mapping(path, key, value, registry, app_version)
            if found is not None:
                yield found
                continue
            yield from _strings(path, value)
            below = [(f"{path}.{name}".lstrip("."), str(name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            below = [(f"{path}[{index}]", key, inner) for index, inner in enumerate(value)]
        else:
            continue
        stack += reversed([item for item in below if isinstance(item[2], dict | list)])


def _mapping(path: str, key: str, value: Mapping[str, Any], global_registry: str, app_version: str) -> ValueImage | None:
    """`{registry, repository, tag, digest}`, or `{name, tag}` under a key that speaks of an image."""
    speaks = "image" in key.lower()
    name = _text(value.get("repository"))
    if not name and speaks and "tag" in value:
        name = _text(value.get("name"))
    if not name or "://" in name or not (speaks or _MARKS & value.keys()):
        return None
    registry = global_registry or _text(value.get("registry"))
    if registry:
        name = f"{registry.rstrip('/')}/{name}"
    digest = _text(value.get("digest") or value.get("sha"))
    if digest and ":" not in digest:
        digest = f"sha256:{digest}"
    return _put(path, name, _text(value.get("tag")), digest, app_version)


def _put(path: str, name: str, tag: str, digest: str, app_version: str) -> ValueImage:
    tag_from = ""
    if not tag and not digest and ":" not in name.rpartition("/")[2] and app_version:
        tag, tag_from = app_version, "the chart's appVersion: the values name none"
    return ValueImage(path, name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else ""), tag_from)


def _strings(path: str, value: Mapping[str, Any]) -> Iterator[ValueImage]:
    """`image: NAME[:TAG]`, perhaps with the tag beside it, and other keys that end so."""
    for key, text in value.items():
        name = str(key)
        if not isinstance(text, str) or not name.lower().endswith("image") or not text or "{{" in text:
            continue
        where = f"{path}.{name}".lstrip(".")
        tag = next((tag for one in _TAGS if (tag := _text(value.get(one)))), "") if name == "image" else ""
        if tag and ":" not in text.rpartition("/")[2]:
            yield ValueImage(where, f"{text}:{tag}")
        elif set(text) & set("/:") or tag or name == "image":
            yield ValueImage(where, text)


def look_up(values: Mapping[str, Any], path: str) -> Any:
    """The value at `a.b.c`, None for nothing."""
    found: Any = values
    for part in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


def substitute(text: str, values: Mapping[str, Any], *, app_version: str) -> str | None:
    """`text` with each `{{ .Values.a.b }}` and `{{ .Chart.AppVersion }}` replaced; None where it holds any other expression."""
    out: list[str] = []
    pieces = _EXPRESSION.split(text)
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            out.append(piece)
            continue
        value = _expression(piece, values, app_version)
        if value is None:
            return None
        out.append(value)
    joined = "".join(out)
    return None if "{{" in joined else joined.strip("\"' ")


def _expression(text: str, values: Mapping[str, Any], app_version: str) -> str | None:
    first, *filters = (part.strip() for part in text.split("|"))
    if first.startswith("default .Chart.AppVersion "):
        first, filters = first.removeprefix("default .Chart.AppVersion "), ["default .Chart.AppVersion", *filters]
    if not all(_FILTERS.fullmatch(one) for one in filters):
        return None
    first = first.removeprefix("$")
    if first == ".Chart.AppVersion":
        return app_version or None
    match = VALUE_PATH.fullmatch(first)
    if match is None:
        return None
    value = _text(look_up(values, match.group(1)[1:]))
    for one in filters:
        if not value and one.startswith("default"):
            stated = one.removeprefix("default").strip()
            value = stated.strip('"') if stated.startswith('"') else app_version
    return value or None


def overlay(below: Any, above: Any) -> Any:
    """`above` laid over `below`: mappings are joined, anything else replaces; null takes away (Helm, «Values Files»)."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    out = dict(below)
    for key, value in above.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = overlay(out[key], value) if key in out else value
    return out


def _text(value: Any) -> str:
    """A scalar as a template writes it."""
    if isinstance(value, str):
        return value.strip() if "{{" not in value else ""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
