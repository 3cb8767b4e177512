"""Lock files of npm, yarn, pnpm and bun: one project, locked by each of them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from lock_trees import broken, fixture, inventory, told
from sbom_trees import SUBJECT, tree

from pratique.cataloging import cataloger as base
from pratique.ecosystems.npm import bun, npm_lock
from pratique.ecosystems.npm import installed as npm
from pratique.ecosystems.npm import names as npm_names
from pratique.ecosystems.npm.names import climb, climbing_steps
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ComponentKind, Presence

LOCKS = {
    "package-lock-v1.json": "package-lock.json",
    "package-lock-v2.json": "package-lock.json",
    "package-lock-v3.json": "npm-shrinkwrap.json",
    "yarn-v1.lock": "yarn.lock",
    "pnpm-v5.yaml": "pnpm-lock.yaml",
    "pnpm-v6.yaml": "pnpm-lock.yaml",
    "pnpm-v9.yaml": "pnpm-lock.yaml",
    "bun.lock": "bun.lock",
    "yarn-berry.lock": "yarn.lock",
}
OWN = "pkg:npm/%40example/shop@1.2.3"
ALL = {
    f"pkg:npm/{name}"
    for name in [
        "%40babel/code-frame@7.22.5",
        "%40babel/helper-validator-identifier@7.29.7",
        "%40babel/highlight@7.25.9",
        "ansi-regex@5.0.1",
        "ansi-styles@3.2.1",
        "ansi-styles@4.3.0",
        "chalk@2.4.2",
        "chalk@4.1.2",
        "color-convert@1.9.3",
        "color-convert@2.0.1",
        "color-name@1.1.3",
        "color-name@1.1.4",
        "debug@4.4.3",
        "emoji-regex@8.0.0",
        "escape-string-regexp@1.0.5",
        "fsevents@2.3.2",
        "has-flag@3.0.0",
        "has-flag@4.0.0",
        "is-fullwidth-code-point@3.0.0",
        "js-tokens@4.0.0",
        "loose-envify@1.4.0",
        "ms@2.1.3",
        "object-assign@4.1.1",
        "picocolors@1.1.1",
        "react-is@18.3.1",
        "react-shallow-renderer@16.15.0",
        "react@18.2.0",
        "semver@7.8.6",
        "string-width@4.2.3",
        "strip-ansi@6.0.1",
        "supports-color@5.5.0",
        "supports-color@7.2.0",
        "wrap-ansi@7.0.0",
    ]
}


def lock(name: str) -> dict[str, bytes | str]:
    return {LOCKS[name]: fixture(f"javascript/{name}")}


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_file_tells_the_same_packages_and_edges(name):
    found = told(lock(name))
    registry = {purl for purl, one in found.items() if one.kind is ComponentKind.LIBRARY}
    assert registry >= ALL and (registry == ALL or name == "yarn-berry.lock")  # berry brings what builds fsevents
    assert all(one.presence is Presence.DECLARED and one.evidence == (LOCKS[name],) for one in found.values())
    assert found["pkg:npm/chalk@4.1.2"].depends == ("pkg:npm/ansi-styles@4.3.0", "pkg:npm/supports-color@7.2.0")
    assert "pkg:npm/chalk@2.4.2" in found["pkg:npm/%40babel/highlight@7.25.9"].depends
    assert found["pkg:npm/%40babel/code-frame@7.22.5"].name == "@babel/code-frame"


@pytest.mark.parametrize("name", LOCKS)
def test_the_digest_is_said_to_be_of_the_archive_it_is_of(name):
    one = told(lock(name))["pkg:npm/ms@2.1.3"]
    if name == "yarn-berry.lock":
        assert one.hash_covers == "yarn cache archive"
    else:
        assert one.hash_covers == "package archive"
        assert one.hashes["sha512"].startswith(
            "e85973b9b4cb646dc9d9afcd542025784863ceae68c601f268253dc985ef70bb2fa1568726afece715c8eb"
        )


@pytest.mark.parametrize("name", [name for name in LOCKS if name.startswith(("package", "pnpm"))])
def test_what_only_development_or_some_platform_needs_is_said(name):
    found = told(lock(name))
    assert found["pkg:npm/semver@7.8.6"].facts["scope"] == "dev"
    assert found["pkg:npm/fsevents@2.3.2"].facts["scope"] == "optional"
    assert "scope" not in found["pkg:npm/chalk@2.4.2"].facts


def test_the_project_itself_is_listed_once_with_what_it_needs():
    files = lock("package-lock-v3.json") | {"package.json": fixture("javascript/package.json")}
    own = told(files)[OWN]
    assert own.kind is ComponentKind.APPLICATION and own.licences == ("MIT",) and "pkg:npm/debug@4.4.3" in own.depends
    assert [purl for purl in told(lock("bun.lock") | {"package.json": files["package.json"]}) if "shop" in purl] == [OWN]


def test_a_package_json_at_the_root_of_an_image_is_no_package():
    assert catalogue_tree(SUBJECT, tree({"package.json": fixture("javascript/package.json")})).components == ()


def test_a_lock_file_beside_what_is_installed_adds_its_digest_also_in_an_image():
    files = lock("package-lock-v3.json") | {"node_modules/ms/package.json": json.dumps({"name": "ms", "version": "2.1.3"})}
    (one,) = catalogue_tree(SUBJECT, tree(files)).components
    assert one.presence is Presence.INSTALLED and set(one.hashes) == {"sha512"}


def test_npms_own_notes_give_installed_packages_their_digest_but_not_those_of_another_version():
    packages = {"debug": "4.4.3", "ms": "9.9.9", "semver": "7.8.6"}
    files = {f"a/node_modules/{name}/package.json": json.dumps({"name": name, "version": v}) for name, v in packages.items()}
    found = told(files | {"a/node_modules/.package-lock.json": fixture("javascript/hidden-lock.json")})
    assert found["pkg:npm/debug@4.4.3"].hash_covers == "package archive"
    assert found["pkg:npm/ms@9.9.9"].hashes == {}
    assert found["pkg:npm/semver@7.8.6"].facts["scope"] == "dev"


def test_lock_files_inside_installed_packages_are_their_own_affair():
    assert told({f"node_modules/x/{path}": data for path, data in lock("yarn-v1.lock").items()}) == {}


def test_addresses_lose_their_passwords():
    entry = {"version": "1.0.0", "resolved": "https://me:secret@registry.example/a.tgz"}
    found = told({"package-lock.json": json.dumps({"packages": {"node_modules/a": entry}})})
    (one,) = found.values()
    assert one.purl == "pkg:npm/a@1.0.0?download_url=https:%2F%2Fregistry.example%2Fa.tgz"
    assert one.facts == {"resolved": "https://registry.example/a.tgz"}


def test_git_and_workspace_packages_of_a_lock_file_are_listed():
    packages = {
        "": {"name": "w", "version": "1.0.0", "dependencies": {"@w/a": "*", "g": "*"}},
        "packages/a": {"name": "@w/a", "version": "0.1.0"},
        "node_modules/@w/a": {"resolved": "packages/a", "link": True},
        "node_modules/g": {"version": "2.0.0", "resolved": "git+ssh://git@git.example/g.git#abc"},
    }
    found = told({"package-lock.json": json.dumps({"lockfileVersion": 3, "packages": packages})})
    git, folder = "pkg:npm/g@2.0.0?vcs_url=git%2Bssh:%2F%2Fgit.example%2Fg.git%40abc", "local:npm/packages/a#@w/a@0.1.0"
    assert found["pkg:npm/w@1.0.0"].depends == (folder, git)
    assert found[git].facts["resolved"] == "git+ssh://git.example/g.git#abc"
    assert found[folder].purl == "" and found[folder].facts["location"] == "packages/a"


def test_the_binary_lock_file_of_bun_is_said_not_to_be_read():
    (unknown,) = inventory({"bun.lockb": b"#!/usr/bin/env bun\nbun-lockfile-format-v0\n\0\1"}).unknowns
    assert "binary" in unknown.reason


@pytest.mark.parametrize("name", ["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"])
def test_what_is_no_lock_file_costs_an_unknown(name):
    (unknown,) = inventory({name: b"{\x00"}).unknowns
    assert unknown.path == name


def test_very_deep_places_cost_no_more_than_their_length():
    deep = "node_modules/a/" * 50_000 + "node_modules/b"
    packages = {deep: {"version": "1"}, "node_modules/c": {"version": "1", "dependencies": {"b": "*"}}}
    assert set(told({"package-lock.json": json.dumps({"packages": packages})})) == {"pkg:npm/c@1"}


@pytest.mark.parametrize(
    "path", ["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "node_modules/.package-lock.json"]
)
def test_broken_lock_files_never_raise(path):
    @given(data=broken(*(f"javascript/{name}" for name, real in LOCKS.items() if path.endswith(real) or path.startswith("node"))))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def check(data):
        for one in inventory({path: data}).components:
            assert one.ref.startswith(("pkg:npm/", "local:npm/"))

    check()


DEEP = "a/" * 2_000 + "b"


@pytest.mark.parametrize("place", ["", "a", "node_modules/a", "a/" * 300 + "a", DEEP])
def test_what_a_search_counts_is_what_it_costs(place):
    looked_at = list(climb(place))
    assert climbing_steps(place, "name") >= len(looked_at)
    assert climbing_steps(place, "name") * 64 >= sum(len(text) + len("/name") for text in looked_at)


def hostile(kind):
    """A lock file whose packages lie two thousand folders deep, and need much that is not there."""
    needs = {f"absent-{number}": "*" for number in range(400)}
    if kind == "bun.lock":
        return {"packages": {f"{DEEP}{number}": [f"b{number}@1", "", {"dependencies": needs}, ""] for number in range(20)}}
    return {"packages": {f"{DEEP}/node_modules/b{number}": {"version": "1", "dependencies": needs} for number in range(20)}}


@pytest.mark.parametrize("kind", ["bun.lock", "package-lock.json"])
def test_looking_for_what_is_not_there_is_limited_by_the_characters_it_takes(kind, monkeypatch):
    characters = 0

    def counted(place):
        nonlocal characters
        for text in climb(place):
            characters += len(text)
            yield text

    limit = 1_000_000
    monkeypatch.setattr(base, "MAX_STEPS", limit)
    monkeypatch.setattr(npm_names, "climb", counted)
    monkeypatch.setattr(bun, "climb", counted)
    found = inventory({kind: json.dumps(hostile(kind))})
    assert 0 < characters <= 64 * limit  # of 8,000 searches of eight million characters each, a few
    assert len(found.components) == 20
    assert [one.reason for one in found.unknowns] == [f"more than {limit} dependencies to follow: the rest was left out"]


def nested(depth, width):
    """Version 1: folders in folders, and many packages in the innermost."""
    inner = {f"{number}": {} for number in range(width)}
    for _ in range(depth):
        inner = {"a": {"dependencies": inner}}
    return {"lockfileVersion": 1, "dependencies": inner}


def test_many_packages_in_a_deep_folder_do_not_each_cost_its_name(monkeypatch):
    monkeypatch.setattr(npm_lock, "MAX_PLACES_CHARS", 100_000)
    assert inventory({"package-lock.json": json.dumps(nested(50, 10))}).unknowns == ()
    found = inventory({"package-lock.json": json.dumps(nested(200, 1000))})
    assert found.components == () and "places of more than" in found.unknowns[0].reason


def test_notes_in_a_deep_folder_do_not_each_cost_its_name(monkeypatch):
    monkeypatch.setattr(npm, "MAX_PLACES_CHARS", 100_000)
    notes = json.dumps({"packages": {f"node_modules/{number}": {"version": "1"} for number in range(1000)}})
    path = "x/" * 100 + "node_modules/.package-lock.json"
    assert any("places of more than" in one.reason for one in inventory({path: notes}).unknowns)
