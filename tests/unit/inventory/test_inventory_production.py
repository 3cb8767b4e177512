"""What only development needs is marked in every ecosystem that tells, and can be left out of a bill of materials."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from lock_trees import inventory, told
from sbom_trees import SUBJECT, tree

from pratique.cli.sbom import make
from pratique.cli.sbom_check import check
from pratique.documents.from_inventory import document_of
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.production import without_development
from pratique.model import ArtifactKind, Digest, is_for_development

PACKAGE = '{"name": "app", "version": "1.0.0", "dependencies": {"run": "^1"}, "devDependencies": {"tool": "^1"}}'
YARN = """# yarn lockfile v1
run@^1:
  version "1.0.0"
  dependencies:
    both "^1"
tool@^1:
  version "1.0.0"
  dependencies:
    both "^1"
    only "^1"
both@^1:
  version "1.0.0"
only@^1:
  version "1.0.0"
"""
BERRY = """__metadata:
  version: 8
"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
  dependencies: {run: "npm:^1", tool: "npm:^1"}
"run@npm:^1":
  version: 1.0.0
  resolution: "run@npm:1.0.0"
  dependencies: {both: "npm:^1"}
"tool@npm:^1":
  version: 1.0.0
  resolution: "tool@npm:1.0.0"
  dependencies: {both: "npm:^1", only: "npm:^1"}
"both@npm:^1":
  version: 1.0.0
  resolution: "both@npm:1.0.0"
"only@npm:^1":
  version: 1.0.0
  resolution: "only@npm:1.0.0"
"""
PNPM = """lockfileVersion: '9.0'
importers:
  .:
    dependencies: {run: {specifier: ^1, version: 1.0.0}}
    devDependencies: {tool: {specifier: ^1, version: 1.0.0}}
packages: {run@1.0.0: {}, tool@1.0.0: {}, both@1.0.0: {}, only@1.0.0: {}}
snapshots:
  run@1.0.0: {dependencies: {both: 1.0.0}}
  tool@1.0.0: {dependencies: {both: 1.0.0, only: 1.0.0}}
  both@1.0.0: {}
  only@1.0.0: {}
"""
BUN = {
    "lockfileVersion": 1,
    "workspaces": {"": {"name": "app", "dependencies": {"run": "^1"}, "devDependencies": {"tool": "^1"}}},
    "packages": {
        "run": ["run@1.0.0", "", {"dependencies": {"both": "^1"}}, ""],
        "tool": ["tool@1.0.0", "", {"dependencies": {"both": "^1", "only": "^1"}}, ""],
        "both": ["both@1.0.0", "", {}, ""],
        "only": ["only@1.0.0", "", {}, ""],
    },
}


def poetry(*, groups: bool) -> str:
    text = ""
    for name, needs, group in (("run", "both", "main"), ("tool", "both only", "dev"), ("both", "", "main"), ("only", "", "dev")):
        text += f'[[package]]\nname = "{name}"\nversion = "1.0.0"\n' + (f'groups = ["{group}"]\n' if groups else "")
        text += "[package.dependencies]\n" + "".join(f'{need} = "^1"\n' for need in needs.split()) if needs else ""
    return text


POETRY = '[tool.poetry.dependencies]\npython = "^3"\nrun = "^1"\n[tool.poetry.group.dev.dependencies]\ntool = "^1"\n'
GEMFILE = """source "https://rubygems.org"
gem "run"
group :development, :test do
  gem "tool", "~> 1"
end
"""
GEMS = """GEM
  remote: https://rubygems.org/
  specs:
    run (1.0.0)
      both
    tool (1.0.0)
      both
      only
    both (1.0.0)
    only (1.0.0)
"""
MIX_EXS = '[{:run, "~> 1.0"}, {:tool, "~> 1.0", only: [:dev, :test], runtime: false}]\n'
MIX = "%{" + ", ".join(
    f'"{name}": {{:hex, :{name}, "1.0.0", "", [:mix], [{needs}], "hexpm"}}'
    for name, needs in {
        "run": '{:both, "~> 1", []}',
        "tool": '{:both, "~> 1", []}, {:only, "~> 1", []}',
        "both": "",
        "only": "",
    }.items()
)
CARGO = "version = 4\n" + "".join(
    f'[[package]]\nname = "{name}"\nversion = "1.0.0"\n'
    + ('source = "sparse+https://index.crates.io/"\n' if name != "app" else "")
    + f"dependencies = {json.dumps(needs)}\n"
    for name, needs in {"app": ["run", "tool"], "run": ["both"], "tool": ["both", "only"], "both": [], "only": []}.items()
)
CARGO_TOML = '[package]\nname = "app"\n[dependencies]\nrun = "1"\n[dev-dependencies]\ntool = "1"\n'
PROJECTS = {
    "yarn 1": {"package.json": PACKAGE, "yarn.lock": YARN},
    "yarn berry": {"package.json": PACKAGE, "yarn.lock": BERRY},
    "pnpm": {"pnpm-lock.yaml": PNPM},
    "bun": {"bun.lock": json.dumps(BUN)},
    "poetry with groups": {"poetry.lock": poetry(groups=True)},
    "poetry by its project": {"poetry.lock": poetry(groups=False), "pyproject.toml": POETRY},
    "bundler": {"Gemfile.lock": GEMS, "Gemfile": GEMFILE},
    "bundler in one line": {"Gemfile.lock": GEMS, "Gemfile": 'gem "run"\ngem "tool", group: [:test]\n'},
    "mix": {"mix.lock": MIX + "}\n", "mix.exs": MIX_EXS},
    "cargo": {"Cargo.lock": CARGO, "Cargo.toml": CARGO_TOML},
}


@pytest.mark.parametrize("project", PROJECTS)
def test_what_only_development_needs_is_marked_down_to_what_that_needs(project):
    found = {one.name: is_for_development(one) for one in told(PROJECTS[project]).values() if one.name != "app"}
    assert found == {"run": False, "tool": True, "both": False, "only": True}


@pytest.mark.parametrize("path", ["package.json", "pyproject.toml", "Gemfile", "mix.exs", "Cargo.toml"])
def test_without_the_manifest_nothing_is_taken_for_development_only(path):
    for files in PROJECTS.values():
        rest = {name: data for name, data in files.items() if name != path}
        if path in files:
            assert not any(map(is_for_development, inventory(rest).components))


def test_what_yarn_patches_is_needed_by_who_asked_for_it_unpatched():
    patch = "patch:tool@npm%3A^1#optional!builtin<compat/tool>"
    more = f'"tool@{patch}":\n  version: 1.0.0\n  resolution: "tool@{patch}::version=1.0.0&hash=abc"\n'
    found = told({"package.json": PACKAGE, "yarn.lock": BERRY + more})
    assert {one.name for one in found.values() if is_for_development(one)} == {"tool", "only"}


@pytest.mark.parametrize("project", ["yarn 1", "yarn berry", "bundler", "mix", "poetry by its project"])
def test_a_manifest_that_does_not_lead_to_every_package_marks_none(project):
    emptied = {"package.json": '{"name": "app"}', "Gemfile": "eval_gemfile 'other'\n", "mix.exs": "[]\n"}
    emptied["pyproject.toml"] = "[tool.poetry.dependencies]\npython = '^3'\n"
    files = {name: emptied.get(name, data) for name, data in PROJECTS[project].items()}
    assert not any(map(is_for_development, inventory(files).components))


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("composer.lock", '{"packages": [{"name": "a/b"}], "packages-dev": [{"name": "c/d"}]}', "c/d"),
        ("gradle.lockfile", "g:a:1=runtimeClasspath,testRuntimeClasspath\ng:b:1=testCompileClasspath\n", "g:b"),
        ("Pipfile.lock", '{"default": {"a": {"version": "==1"}}, "develop": {"b": {"version": "==1"}}}', "b"),
        ("pdm.lock", '[[package]]\nname = "a"\nversion = "1"\ngroups = ["default", "dev"]\n[[package]]\nname = "b"\n'
         'version = "1"\ngroups = ["test"]\n', "b"),
        ("pubspec.lock", "packages:\n  a: {dependency: direct main, source: hosted, version: '1', description: {name: a}}\n"
         "  b: {dependency: direct dev, source: hosted, version: '1', description: {name: b}}\n", "b"),
    ],
)  # fmt: skip
def test_what_a_lock_file_flags_itself_is_for_development(path, text, names):
    assert {one.name for one in told({path: text}).values() if is_for_development(one)} == {names}


def test_what_one_lock_file_needs_to_run_is_not_for_development_because_another_says_so():
    def lock(**flags: bool) -> str:
        return json.dumps({"packages": {"node_modules/a": {"version": "1.0.0", **flags}}})

    (one,) = told({"x/package-lock.json": lock(dev=True), "y/package-lock.json": lock()}).values()
    assert not is_for_development(one)
    (one,) = told({"x/package-lock.json": lock(dev=True), "y/package-lock.json": lock(dev=True)}).values()
    assert is_for_development(one)


def test_what_is_installed_stays_whatever_it_is_for():
    files = {
        "node_modules/a/package.json": '{"name": "a", "version": "1.0.0"}',
        "node_modules/.package-lock.json": json.dumps({"packages": {"node_modules/a": {"version": "1.0.0", "dev": True}}}),
    }
    assert without_development(catalogue_tree(SUBJECT, tree(files))).components


def test_a_bill_without_development_says_so_and_has_a_number_of_its_own():
    whole = inventory(PROJECTS["pnpm"])
    part = without_development(whole)
    assert {one.name for one in part.components} == {"run", "both"} and part.subject.facts["development:left-out"] == "2"
    documents = [document_of(one, timestamp=0, manifest_root=Digest.of(b"x")) for one in (whole, part)]
    assert documents[0].serial != documents[1].serial
    assert "pratique:development:left-out" in {one.name for one in documents[1].subject.properties}
    app = inventory(PROJECTS["cargo"] | {})
    (own,) = (one for one in without_development(app).components if one.name == "app")
    assert own.depends == ("pkg:cargo/run@1.0.0",)
    folder = replace(app.subject, kind=ArtifactKind.DIRECTORY)
    assert folder.facts.get("development:left-out") is None


def test_documents_say_what_is_excluded_when_it_runs_and_what_may_be_absent():
    entries = {"a": {"dev": True}, "b": {"optional": True}, "c": {}}
    packages = {f"node_modules/{name}": {"version": "1.0.0", **flags} for name, flags in entries.items()}
    whole = inventory({"package-lock.json": json.dumps({"packages": packages})})
    parts = document_of(whole, timestamp=0, manifest_root=Digest.of(b"x")).parts
    assert {one.name: one.scope for one in parts} == {"a": "excluded", "b": "optional", "c": ""}


def test_the_command_leaves_out_what_only_development_needs(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    for name, data in PROJECTS["yarn 1"].items():
        (project / name).write_text(data)
    for flags, names in (((), {"app", "run", "tool", "both", "only"}), (("--production",), {"app", "run", "both"})):
        result = CliRunner().invoke(make, [f"dir:{project}", "-o", "cyclonedx-json", "--no-cache", *flags])
        assert result.exit_code == 0, result.output
        assert {one["name"] for one in json.loads(result.stdout)["components"]} == names


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json", "spdx-json@3.0.1", "json"])
def test_a_bill_without_development_is_held_against_the_same(form, tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    for name, data in PROJECTS["yarn 1"].items():
        (project / name).write_text(data)
    bill = tmp_path / "bill"
    made = CliRunner().invoke(make, [f"dir:{project}", "-o", f"{form}={bill}", "--no-cache", "--production"])
    assert made.exit_code == 0, made.output
    assert CliRunner().invoke(check, [f"dir:{project}", str(bill)], standalone_mode=False).return_value == 0
    (project / "yarn.lock").write_text(YARN.replace('run@^1:\n  version "1.0.0"', 'run@^1:\n  version "1.0.1"'))
    assert CliRunner().invoke(check, [f"dir:{project}", str(bill)], standalone_mode=False).return_value == 1
