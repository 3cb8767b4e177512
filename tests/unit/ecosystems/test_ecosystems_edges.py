"""Who needs whom, where something beside the list of packages tells it; and where nothing does, nothing is said."""

import json

import pytest
from lock_trees import inventory, told

from pratique.cataloging import cataloger
from pratique.model import ComponentKind, Edges, Presence, is_for_development

PUB = "pkg:pub/{}@1.0.0"
PUB_LOCK = "packages:\n" + "".join(
    f'  {name}:\n    dependency: "{kind}"\n    source: hosted\n    version: "1.0.0"\n'
    f'    description: {{name: {name}, url: "https://pub.dev"}}\n'
    for name, kind in (*(("run", "direct main"), ("tool", "direct dev"), ("both", "transitive"), ("only", "transitive")),)
)
PUBSPEC = "name: app\nversion: 2.0.0\ndependencies: {run: ^1.0.0}\ndev_dependencies: {tool: ^1.0.0}\n"
NEEDS = {"run": ["both"], "tool": ["both", "only"], "both": [], "only": []}
GRAPH = {
    "roots": ["app"],
    "packages": [
        {"name": "app", "version": "2.0.0", "dependencies": ["run"], "devDependencies": ["tool"]},
        *({"name": name, "version": "1.0.0", "dependencies": needs} for name, needs in NEEDS.items()),
    ],
    "configVersion": 1,
}


def edges(files) -> dict[str, tuple[tuple[str, ...], str]]:
    """Name → names of what it needs, and how much of that is known."""
    found = inventory(files).components
    names = {one.ref: one.name for one in found}
    return {one.name: (tuple(sorted(names[ref] for ref in one.depends)), one.edges.value) for one in found}


def test_what_a_lock_file_of_pub_leaves_out_is_read_from_the_graph_beside_it():
    files = {"pubspec.yaml": PUBSPEC, "pubspec.lock": PUB_LOCK, ".dart_tool/package_graph.json": json.dumps(GRAPH)}
    assert edges(files) == {name: (tuple(needs), "complete") for name, needs in NEEDS.items()} | {
        "app": (("run", "tool"), "complete")
    }
    assert {one.name for one in told(files).values() if is_for_development(one)} == {"tool", "only"}


def test_without_the_graph_the_pubspecs_are_read_where_the_packages_lie_and_what_is_not_there_stays_unknown():
    cache = "/root/.pub-cache/hosted/pub.dev/run-1.0.0"
    config = {
        "configVersion": 2,
        "packages": [
            {"name": "run", "rootUri": f"file://{cache}", "packageUri": "lib/"},
            {"name": "both", "rootUri": "../vendor%20ed/both", "packageUri": "lib/"},
            {"name": "tool", "rootUri": "file:///elsewhere/tool", "packageUri": "lib/"},
        ],
    }
    files = {
        "app/pubspec.lock": PUB_LOCK,
        "app/.dart_tool/package_config.json": json.dumps(config),
        f"{cache[1:]}/pubspec.yaml": "name: run\nversion: 1.0.0\ndependencies: {both: any, gone: any}\n",
        "app/vendor ed/both/pubspec.yaml": "name: both\nversion: 1.0.0\n",
    }
    found = edges(files)
    assert found["run"] == (("both",), "incomplete") and found["both"] == ((), "complete")
    assert found["tool"] == found["only"] == ((), "unknown")
    assert set(edges({"pubspec.lock": PUB_LOCK}).values()) == {((), "unknown")}


def test_packages_in_the_cache_of_pub_are_there_and_ask_for_nothing_themselves():
    base = "root/.pub-cache/hosted"
    files = {
        f"{base}/pub.dev/a-1.0.0/pubspec.yaml": "name: a\nversion: 1.0.0\ndependencies: {b: any}\n",
        f"{base}/pub.example%2fdart/b-2.0.0/pubspec.yaml": "name: b\nversion: 2.0.0\n",
        f"{base}/pub.dev/a-1.0.0/example/pubspec.yaml": "name: example\ndependencies: {c: any}\n",
    }
    found = told(files)
    assert set(found) == {"pkg:pub/a@1.0.0", "pkg:pub/b@2.0.0?repository_url=https:%2F%2Fpub.example%2Fdart"}
    assert {(one.presence, one.edges) for one in found.values()} == {(Presence.INSTALLED, Edges.UNKNOWN)}
    assert inventory(files).ownership[f"{base}/pub.dev/a-1.0.0/example/pubspec.yaml"].owner == "pkg:pub/a@1.0.0"


def test_a_member_of_a_workspace_of_pub_needs_what_is_locked_above_it_and_asks_for_nothing_twice():
    member = "name: member\nversion: 1.0.0\nresolution: workspace\ndependencies: {run: ^1.0.0, sibling: any}\n"
    files = {
        "pubspec.yaml": PUBSPEC + "workspace: [a, b]\n",
        "pubspec.lock": PUB_LOCK,
        "a/pubspec.yaml": member,
        "b/pubspec.yaml": "name: sibling\nversion: 1.0.0\nresolution: workspace\n",
        "c/pubspec.yaml": "name: alone\nversion: 1.0.0\ndependencies: {run: ^1.0.0}\n",
    }
    found = told(files)
    assert found["pkg:pub/member@1.0.0"].depends == (PUB.format("run"), PUB.format("sibling"))
    assert found["pkg:pub/member@1.0.0"].edges is Edges.COMPLETE
    assert found["pkg:pub/alone@1.0.0"].depends == ("pkg:pub/run",)


@pytest.mark.parametrize("text", ["{", "[]", '{"packages": 1}', '{"packages": [{"name": 1, "dependencies": "x"}]}'])
@pytest.mark.parametrize("name", ["package_graph.json", "package_config.json"])
def test_a_broken_file_of_edges_costs_the_edges_alone(name, text):
    files = {"pubspec.lock": PUB_LOCK, f".dart_tool/{name}": text}
    assert set(edges(files).values()) == {((), "unknown")} and len(edges(files)) == 4


def test_the_search_for_a_lock_file_above_is_bounded_however_many_members_lie_however_deep(monkeypatch):
    monkeypatch.setattr(cataloger, "MAX_STEPS", 5_000)
    deep = "d/" * 500
    files = {f"{deep}{one}/pubspec.yaml": f"name: p{one}\nresolution: workspace\n" for one in range(50)}
    found = inventory(files)
    assert any("dependencies to follow" in one.reason for one in found.unknowns) and len(found.components) == 50


BY_PIP_COMPILE = """#
# This file is autogenerated by pip-compile with Python 3.11
# by the following command:
#
#    pip-compile --generate-hashes requirements.in
#
certifi==2026.10.19 \\
    --hash=sha256:{0} \\
    --hash=sha256:{0}
    # via requests
click==8.5.1 \\
    --hash=sha256:{0}
    # via
    #   -r requirements.in
    #   flask
flask[async]==3.0.0 \\
    --hash=sha256:{0}
    # via -r requirements.in
requests==2.34.2 \\
    --hash=sha256:{0}
    # via
    #   -c constraints.txt
    #   app (pyproject.toml)
    #   flask[async]

# The following packages are considered to be unsafe in a requirements file:
# pip
""".format("0" * 64)
BY_LINE = """# This file is autogenerated by pip-compile with Python 3.11
certifi==2026.10.19       # via requests
click==8.5.1              # via -r requirements.in, flask
flask[async]==3.0.0       # via -r requirements.in
requests==2.34.2          # via app (pyproject.toml), flask
"""
BY_UV = """# This file was autogenerated by uv via the following command:
#    uv pip compile --universal -o requirements.txt requirements.in
certifi==2026.10.19 ; python_version < '4'
    # via requests
click==8.5.1
    # via
    #   -r requirements.in
    #   flask
flask==3.0.0
    # via -r requirements.in
requests==2.34.2 ; python_full_version < '4' and sys_platform == 'win32'
    # via flask
"""


@pytest.mark.parametrize("text", [BY_PIP_COMPILE, BY_LINE, BY_UV])
def test_the_notes_of_a_compiled_requirements_file_tell_who_needs_whom(text):
    assert edges({"requirements.txt": text}) == {
        "flask": (("click", "requests"), "complete"),
        "requests": (("certifi",), "complete"),
        **dict.fromkeys(("certifi", "click"), ((), "complete")),
    }


@pytest.mark.parametrize(
    "text",
    [
        BY_LINE.partition("\n")[2],  # nobody says that a tool wrote it
        BY_LINE.replace("# via requests", "# pinned by hand"),
        "".join(line.partition("  #")[0] + "\n" for line in BY_LINE.split("\n")),  # --no-annotate
    ],
)
def test_a_requirements_file_without_all_notes_says_nothing_of_who_needs_whom(text):
    assert {known for _, known in edges({"requirements.txt": text}).values()} == {"unknown"}


PIXI = """version: 6
environments:
  default:
    packages:
      linux-64: [{conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.1-h1_0.conda}]
packages:
- conda: https://conda.anaconda.org/conda-forge/linux-64/python-3.12.1-h1_0.conda
  depends: [__glibc >=2.17, 'libzlib >=1.2,<2', pip]
- conda: https://conda.anaconda.org/conda-forge/linux-64/libzlib-1.3.1-h1_1.conda
- conda: https://conda.anaconda.org/conda-forge/osx-64/libzlib-1.3.0-h2_1.conda
- conda: https://conda.anaconda.org/conda-forge/noarch/pip-24.0-pyh1_0.conda
  depends: [python >=3.8, conda-forge::setuptools]
- pypi: https://files.pythonhosted.org/packages/aa/bb/flask-3.0.0-py3-none-any.whl
  name: flask
  version: 3.0.0
  requires_dist: ['Zope_Interface>=5', pip, 'colorama ; sys_platform == "win32"', 'pytest ; extra == "test"']
- pypi: https://files.pythonhosted.org/packages/aa/bb/zope.interface-6.0-py3-none-any.whl
  name: zope.interface
  version: '6.0'
"""


def test_a_package_of_pixi_needs_what_is_locked_for_its_platform():
    found = {(one.name, one.version): one for one in inventory({"pixi.lock": PIXI}).components}
    names = {one.ref: (one.name, one.version) for one in found.values()}
    needs = {key: (sorted(names[ref] for ref in one.depends), one.edges.value) for key, one in found.items()}
    assert needs[("python", "3.12.1")] == ([("libzlib", "1.3.1"), ("pip", "24.0")], "complete")
    assert needs[("pip", "24.0")] == ([("python", "3.12.1")], "incomplete")  # setuptools is not locked
    assert needs[("flask", "3.0.0")] == ([("pip", "24.0"), ("zope.interface", "6.0")], "complete")
    assert needs[("libzlib", "1.3.1")] == ([], "complete")


def test_properties_of_the_system_are_no_packages_that_a_lock_file_of_conda_lacks():
    entry = "- {{name: {}, version: '1', manager: conda, platform: linux-64, url: '', dependencies: {{{}}}}}\n"
    text = "version: 1\npackage:\n" + entry.format("a", "__glibc: '>=2', b: '*'") + entry.format("b", "")
    assert edges({"conda-lock.yml": text}) == {"a": (("b",), "complete"), "b": ((), "complete")}


MANIFESTS = {
    "vcpkg.json": '{"name": "app", "version": "1.0", "dependencies": ["zlib", {"name": "fmt", "version>=": "9"}]}',
    "app.opam": 'opam-version: "2.0"\nname: "app"\ndepends: [ "zlib" {>= "1"} "fmt" ]\n',
    "build.zig.zon": '.{ .name = .app, .version = "1.0.0", .dependencies = .{ .zlib = .{ .path = "z" }, '
    '.fmt = .{ .path = "f" } } }',
    "setup.cfg": "[metadata]\nname = app\n[options]\ninstall_requires =\n  zlib>=1\n  fmt\n",
    "setup.py": "from setuptools import setup\nsetup(name='app', install_requires=['zlib>=1', 'fmt'])\n",
    "pyproject.toml": '[project]\nname = "app"\ndependencies = ["zlib>=1", "fmt"]\n'
    '[project.optional-dependencies]\nx = ["extra"]\n'
    '[build-system]\nrequires = ["setuptools"]\n',
    "pubspec.yaml": "name: app\ndependencies: {zlib: any, fmt: any}\n",
    "a.csproj": "<Project><PropertyGroup><PackageId>app</PackageId></PropertyGroup><ItemGroup>"
    "<PackageReference Include='zlib'/><PackageReference Include='fmt'/></ItemGroup></Project>",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_project_needs_what_its_manifest_asks_for(name):
    files = {f"p/{name}": MANIFESTS[name]}
    (own,) = (one for one in inventory(files).components if one.kind is ComponentKind.APPLICATION)
    assert edges(files)[own.name] == (("fmt", "zlib"), "complete")


def test_extensions_and_plug_ins_need_those_that_they_name():
    def extension(name: str, *needs: str) -> str:
        about = {"publisher": "acme", "name": name, "version": "1.0.0", "engines": {"vscode": "^1"}}
        return json.dumps(about | ({"extensionDependencies": list(needs)} if needs else {}))

    base, plugins = "root/.vscode/extensions", "wp-content/plugins"
    files = {
        f"{base}/acme.a-1.0.0/package.json": extension("a", "Acme.B", "vscode.git"),
        f"{base}/acme.b-1.0.0/package.json": extension("b"),
        f"{plugins}/addon/addon.php": "<?php\n/*\nPlugin Name: Addon\nVersion: 1.0\nRequires Plugins: shop, gone\n*/",
        f"{plugins}/shop/shop.php": "<?php\n/*\nPlugin Name: Shop\nVersion: 2.0\n*/",
        "wp-content/themes/child/style.css": "/*\nTheme Name: Child\nTemplate: base\nVersion: 1\n*/",
        "wp-content/themes/base/style.css": "/*\nTheme Name: Base\nVersion: 1\n*/",
    }
    assert edges(files) == {
        "acme.a": (("acme.b",), "incomplete"),
        "acme.b": ((), "complete"),
        "addon": (("shop",), "incomplete"),
        "shop": ((), "unknown"),
        "child": (("base",), "complete"),
        "base": ((), "unknown"),
    }


def test_a_receipt_of_homebrew_that_lists_no_needs_says_nothing_of_them():
    path = "opt/homebrew/Cellar/a/1.0/INSTALL_RECEIPT.json"
    assert edges({path: '{"runtime_dependencies": []}'})["a"] == ((), "complete")
    assert edges({path: '{"runtime_dependencies": null}'})["a"] == edges({path: "{}"})["a"] == ((), "unknown")
