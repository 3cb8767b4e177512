"""docs/policy.md is true: its example is a policy, and its table lists every key that the reader knows, and no other."""

import re
from pathlib import Path

import pytest
import yaml

from pratique.errors import Malformed
from pratique.policy.document import parse_policy

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "policy.md").read_text()
EXAMPLE = re.search(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
LISTED = {name.replace("NAME", "release") for name in re.findall(r"^\| `([a-zA-Z.-]+)` \|", PAGE, re.MULTILINE)}
WITHOUT_DEFAULT = {
    "version",
    "name",
    "authorities.release.keys",
    "require.signature.from",
    "require.sbom.from",
    "require.provenance.from",
    "require.provenance.builders",
}


def parse(document):
    return parse_policy(yaml.safe_dump(document).encode(), where="policy.yaml")


def example():
    return yaml.safe_load(EXAMPLE)


def keys_of(value, path=""):
    for name, inner in value.items():
        here = f"{path}.{name}".lstrip(".")
        yield here
        if isinstance(inner, dict):
            yield from keys_of(inner, here)


def known_to_the_reader(document):
    """Every mapping of the document, given a key that nobody knows: the reader answers with those that it does."""
    for path in ["", *(key for key in keys_of(document) if key not in ("authorities", "authorities.audit"))]:
        broken = example()
        at = broken
        for name in filter(None, path.split(".")):
            at = at[name]
        if not isinstance(at, dict):
            continue
        at["nonsense"] = 1
        with pytest.raises(Malformed, match="known here: ") as caught:
            parse(broken)
        for name in re.search(r"known here: ([a-z, -]+)", str(caught.value))[1].split(", "):
            yield f"{path}.{name}".lstrip(".")


def test_the_example_is_a_policy_that_uses_every_key():
    policy = parse(example())
    assert policy.signature.threshold == 2 and policy.key_files["audit"] == ("audit-2025.pub", "audit-2026.pub")
    assert {key for key in keys_of(example()) if not key.startswith("authorities.audit")} == LISTED | {"authorities.release"}


def test_the_table_lists_every_key_that_the_reader_knows():
    assert set(known_to_the_reader(example())) == {key for key in LISTED if key != "authorities.release"}


@pytest.mark.parametrize("key", sorted(key for key in LISTED if key.count(".") and key != "authorities.release"))
def test_a_key_may_be_left_out_exactly_where_the_table_gives_a_default(key):
    document = example()
    if key == "require.sbom":
        del document["deny"]
    *path, last = key.split(".")
    at = document
    for name in path:
        at = at[name]
    del at[last]
    if key in WITHOUT_DEFAULT:
        with pytest.raises(Malformed):
            parse(document)
    else:
        parse(document)
