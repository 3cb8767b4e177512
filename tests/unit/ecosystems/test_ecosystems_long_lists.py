"""A long list is read to its end: nothing of it is left out without a word."""

import json

import pytest
from lock_trees import inventory


def pom(count: int) -> str:
    row = "<dependency><groupId>g</groupId><artifactId>a{}</artifactId><version>1</version></dependency>"
    rows = "".join(row.format(number) for number in range(count))
    own = "<groupId>g</groupId><artifactId>x</artifactId><version>1</version>"
    return f"<project>{own}<dependencies>{rows}</dependencies></project>"


def lock(count: int) -> str:
    packages = {f"P{number}": {"type": "Direct", "resolved": "1.0.0"} for number in range(count)}
    return json.dumps({"version": 1, "dependencies": {"net8.0": packages}})


def deps(count: int) -> str:
    names = [f"P{number}/1.0.0" for number in range(count)]
    return json.dumps(
        {"targets": {"x": {name: {} for name in names}}, "libraries": {name: {"type": "package"} for name in names}}
    )


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("pom.xml", pom(6_000), 6_001),
        ("packages.lock.json", lock(20_500), 20_500),
        ("app.deps.json", deps(20_500), 20_500),
        (
            "packages.config",
            "<packages>" + "".join(f'<package id="P{n}" version="1.0.0"/>' for n in range(20_500)) + "</packages>",
            20_500,
        ),
        (
            "Chart.yaml",
            "name: x\nversion: 1.0.0\ndependencies:\n" + "".join(f"- {{name: c{n}, version: 1.0.0}}\n" for n in range(250)),
            251,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_a_long_list_is_read_to_its_end(name, text, count):
    assert len(inventory({name: text}).components) == count
