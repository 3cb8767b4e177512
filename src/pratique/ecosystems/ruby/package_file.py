"""A `.gem` (RubyGems, Gem::Package): its specification in YAML, written as RubyGems writes it when it installs the gem. Pure.

YAML names classes of Ruby; they are passed over, and nothing of them is made.
"""

from typing import Any

from pratique.cataloging.package_file import PackageFile, one_line
from pratique.lexicon.parse import load_tagged_yaml
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty

METADATA = "metadata.gz"
_PLACE = "specifications/package.gemspec"
_LISTS = {"authors": 10, "licenses": 20}


def read_gem(metadata: bytes) -> PackageFile | None:
    """`metadata`: inflated. None for what names no gem. Raises Malformed."""
    document = table_or_empty(load_tagged_yaml(metadata))
    name, version = text_or_empty(document.get("name")), _version(document.get("version"))
    if not name:
        return None
    needs: list[str] = []
    lines = [f"  s.name = {_literal(name)}.freeze", f"  s.version = {_literal(version)}"]
    platform = text_or_empty(document.get("platform"))
    if platform and platform != "ruby":
        lines.append(f"  s.platform = {_literal(platform)}.freeze")
    for field in ("summary", "homepage"):
        if text := text_or_empty(document.get(field)):
            lines.append(f"  s.{field} = {_literal(text)}.freeze")
    for field, most in _LISTS.items():
        texts = [text_or_empty(one) for one in list_or_empty(document.get(field))[:most]]
        if texts:
            lines.append(f"  s.{field} = [{', '.join(map(_literal, texts))}]")
    for need in list_or_empty(document.get("dependencies"))[:1_000]:
        table = table_or_empty(need)
        if text_or_empty(table.get("type")).lstrip(":") != "development" and (other := text_or_empty(table.get("name"))):
            lines.append(f"  s.add_runtime_dependency({_literal(other)})")
            needs.append(one_line(other))
    text = "\n".join(["Gem::Specification.new do |s|", *lines, "end", ""])
    laid = {_PLACE: text.encode("utf-8", "replace")}
    return PackageFile(kind="Ruby gem", identity=_PLACE, origin=METADATA, contents=laid, needs=tuple(needs))


def _version(value: Any) -> str:
    inner = table_or_empty(value).get("version") if isinstance(value, dict) else value
    return str(inner) if isinstance(inner, str | int | float) else ""


def _literal(text: str) -> str:
    """A string of Ruby in which nothing is computed."""
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"').replace("#", "\\#")
    return f'"{escaped}"'
