"""YAML that people write, with one meaning only, in bounded size: no tags, no aliases (they multiply), no key twice. Pure.

`Reader` takes members out of what was parsed: each of its methods returns the stated type or raises Malformed naming the field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.parse import leave_times_as_text

MAX_BYTES = 1 << 20  # these documents are written by people
MAX_TOKENS = 50_000
MAX_DEPTH = 50  # and reading takes longer with each open level


def load_yaml(data: bytes, *, what: str, where: str, max_tokens: int = MAX_TOKENS) -> Any:
    """The value these bytes spell; None for an empty document. `what` and `where` name it in errors.

    Dates and times stay text, as they are written. Raises Malformed, LimitExceeded.
    """
    import yaml

    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"a {what} may have {MAX_BYTES} bytes, this has {len(data)}", where=where)

    class StrictLoader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            seen: set[str] = set()
            for key in keys:
                if not isinstance(key, str):
                    raise Malformed(f"line {node.start_mark.line + 1}: the key {key!r} is not a text", where=where)
                if key in seen:
                    raise Malformed(f"line {node.start_mark.line + 1}: the key {key!r} stands twice", where=where)
                seen.add(key)
            return super().construct_mapping(node, deep=deep)

    leave_times_as_text(StrictLoader)
    starts = yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken, yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken
    ends = yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken
    try:
        text = data.decode("utf-8")
        depth = 0
        for count, token in enumerate(yaml.scan(text, Loader=yaml.SafeLoader)):
            if count > max_tokens:
                raise LimitExceeded(f"a {what} may have {max_tokens} YAML tokens", where=where)
            line = f"line {token.start_mark.line + 1}: "
            depth += isinstance(token, starts) - isinstance(token, ends)
            if depth > MAX_DEPTH:
                raise LimitExceeded(f"{line}a {what} may be {MAX_DEPTH} levels deep", where=where)
            if isinstance(token, yaml.AliasToken | yaml.TagToken):
                raise Malformed(f"{line}aliases and tags are not allowed in a {what}", where=where)
        return StrictLoader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        hint = "indent with spaces, never with tabs" if "'\\t'" in str(error.problem) else None
        raise Malformed(f"{line}not YAML: {error.problem}", where=where, hint=hint) from error
    except UnicodeDecodeError as error:
        raise Malformed("not YAML: not a text in UTF-8", where=where) from error
    except (yaml.YAMLError, ValueError) as error:
        raise Malformed(f"not YAML: {str(error).splitlines()[0]}", where=where) from error


# Of other programs' documents, a field that tells them, and what they are for here.
_OTHERS = {
    "apiVersion": "a Kubernetes object is read by: pratique gate manifests:PATH; how a policy is written: docs/policy.md",
    "trustPolicies": "a trust policy of notation belongs to: pratique verify SOURCE --notation-config FOLDER",
    "bomFormat": "a bill of materials is held against an artifact by: pratique sbom check SOURCE SBOM",
    "spdxVersion": "a bill of materials is held against an artifact by: pratique sbom check SOURCE SBOM",
    "require": "this is a policy: pratique gate SOURCE --policy FILE; how a trust is written: docs/trust.md",
    "expiry": "this is a trust: give it with --trust FILE; how a policy is written: docs/policy.md",
}


def _is_elsewhere(strange: set[str]) -> str | None:
    return next((advice for field, advice in _OTHERS.items() if field in strange), None)


def _meant(strange: str, known: set[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(strange, sorted(known), n=1, cutoff=0.75)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(known))}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Typed access to a document; every error names the field and, by `where`, the file."""

    where: str

    def fail(self, field: str, problem: str, hint: str | None = None) -> Malformed:
        """The error to raise about a field."""
        return Malformed(f"field {field or '(document)'} {problem}", where=self.where, hint=hint)

    def mapping(self, value: Any, field: str, known: set[str] | None) -> dict[str, Any]:
        """A mapping with no other members than `known`; None lets any be."""
        if not isinstance(value, dict):
            raise self.fail(field, "must be a mapping", "write NAME: VALUE lines, as in docs/policy.md and docs/trust.md")
        if known is not None and not set(value) <= known:
            strange = min(set(value) - known)
            hint = _is_elsewhere(set(value) - known) if not field else None
            raise self.fail(f"{field}.{strange}".lstrip("."), "is not known", hint or _meant(strange, known))
        return value

    def check_version(self, top: Mapping[str, Any]) -> None:
        """Raises unless the document says that it is of version 1, by the whole number."""
        version = top.get("version")
        if type(version) is not int or version != 1:
            raise self.fail("version", "must be 1", "write version: 1")

    def items(self, value: Any, field: str) -> list[Any]:
        """A list; a member that is left out is an empty one."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fail(field, "must be a list")
        return value

    def string(self, value: Any, field: str) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value:
            raise self.fail(field, "must be a text")
        return value

    def boolean(self, value: Any, field: str) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            raise self.fail(field, "must be true or false")
        return value

    def count(self, value: Any, field: str, most: int) -> int:
        """A whole number from 1 to `most`."""
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise self.fail(field, f"must be a number from 1 to {most}")
        return value

    def strings(self, value: Any, field: str) -> tuple[str, ...]:
        """A list of texts."""
        if not isinstance(value, list):
            raise self.fail(field, "must be a list of texts")
        return tuple(self.string(item, field) for item in value)
