"""Lock files and manifests in the encodings of Windows tell what they tell in UTF-8; includes, constraints, odd forms."""

import pytest
from lock_trees import fixture, inventory, told

from pratique.model import Component

FILES = {
    "package-lock.json": "javascript/package-lock-v3.json",
    "yarn.lock": "javascript/yarn-v1.lock",
    "b/yarn.lock": "javascript/yarn-berry.lock",
    "pnpm-lock.yaml": "javascript/pnpm-v9.yaml",
    "bun.lock": "javascript/bun.lock",
    "uv.lock": "python/uv.lock",
    "pylock.toml": "python/pylock.toml",
    "requirements.txt": "python/requirements.txt",
    "poetry.lock": "python/poetry.lock",
    "pdm.lock": "python/pdm.lock",
    "Pipfile.lock": "python/Pipfile.lock",
    "Gemfile.lock": "ruby/Gemfile.lock",
    "composer.lock": "php/composer.lock",
}
TEXTS = {
    "go.mod": "module example.org/a\ngo 1.22\nrequire example.org/b v1.0.0\n",
    "gradle.lockfile": "a:b:1.0=runtimeClasspath\n",
    "libs.versions.toml": '[libraries]\na = "a:b:1.0"\n',
    "mix.lock": '%{"a": {:hex, :a, "1.0.0", "", [:mix], [], "hexpm"}}\n',
    "pubspec.lock": 'packages:\n  a:\n    source: hosted\n    description: {name: a}\n    version: "1.0.0"\n',
    "Podfile.lock": "PODS:\n  - A (1.0)\n",
    "Package.resolved": '{"pins": [{"identity": "a", "location": "https://g.example/a", "state": {"version": "1.0.0"}}]}',
    "packages.config": '<?xml version="1.0"?><packages><package id="A" version="1.0.0"/></packages>',
    "packages.lock.json": '{"version": 1, "dependencies": {"net8.0": {"A": {"type": "Direct", "resolved": "1.0.0"}}}}',
    "Cargo.lock": '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "sparse+https://index.crates.io/"\n',
    "pom.xml": "<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version></project>",
    "conanfile.txt": "[requires]\nzlib/1.2.13\n",
    "cabal.project.freeze": "constraints: any.zlib ==0.6\n",
    "renv.lock": '{"Packages": {"a": {"Package": "a", "Version": "1.0"}}}',
    "Chart.yaml": "name: a\nversion: 1.0.0\n",
    "main.tf": 'module "a" {\n  source  = "ns/a/aws"\n  version = "1.0.0"\n}\n',
}


def facts(found: dict[str, Component]) -> list[tuple[object, ...]]:
    return [(ref, one.depends, one.hashes, one.facts) for ref, one in sorted(found.items())]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("path", [*FILES, *TEXTS])
def test_a_lock_file_in_another_encoding_tells_the_same(path, encoding):
    text = fixture(FILES[path]).decode() if path in FILES else TEXTS[path]
    data = text.encode(encoding)
    plain = {one.ref: one for one in inventory({path: text}).components}
    other = {one.ref: one for one in inventory({path: data}).components}
    assert plain and facts(other) == facts(plain)


TOP = "-r base.txt\r\n--requirement=deep/test.txt\r\n-c constraints.txt\r\nflask[async] # why\r\n"


def test_what_a_requirements_file_includes_and_constrains_is_read():
    files = {
        "requirements.txt": "-r base.txt\r\n--requirement=deep/test.txt\r\n-c constraints.txt\r\nflask[async] # why\r\n".encode(
            "utf-16"
        ),
        "base.txt": "base==1.0 ; python_version > '3' \\\n  --hash=sha256:" + "a" * 64,
        "deep/test.txt": "deep===2\n-r ../base.txt\n",
        "constraints.txt": "Flask==3.0\nunused==1\n",
        "notes/base.txt": "not==1\n",
    }
    found = told(files)
    assert set(found) == {"pkg:pypi/base@1.0", "pkg:pypi/deep@2", "pkg:pypi/flask@3.0"}
    assert found["pkg:pypi/base@1.0"].evidence == ("base.txt",) and found["pkg:pypi/base@1.0"].hashes == {"sha256": "a" * 64}


def test_an_included_file_that_is_not_read_is_told():
    found = inventory({"requirements.txt": "-r gone.txt\n-r https://x.example/r.txt\n-c odd.lst\n"})
    assert found.components == () and len(found.unknowns) == 3
    assert all("which is not" in one.reason for one in found.unknowns)


def test_files_that_include_each_other_are_read_once():
    files = {"requirements.txt": "-r base.txt\na==1\n", "base.txt": "-r dev.txt\nb==1\n", "dev.txt": "-r base.txt\nc==1\n"}
    assert set(told(files)) == {"pkg:pypi/a@1", "pkg:pypi/b@1", "pkg:pypi/c@1"}


def test_requirements_without_a_name_are_named_by_what_they_point_to():
    text = "-e git+https://git.example/u/e.git@abc#egg=e_pkg&subdirectory=x\n-e ./lib[extra]\n-e .\n./wheels/y-2.0.tar.gz\n"
    text += "https://x.example/z-3.1-py3-none-any.whl\ngit+https://git.example/u/plain.git\n"
    assert {one.name: (one.version, one.purl.partition("?")[0]) for one in told({"requirements.txt": text}).values()} == {
        "e_pkg": ("", "pkg:pypi/e-pkg"),
        "lib": ("", ""),
        "y": ("2.0", ""),
        "z": ("3.1", "pkg:pypi/z@3.1"),
        "plain": ("", "pkg:pypi/plain"),
    }


def test_a_requirements_file_of_another_index_names_it():
    for option in (
        "--index-url https://me:pw@i.example/simple",
        "-i https://i.example/simple",
        "--index-url=https://i.example/simple",
    ):
        assert set(told({"requirements.txt": f"a==1\n{option}\n"})) == {
            "pkg:pypi/a@1?repository_url=https:%2F%2Fi.example%2Fsimple"
        }


def test_what_is_no_requirement_is_told_and_costs_no_other():
    found = inventory({"requirements.txt": "a==1\n%%%\n<<<<<<< HEAD\nb==2\n"})
    assert [one.purl for one in found.components] == ["pkg:pypi/a@1", "pkg:pypi/b@2"]
    assert len(found.unknowns) == 2


def test_what_a_module_from_before_go_1_17_needs_indirectly_is_read_or_said_to_be_unknown():
    mod = "module example.org/a\ngo 1.16\nrequire example.org/b v1.0.0\n"
    (unknown,) = inventory({"go.mod": mod}).unknowns
    assert "Go 1.16" in unknown.reason and "go.sum" in unknown.reason
    sums = "example.org/b v1.0.0 h1:b=\nexample.org/c v1.10.0 h1:d=\nexample.org/c v1.9.0 h1:c=\n"
    sums += "example.org/d v1.0.0/go.mod h1:e=\n"
    found = told({"go.mod": mod, "go.sum": sums})
    assert found["pkg:golang/example.org/c@v1.10.0"].facts == {"indirect": "true"} and len(found) == 3
    assert inventory({"go.mod": mod.replace("1.16", "1.17")}).unknowns == ()
    assert len(inventory({"go.mod": mod.replace("go 1.16\n", "")}).unknowns) == 1


def test_archives_of_a_classifier_in_gradles_verification_are_told_with_their_own_digest():
    artifacts = {"linux-x86_64.jar": "b", "sources.jar": "c", "20240101.123456-1-osx.jar": "d"}
    rows = "".join(
        f'<artifact name="t-2.0-{name}"><sha256 value="{digit * 64}"/></artifact>' for name, digit in artifacts.items()
    )
    rows += f'<artifact name="t-2.0.jar"><sha256 value="{"a" * 64}"/></artifact><artifact name="t-2.0.pom"/>'
    snapshot = '<component group="g" name="t" version="2.0-SNAPSHOT"><artifact name="t-2.0-20240101.123456-1.jar"/></component>'
    only_pom = '<component group="g" name="p" version="1"><artifact name="p-1.pom"/></component>'
    text = f'<m><components><component group="g" name="t" version="2.0">{rows}</component>{snapshot}{only_pom}</components></m>'
    found = told({"gradle/verification-metadata.xml": text})
    assert found["pkg:maven/g/t@2.0"].hashes == {"sha256": "a" * 64}
    assert found["pkg:maven/g/t@2.0?classifier=linux-x86_64"].hashes == {"sha256": "b" * 64}
    assert "pkg:maven/g/t@2.0-SNAPSHOT" in found and not any("sources" in ref or "/p@" in ref for ref in found)


def test_images_of_a_chart_in_flow_style_are_read_in_values_and_templates():
    files = {
        "Chart.yaml": "name: c\nversion: 1.0.0\n",
        "values.yaml": "image: {repository: nginx, tag: '1.25'}\nsides: [{image: 'busybox:1'}]\n",
        "templates/pod.yaml": 'spec: {c: [{name: a, image: "redis:7"}, {image: {{ .Values.image.repository }}:9, n: b}]}\n',
    }
    names = {one.name.rpartition("/")[2]: one.version for one in inventory(files).components if one.type == "docker"}
    assert names["busybox"] == "1" and names["redis"] == "7" and names["nginx"]
