"""What is known of what each package needs: all of it, a part, or nothing."""

import json
from dataclasses import replace

import pytest
from lock_trees import fixture, inventory, told
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree, merge_components
from pratique.model import Component, Edges

DEB = "Package: {}\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n{}\n"


def edges(files: dict[str, bytes | str]) -> dict[str, Edges]:
    return {one.name: one.edges for one in inventory(files).components}


@pytest.mark.parametrize(
    ("path", "data", "name"),
    [
        ("package-lock.json", "javascript/package-lock-v3.json", "ms"),
        ("yarn.lock", "javascript/yarn-v1.lock", "ms"),
        ("yarn.lock", "javascript/yarn-berry.lock", "ms"),
        ("pnpm-lock.yaml", "javascript/pnpm-v9.yaml", "ms"),
        ("bun.lock", "javascript/bun.lock", "ms"),
        ("uv.lock", "python/uv.lock", "certifi"),
        ("poetry.lock", "python/poetry.lock", "certifi"),
        ("pdm.lock", "python/pdm.lock", "certifi"),
        ("Gemfile.lock", "ruby/Gemfile.lock", "rake"),
    ],
)
def test_a_lock_file_with_edges_says_of_its_leaves_that_they_need_nothing(path, data, name):
    one = next(one for one in told({path: fixture(data)}).values() if one.name == name)
    assert one.depends == () and one.edges is Edges.COMPLETE


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "a==1\n"),
        ("Pipfile.lock", '{"default": {"a": {"version": "==1"}}}'),
        ("pubspec.lock", "packages:\n  a:\n    source: hosted\n    description: {name: a}\n    version: '1'\n"),
        ("packages.config", '<packages><package id="a" version="1.0"/></packages>'),
        ("gradle.lockfile", "g:a:1=runtimeClasspath\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {resolution: {integrity: x}}\n"),
        ("pylock.toml", '[[packages]]\nname = "a"\nversion = "1"\n'),
        ("Package.resolved", '{"pins": [{"identity": "a", "location": "https://g.example/u/a", "state": {"version": "1.0.0"}}]}'),
        ("renv.lock", '{"Packages": {"a": {"Package": "a", "Version": "1"}}}'),
    ],
)
def test_a_list_without_edges_says_nothing_of_what_is_needed(path, text):
    (known,) = edges({path: text}).values()
    assert known is Edges.UNKNOWN


def test_what_a_lock_file_asks_for_and_does_not_have_leaves_it_open():
    lock = {"packages": [{"name": "v/a", "version": "1", "require": {"v/gone": "*", "php": ">=8", "ext-json": "*"}}]}
    assert edges({"composer.lock": json.dumps(lock)}) == {"v/a": Edges.INCOMPLETE}
    del lock["packages"][0]["require"]["v/gone"]
    assert edges({"composer.lock": json.dumps(lock)}) == {"v/a": Edges.COMPLETE}  # PHP itself is no package


def test_a_package_of_the_system_whose_needs_are_not_all_there_is_open():
    status = DEB.format("a", "Depends: b, gone | absent\n") + "\n" + DEB.format("b", "") + "\n" + DEB.format("c", "Depends: b\n")
    found = edges({"var/lib/dpkg/status": status})
    assert (found["a"], found["b"], found["c"]) == (Edges.INCOMPLETE, Edges.COMPLETE, Edges.COMPLETE)


WINDOWS = "sys_platform == 'win32'"


def test_what_a_python_distribution_needs_elsewhere_only_is_not_missing():
    base = "lib/site-packages/{}-1.dist-info/METADATA"
    files = {
        base.format(
            "a"
        ): 'Name: a\nVersion: 1\nRequires-Dist: colorama; sys_platform == "win32"\nRequires-Dist: x; extra == "y"\n',
        base.format("b"): "Name: b\nVersion: 1\nRequires-Dist: gone\n",
        "lib/site-packages/c-1.egg-info": "Name: c\nVersion: 1\n",
    }
    assert edges(files) == {"a": Edges.COMPLETE, "b": Edges.INCOMPLETE, "c": Edges.UNKNOWN}


def test_optional_packages_and_peers_may_be_absent_from_node_modules():
    package = {"name": "a", "version": "1", "optionalDependencies": {"o": "*"}, "peerDependencies": {"p": "*"}}
    assert edges({"node_modules/a/package.json": json.dumps(package)}) == {"a": Edges.COMPLETE}
    package["dependencies"] = {"gone": "*"}
    assert edges({"node_modules/a/package.json": json.dumps(package)}) == {"a": Edges.INCOMPLETE}


def test_what_an_image_merely_declares_leaves_open_who_needs_it():
    files = {"node_modules/a/package.json": json.dumps({"name": "a", "version": "1.0.0", "dependencies": {"b": "*"}})}
    files["package-lock.json"] = json.dumps(
        {"packages": {"node_modules/a": {"version": "1.0.0", "dependencies": {"b": "*"}}, "node_modules/b": {"version": "1.0.0"}}}
    )
    (one,) = catalogue_tree(SUBJECT, tree(files)).components
    assert one.depends == () and one.edges is Edges.INCOMPLETE


def test_who_knows_nothing_takes_nothing_away_from_who_does():
    plain = Component(ref="r", purl="r", type="npm", name="a", version="1")
    whole, part = replace(plain, edges=Edges.COMPLETE), replace(plain, edges=Edges.INCOMPLETE)
    for first, second, known in ((plain, whole, "complete"), (whole, part, "incomplete"), (whole, whole, "complete")):
        assert merge_components([first, second])[0].edges == merge_components([second, first])[0].edges == known
