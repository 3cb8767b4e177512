"""What further files of source trees ask for. A range is no version; what is of no public registry has no purl of one."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from lock_trees import broken, inventory, told

from pratique.model import Presence


def facts_of(files, purl):
    return told(files)[purl].facts


ENVIRONMENT = """name: ml
channels:
  - conda-forge
dependencies:
  - python=3.11
  - numpy=1.26.4
  - openssl=3.2.1=hd590300_1
  - scipy==1.12
  - pandas>=2
  - conda-forge::xz=5.2.6=h166bdaf_0
  - pip
  - pip:
      - requests==2.31.0
      - Flask_Login[x]>=0.6
      - torch==2.*
"""


def test_of_a_conda_environment_pins_have_a_version_and_ranges_have_none():
    found = told({"environment.yml": ENVIRONMENT})
    assert set(found) == {
        "pkg:conda/python?channel=conda-forge",
        "pkg:conda/numpy@1.26.4?channel=conda-forge",
        "pkg:conda/openssl@3.2.1?build=hd590300_1&channel=conda-forge",
        "pkg:conda/scipy@1.12?channel=conda-forge",
        "pkg:conda/pandas?channel=conda-forge",
        "pkg:conda/xz@5.2.6?build=h166bdaf_0&channel=conda-forge",
        "pkg:conda/pip?channel=conda-forge",
        *("pkg:pypi/requests@2.31.0", "pkg:pypi/flask-login", "pkg:pypi/torch"),
    }
    assert found["pkg:conda/pandas?channel=conda-forge"].facts == {"requirement": ">=2"}
    assert found["pkg:conda/python?channel=conda-forge"].facts == {"requirement": "=3.11"}


CONDA_LOCK = """version: 1
package:
  - name: numpy
    version: 1.26.4
    manager: conda
    platform: linux-64
    dependencies: {python: '>=3.11'}
    url: https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda
    hash: {md5: MD5, sha256: SHA}
    category: main
  - name: python
    version: 3.11.8
    manager: conda
    platform: linux-64
    dependencies: {}
    url: https://conda.anaconda.org/conda-forge/linux-64/python-3.11.8-hab00c5b_0_cpython.conda
    category: main
  - name: Flask_X
    version: 3.0.2
    manager: pip
    platform: linux-64
    dependencies: {}
    url: https://files.pythonhosted.org/packages/x/flask-3.0.2-py3-none-any.whl
    category: dev
""".replace("MD5", "cd" * 16).replace("SHA", "ab" * 32)
PIXI = """version: 6
environments: {default: {packages: {}}}
packages:
- conda: https://conda.anaconda.org/conda-forge/noarch/tzdata-2024a-h0c530f3_0.conda
  sha256: SHA
- pypi: git+https://git.example/inner?rev=1#abc
  name: inner
  version: '0.1'
- pypi: ./local
  name: own
  version: '0.2'
""".replace("SHA", "ab" * 32)


def test_locked_conda_environments_have_channel_build_digests_and_edges():
    found = {one.name: one for one in told({"conda-lock.yml": CONDA_LOCK}).values()}
    numpy = found["numpy"]
    assert numpy.purl == "pkg:conda/numpy@1.26.4?build=py311h64a7726_0&channel=conda-forge&subdir=linux-64&type=conda"
    assert numpy.hashes == {"sha256": "ab" * 32, "md5": "cd" * 16} and numpy.depends == (found["python"].ref,)
    assert found["Flask_X"].purl == "pkg:pypi/flask-x@3.0.2" and found["Flask_X"].facts["scope"] == "dev"
    pixi = {one.name: one for one in inventory({"pixi.lock": PIXI}).components}
    assert pixi["tzdata"].purl == "pkg:conda/tzdata@2024a?build=h0c530f3_0&channel=conda-forge&subdir=noarch&type=conda"
    assert pixi["inner"].purl.startswith("pkg:pypi/inner@0.1?vcs_url=git%2Bhttps:")
    assert pixi["own"].purl == ""


COMPOSE = """services:
  web: {build: ., image: ours/web:1}
  db: {image: "postgres:${PG:-16.2}"}
  cache: {image: docker.io/library/redis@sha256:HEX}
  odd: {image: "${REGISTRY}/x:1"}
""".replace("HEX", "ab" * 32)
DOCKERFILE = """# syntax=docker/dockerfile:1
ARG NODE=20.11.1
FROM --platform=$BUILDPLATFORM node:${NODE} AS build
RUN --mount=type=bind,from=golang:1.22,target=/go \\
    echo "FROM nothing"
COPY <<EOF /x
FROM alpine:0
EOF
FROM build AS test
FROM scratch
COPY --from=build /a /a
COPY --from=busybox:1.36 /bin/sh /sh
COPY --from=0 /b /b
"""
GITLAB = """variables: {TAG: "3.12"}
image: python:$TAG
services: [{name: "redis:7.2"}]
test: {image: {name: "ruby:3.3"}, script: [x]}
"""


def test_images_of_compose_files_dockerfiles_and_pipelines_are_asked_for_with_their_defaults():
    found = inventory({"docker-compose.yml": COMPOSE, "build/Dockerfile": DOCKERFILE, ".gitlab-ci.yml": GITLAB})
    named = {(one.name.rpartition("/")[2], one.version) for one in found.components}
    assert named == {
        *(("postgres", "16.2"), ("redis", "sha256:" + "ab" * 32), ("node", "20.11.1"), ("golang", "1.22"), ("busybox", "1.36")),
        *(("python", "3.12"), ("redis", "7.2"), ("ruby", "3.3")),
    }
    assert [(one.path, "only a run could tell" in one.reason) for one in found.unknowns] == [("docker-compose.yml", True)]


@pytest.mark.parametrize(
    "name",
    ["Dockerfile", "dockerfile", "Containerfile", "Dockerfile.prod", "api.Dockerfile", "api.dockerfile", "Dockerfile.arm64"],
)
def test_a_dockerfile_is_known_by_any_of_its_usual_names(name):
    found = inventory({f"a/{name}": "from alpine:3.19@sha256:" + "ab" * 32 + "\n"})
    assert [one.name.rpartition("/")[2] for one in found.components] == ["alpine"]


DENO = {
    "version": "4",
    "specifiers": {"jsr:@std/assert@1": "1.0.6", "npm:chalk@5": "5.3.0"},
    "jsr": {
        "@std/assert@1.0.6": {"integrity": "18" * 32, "dependencies": ["jsr:@std/internal"]},
        "@std/internal@1.0.4": {"integrity": "62" * 32},
    },
    "npm": {
        "chalk@5.3.0": {"integrity": "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        "ajv-keywords@5.1.0_ajv@8.12.0": {"integrity": "x", "dependencies": ["chalk@5.3.0"]},
    },
    "remote": {
        "https://deno.land/x/oak@v12.6.1/mod.ts": "aa",
        "https://deno.land/std@0.200.0/a.ts": "bb",
        "https://esm.sh/x": "c",
    },
}


def test_a_lock_file_of_deno_tells_jsr_npm_and_addresses_with_a_version():
    found = inventory({"deno.lock": json.dumps(DENO)})
    purls = {one.purl: one for one in found.components}
    assert set(purls) == {
        *("pkg:jsr/%40std/assert@1.0.6", "pkg:jsr/%40std/internal@1.0.4", "pkg:npm/chalk@5.3.0", "pkg:npm/ajv-keywords@5.1.0"),
        "pkg:generic/oak@12.6.1?download_url=https:%2F%2Fdeno.land%2Fx%2Foak%40v12.6.1",
        "pkg:generic/std@0.200.0?download_url=https:%2F%2Fdeno.land%2Fstd%400.200.0",
    }
    assert purls["pkg:jsr/%40std/assert@1.0.6"].depends == ("pkg:jsr/%40std/internal@1.0.4",)
    assert purls["pkg:npm/ajv-keywords@5.1.0"].depends == ("pkg:npm/chalk@5.3.0",)
    assert [one.reason for one in found.unknowns] == ["1 modules at addresses that name no package"]


def test_older_lock_files_of_deno_and_imports_without_one_are_read_too():
    three = {"version": "3", "packages": {"npm": {"preact@10.19.0": {"integrity": "", "dependencies": {}}}}, "remote": {}}
    assert set(told({"deno.lock": json.dumps(three)})) == {"pkg:npm/preact@10.19.0"}
    config = '{"imports": {"@std/path": "jsr:@std/path@^1.0.0", "z": "npm:zod@3.22.4/x", "./": "./src/"}, /* c */}'
    found = told({"deno.jsonc": config})
    assert set(found) == {"pkg:jsr/%40std/path", "pkg:npm/zod@3.22.4"}
    assert found["pkg:jsr/%40std/path"].facts == {"requirement": "^1.0.0"}
    assert set(told({"deno.jsonc": config, "deno.lock": json.dumps(three)})) == {"pkg:npm/preact@10.19.0"}


SBT = """// "org.commented" % "out" % "1"
val akka = "2.8.5"
ThisBuild / scalaVersion := "2.13.12"
resolvers += "x" at "https://example.org/maven"
libraryDependencies ++= Seq(
  "com.typesafe.akka" %% "akka-actor" % akka,
  "ch.qos.logback" % "logback-classic" % "1.4.14", /* "a" % "b" % "1" */
  "org.scalatest" %% "scalatest" % "3.2.17" % Test,
  "org.loose" % "loose" % "1.+",
  "org.computed" % "c" % Versions.c
)
"""


def test_of_sbt_only_what_stands_there_as_a_literal_has_a_version():
    found = told({"build.sbt": SBT})
    assert set(found) == {
        *("pkg:maven/com.typesafe.akka/akka-actor_2.13@2.8.5", "pkg:maven/ch.qos.logback/logback-classic@1.4.14"),
        *("pkg:maven/org.scalatest/scalatest_2.13@3.2.17", "pkg:maven/org.loose/loose", "pkg:maven/org.computed/c"),
    }
    assert found["pkg:maven/org.scalatest/scalatest_2.13@3.2.17"].facts == {"scope": "dev"}
    assert found["pkg:maven/org.computed/c"].facts == {"requirement": "Versions.c"}
    plugin = told({"project/plugins.sbt": 'addSbtPlugin("com.github.sbt" % "sbt-native-packager" % "1.9.16")\n'})
    assert set(plugin) == {"pkg:maven/com.github.sbt/sbt-native-packager@1.9.16"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ('"g" %% "a" % "1"', "a_2.13"),
        ('"g" % "a" % "1" cross CrossVersion.full', "a_2.13.12"),
        ('"g" %% "a" % "1" cross CrossVersion.full', "a_2.13.12"),
        ('("g" %% "a" % "1").cross(CrossVersion.for2_13Use3)', "a_3"),
        ('"g" %% "a" % "1" cross CrossVersion.for2_13Use3', "a_3"),
        ('"g" %% "a" % "1" % Test cross CrossVersion.for3Use2_13', "a_2.13"),
        ('"g" % "a" % "1" cross CrossVersion.constant("2.12")', "a_2.12"),
        ('"g" %%% "a" % "1"', "a"),
        ('"g" %% "a" % "1" cross CrossVersion.of(mine)', "a"),
    ],
)
def test_what_sbt_puts_behind_a_name_is_part_of_it_where_it_is_stated(module, name):
    build = f'val s = "2.13.12"\nscalaVersion := s\nlibraryDependencies += {module}\n'
    (one,) = told({"build.sbt": build}).values()
    assert one.purl == f"pkg:maven/g/{name}@1"
    assert one.facts.get("scala-suffix", "") == ("not known" if name == "a" else "")


def test_what_an_environment_of_conda_includes_for_pip_is_told_as_not_read():
    text = "dependencies:\n- python=3.11.8\n- pip:\n  - -r req.txt\n  - --requirement=other.txt\n  - six==1.16.0\n"
    found = inventory({"environment.yml": text})
    assert [one.reason for one in found.unknowns] == [
        "includes other.txt, which is not read",
        "includes req.txt, which is not read",
    ]
    assert "pkg:pypi/six@1.16.0" in {one.purl for one in found.components}


def test_a_lock_file_of_sbt_tells_versions_and_digests():
    entry = {"org": "org.typelevel", "name": "cats-core_3", "version": "2.10.0", "configurations": ["compile", "test"]}
    entry["artifacts"] = [{"name": "cats-core_3.jar", "hash": "sha1:" + "ab" * 20}]
    (one,) = told({"build.sbt.lock": json.dumps({"lockVersion": 1, "dependencies": [entry]})}).values()
    assert (one.purl, one.hashes) == ("pkg:maven/org.typelevel/cats-core_3@2.10.0", {"sha1": "ab" * 20})


PAKET = """RESTRICTION: == net6.0
NUGET
  remote: https://api.nuget.org/v3/index.json
    FSharp.Core (6.0.7)
    Giraffe (6.2)
      FSharp.Core (>= 6.0)
  remote: https://nuget.example.com/v3/index.json
    Inner (1.0)
GITHUB
  remote: fsprojects/FAKE
    modules/Octokit.fsx (a25c2f256a99242c1106b5a3478aae6bb68c7a93)
GROUP Test
NUGET
  remote: https://api.nuget.org/v3/index.json
    Expecto (9.0.4)
"""


def test_a_lock_file_of_paket_tells_its_groups_and_whose_registry_it_is():
    found = told({"paket.lock": PAKET, "paket.dependencies": "nuget Giraffe ~> 6\n"})
    assert set(found) == {
        *("pkg:nuget/FSharp.Core@6.0.7", "pkg:nuget/Giraffe@6.2", "pkg:nuget/Expecto@9.0.4"),
        "pkg:nuget/Inner@1.0?repository_url=https:%2F%2Fnuget.example.com%2Fv3%2Findex.json",
        "pkg:generic/FAKE@a25c2f256a99242c1106b5a3478aae6bb68c7a93#modules/Octokit.fsx",
    }
    assert found["pkg:nuget/Giraffe@6.2"].depends == ("pkg:nuget/FSharp.Core@6.0.7",)
    alone = told({"paket.dependencies": "source https://api.nuget.org/v3/index.json\nnuget A ~> 6\nnuget B = 1.2.3\nnuget C\n"})
    assert {one.purl: one.facts.get("requirement") for one in alone.values()} == {
        "pkg:nuget/A": "~> 6",
        "pkg:nuget/B@1.2.3": None,
        "pkg:nuget/C": None,
    }


MANIFEST = """{"name": "app", "version": "1.0.0", "$comment": "x",
 "dependencies": ["fmt", {"name": "zlib", "version>=": "1.3"}, {"name": "vcpkg-cmake", "host": true}],
 "overrides": [{"name": "fmt", "version": "10.1.1#2"}]}"""


def test_a_manifest_of_vcpkg_pins_only_what_it_overrides():
    found = told({"vcpkg.json": MANIFEST})
    assert set(found) == {
        "pkg:vcpkg/fmt@10.1.1?port_version=2",
        "pkg:vcpkg/zlib",
        "pkg:vcpkg/vcpkg-cmake",
        "pkg:generic/app@1.0.0",
    }
    assert found["pkg:vcpkg/zlib"].facts == {"requirement": ">=1.3"}


CARTFILE = """github "Alamofire/Alamofire" "5.8.1"
git "https://git.example.org/x/Inner.git" "0123abc"
binary "https://example.org/Mapbox.json" "6.4.1" # comment
"""


def test_a_cartfile_names_repositories():
    assert set(told({"Cartfile.resolved": CARTFILE})) == {
        "pkg:github/alamofire/alamofire@5.8.1",
        "pkg:generic/Inner@0123abc?vcs_url=git%2Bhttps:%2F%2Fgit.example.org%2Fx%2FInner.git%400123abc",
        "pkg:generic/Mapbox@6.4.1",
    }


MODULE = """module(name = "app", version = "0.1")
bazel_dep(name = "rules_go", version = "0.46.0")  # bazel_dep(name = "no", version = "1")
bazel_dep(
    name = "gazelle",
    version = "0.35.0",
    dev_dependency = True,
)
bazel_dep(name = "local")
"""


def test_bazel_modules_are_what_the_lock_file_fetched_else_what_is_asked_for():
    asked = told({"MODULE.bazel": MODULE})
    assert set(asked) == {"pkg:bazel/rules_go@0.46.0", "pkg:bazel/gazelle@0.35.0", "pkg:bazel/local", "pkg:generic/app@0.1"}
    assert asked["pkg:bazel/gazelle@0.35.0"].facts == {"scope": "dev"}
    registry = "https://bcr.bazel.build/modules"
    hashes = {f"{registry}/rules_go/0.46.0/MODULE.bazel": "aa", f"{registry}/rules_go/0.48.0/source.json": "bb" * 32}
    hashes["https://r.example/modules/inner/1.0/source.json"] = "cc" * 32
    hashes[f"{registry}/gone/1.0/source.json"] = None
    locked = told({"MODULE.bazel": MODULE, "MODULE.bazel.lock": json.dumps({"registryFileHashes": hashes})})
    inner = "pkg:bazel/inner@1.0?repository_url=https:%2F%2Fr.example"
    assert set(locked) == {"pkg:bazel/rules_go@0.48.0", inner, "pkg:generic/app@0.1"}


def test_maven_artifacts_of_bazel_come_with_their_digests_and_edges():
    two = {
        "artifacts": {
            "com.google.guava:guava": {"shasums": {"jar": "ab" * 32, "sources": None}, "version": "33.0.0-jre"},
            "com.google.guava:failureaccess": {"shasums": {"jar": "cd" * 32}, "version": "1.0.2"},
        },
        "dependencies": {"com.google.guava:guava": ["com.google.guava:failureaccess"]},
        "version": "2",
    }
    found = told({"maven_install.json": json.dumps(two)})
    guava = found["pkg:maven/com.google.guava/guava@33.0.0-jre"]
    assert guava.hashes == {"sha256": "ab" * 32} and guava.depends == ("pkg:maven/com.google.guava/failureaccess@1.0.2",)
    asked = 'maven.install(\n    artifacts = [\n        "junit:junit:4.13.2",\n        "a.b:c:jar:tests:1.0",\n    ],\n)\n'
    assert set(told({"MODULE.bazel": asked})) == {"pkg:maven/junit/junit@4.13.2", "pkg:maven/a.b/c@1.0"}
    one = {"dependency_tree": {"dependencies": [{"coord": "junit:junit:4.13.2", "sha256": "ef" * 32}]}}
    assert set(told({"maven_install.json": json.dumps(one)})) == {"pkg:maven/junit/junit@4.13.2"}


ZON = """.{
    .name = .app,
    .version = "0.1.0",
    // .commented = .{ .url = "x" },
    .dependencies = .{
        .known_folders = .{
            .url = "git+https://github.com/ziglibs/known-folders#1cceeb70e77dec941a4178160ff6c8d05a74de6f",
            .hash = "known_folders-0.7.5-Fy-PJtXTAADUOhGKM0sxzG4eMkNQxRvx9e5dfHVyaeA3",
        },
        .@"zig-clap" = .{
            .url = "https://github.com/Hejsil/zig-clap/archive/0.9.1.tar.gz", .hash = "1220f48518ce22882e102255ed3bcdb7",
        },
        .local = .{ .path = "../local" },
    },
    .paths = .{ "build.zig", "src" },
}
"""


def test_a_manifest_of_zig_names_addresses_and_the_versions_in_hashes():
    found = {one.name: one for one in told({"build.zig.zon": ZON}).values()}
    assert {name: one.version for name, one in found.items()} == {
        "known_folders": "0.7.5",
        "zig-clap": "",
        "local": "",
        "app": "0.1.0",
    }
    assert "vcs_url=git%2Bhttps:" in found["known_folders"].purl and "download_url=" in found["zig-clap"].purl
    assert found["local"].purl == "" and found["local"].facts["location"] == "../local"


def test_a_lock_file_of_nimble_names_repositories_at_commits():
    entry = {"version": "0.1.0", "vcsRevision": "ab12", "url": "https://github.com/x/nimcrypto", "dependencies": ["nim"]}
    entry["checksums"] = {"sha1": "cd" * 20}
    nim = {"version": "2.0.2", "vcsRevision": "ff", "url": "https://github.com/nim-lang/Nim.git", "dependencies": []}
    found = {one.name: one for one in told({"nimble.lock": json.dumps({"packages": {"nimcrypto": entry, "nim": nim}})}).values()}
    assert found["nimcrypto"].purl == "pkg:generic/nimcrypto@0.1.0?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fx%2Fnimcrypto%40ab12"
    assert found["nimcrypto"].depends == (found["nim"].ref,) and found["nimcrypto"].hashes == {"sha1": "cd" * 20}


HOOKS = """repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.3.0
    hooks: [{id: ruff}, {id: ruff-format}]
  - repo: local
    hooks: [{id: x}]
  - repo: https://gitlab.com/pycqa/flake8.git
    rev: 3.9.2
"""


def test_hooks_and_tools_of_developers_are_asked_for():
    found = told({".pre-commit-config.yaml": HOOKS})
    assert set(found) == {
        "pkg:github/astral-sh/ruff-pre-commit@v0.3.0",
        "pkg:generic/flake8@3.9.2?vcs_url=git%2Bhttps:%2F%2Fgitlab.com%2Fpycqa%2Fflake8.git%403.9.2",
    }
    versions = "nodejs 20.11.1 # lts\nruby ref:v3 system\npython 3.12.1 3.11.7\n"
    mise = '[tools]\nnode = "20"\ngo = ["1.22.0"]\nterraform = {version = "latest"}\n'
    tools = told({".tool-versions": versions, "mise.toml": mise})
    assert set(tools) == {
        *("pkg:generic/nodejs@20.11.1", "pkg:generic/ruby", "pkg:generic/python@3.12.1", "pkg:generic/python@3.11.7"),
        *("pkg:generic/node", "pkg:generic/go@1.22.0", "pkg:generic/terraform"),
    }
    assert tools["pkg:generic/node"].facts == {"requirement": "20"}


SETUP_PY = """
import os
from setuptools import setup
VERSION = "9"
REQUIRES = ["attrs==23.2.0"]
MORE = ["never==1"]
MORE += ["x==1"]
raise SystemExit("it was run")
setup(
    name="My_App", version=VERSION, license="MIT", description="x",
    install_requires=["requests==2.31.0", "click>=8", os.name, "six==1.*"],
    tests_require=["pytest===7.0"], setup_requires=MORE,
    extras_require={"a": REQUIRES, "b": ["orjson==3.9"]},
)
"""
SETUP_CFG = """[metadata]
name = my-app
version = attr: my_app.__version__
license = BSD-3-Clause
[options]
install_requires =
    flask==3.0.2 ; python_version > "3"
    jinja2~=3.1
    inner @ https://example.org/inner.whl
"""


def test_a_setup_program_is_read_and_never_run():
    found = told({"setup.py": SETUP_PY})
    assert set(found) == {
        *("pkg:pypi/my-app@9", "pkg:pypi/requests@2.31.0", "pkg:pypi/click", "pkg:pypi/six", "pkg:pypi/pytest@7.0"),
        "pkg:pypi/orjson@3.9",
    }
    assert found["pkg:pypi/my-app@9"].licences == ("MIT",) and found["pkg:pypi/pytest@7.0"].facts == {"scope": "dev"}


def test_a_name_that_a_setup_program_gives_a_list_once_stands_for_it():
    program = 'from setuptools import setup\nREQUIRES = ("attrs==23.2.0",)\ndef main():\n    setup(install_requires=REQUIRES)\n'
    assert set(told({"setup.py": program})) == {"pkg:pypi/attrs@23.2.0"}


def test_a_setup_configuration_without_a_literal_version_has_none():
    found = inventory({"setup.cfg": SETUP_CFG})
    assert {one.purl for one in found.components} == {"pkg:pypi/my-app", "pkg:pypi/flask@3.0.2", "pkg:pypi/jinja2"}
    assert ["inner @" in one.reason for one in found.unknowns] == [True]


PYPROJECT = """[build-system]
requires = ["hatchling==1.21.1"]
[project]
name = "My.App"
version = "1.2"
license = "MIT"
dependencies = ["httpx>=0.27", "rich==13.7.1"]
[project.optional-dependencies]
x = ["orjson==3.9.15 ; python_version > '3.8'"]
[dependency-groups]
test = ["pytest==8.1.1", {include-group = "x"}]
[tool.poetry.dependencies]
python = "^3.11"
django = "5.0.3"
celery = {version = "==5.3.6", extras = ["redis"]}
"""


def test_a_pyproject_is_read_where_no_lock_file_tells_more():
    found = told({"pyproject.toml": PYPROJECT})
    assert {one.purl: one.facts for one in found.values()} == {
        "pkg:pypi/hatchling@1.21.1": {"scope": "build"},
        "pkg:pypi/my-app@1.2": {},
        "pkg:pypi/httpx": {"requirement": ">=0.27"},
        "pkg:pypi/rich@13.7.1": {},
        "pkg:pypi/orjson@3.9.15": {"scope": "optional"},
        "pkg:pypi/pytest@8.1.1": {"scope": "dev"},
        "pkg:pypi/django": {"requirement": "5.0.3"},
        "pkg:pypi/celery@5.3.6": {},
    }
    assert "pkg:pypi/httpx" not in told({"pyproject.toml": PYPROJECT, "poetry.lock": '[metadata]\nlock-version = "2.0"\n'})


GLEAM = """[[packages]]
name = "gleam_stdlib"
version = "0.36.0"
build_tools = ["gleam"]
source = "hex"
outer_checksum = "HEX"
[[packages]]
name = "wisp"
version = "1.0.0"
requirements = ["gleam_stdlib"]
source = "git"
repo = "https://x.example/wisp"
commit = "ab"
""".replace("HEX", "AB" * 32)
ELM = """{"type": "application", "dependencies": {"direct": {"elm/core": "1.0.5"}, "indirect": {"elm/json": "1.1.3"}},
 "test-dependencies": {"direct": {}, "indirect": {}}}"""
SHARDS = """version: 2.0
shards:
  kemal:
    git: https://github.com/kemalcr/kemal.git
    version: 1.4.0
  radix:
    github: luislavena/radix
    version: 0.4.1+git.commit.0123456789abcdef0123456789abcdef01234567
"""
PUBSPEC = """name: app
version: 1.0.0+3
publish_to: none
dependencies:
  flutter: {sdk: flutter}
  http: ^1.2.0
  path: 1.9.0
  inner: {hosted: https://pub.example.com, version: 2.0.0}
dev_dependencies: {lints: any}
"""


def test_gleam_elm_crystal_and_dart_are_read():
    gleam = told({"manifest.toml": GLEAM})
    assert set(gleam) == {
        "pkg:hex/gleam_stdlib@0.36.0",
        "pkg:hex/wisp@1.0.0?vcs_url=git%2Bhttps:%2F%2Fx.example%2Fwisp%40ab",
    }
    assert gleam["pkg:hex/gleam_stdlib@0.36.0"].hashes == {"sha256": "ab" * 32}
    assert set(told({"elm.json": ELM})) == {"pkg:github/elm/core@1.0.5", "pkg:github/elm/json@1.1.3"}
    assert {(one.name, one.version) for one in told({"shard.lock": SHARDS}).values()} == {("kemal", "1.4.0"), ("radix", "0.4.1")}
    pubspec = {one.name: one for one in inventory({"pubspec.yaml": PUBSPEC}).components}
    assert {name: one.purl for name, one in pubspec.items()} == {
        **{"app": "", "flutter": "", "http": "pkg:pub/http", "path": "pkg:pub/path@1.9.0", "lints": "pkg:pub/lints"},
        "inner": "pkg:pub/inner@2.0.0?repository_url=https:%2F%2Fpub.example.com",
    }
    assert pubspec["http"].facts == {"requirement": "^1.2.0"} and pubspec["flutter"].facts["location"] == "sdk:flutter"
    locked = inventory({"pubspec.yaml": PUBSPEC, "pubspec.lock": "packages: {}"}).components
    assert [one.name for one in locked] == ["app"]


OPAM = """opam-version: "2.0"
synopsis: "x"
license: "ISC"
depends: [
  "ocaml" {>= "4.14"}
  "dune" {build & = "3.11.1"}
  "alcotest" {with-test}
]
"""


def test_dependencies_of_an_opam_file_are_pinned_only_where_it_says_equal():
    found = told({"app.opam": OPAM})
    assert set(found) == {"pkg:opam/app", "pkg:opam/ocaml", "pkg:opam/dune@3.11.1", "pkg:opam/alcotest"}
    assert found["pkg:opam/ocaml"].facts == {"requirement": '>= "4.14"'} and found["pkg:opam/alcotest"].facts == {"scope": "dev"}


SNAPSHOT = """# carton snapshot format: version 1.0
DISTRIBUTIONS
  Mojolicious-9.35
    pathname: S/SR/SRI/Mojolicious-9.35.tar.gz
    provides:
      Mojo undef
      Mojolicious 9.35
    requirements:
      IO::Socket::IP 0.37
      perl 5.016
  IO-Socket-IP-0.42
    pathname: P/PE/PEVANS/IO-Socket-IP-0.42.tar.gz
    provides:
      IO::Socket::IP 0.42
    requirements:
      perl 5.014
"""


def test_a_snapshot_of_carton_names_distributions_with_their_authors_and_edges():
    found = told({"cpanfile.snapshot": SNAPSHOT})
    assert set(found) == {"pkg:cpan/SRI/Mojolicious@9.35", "pkg:cpan/PEVANS/IO-Socket-IP@0.42"}
    assert found["pkg:cpan/SRI/Mojolicious@9.35"].depends == ("pkg:cpan/PEVANS/IO-Socket-IP@0.42",)


SOURCES = {
    "environment.yml": ENVIRONMENT,
    "conda-lock.yml": CONDA_LOCK,
    "pixi.lock": PIXI,
    "compose.yaml": COMPOSE,
    "Dockerfile": DOCKERFILE,
    ".gitlab-ci.yml": GITLAB,
    "deno.lock": json.dumps(DENO),
    "build.sbt": SBT,
    "paket.lock": PAKET,
    "vcpkg.json": MANIFEST,
    "Cartfile.resolved": CARTFILE,
    "MODULE.bazel": MODULE,
    "build.zig.zon": ZON,
    ".pre-commit-config.yaml": HOOKS,
    "setup.py": SETUP_PY,
    "setup.cfg": SETUP_CFG,
    "app.opam": OPAM,
    "pyproject.toml": PYPROJECT,
    "manifest.toml": GLEAM,
    "elm.json": ELM,
    "shard.lock": SHARDS,
    "pubspec.yaml": PUBSPEC,
    "cpanfile.snapshot": SNAPSHOT,
}


@pytest.mark.parametrize("path", SOURCES)
def test_what_a_source_tree_asks_for_is_declared_and_no_part_of_an_image(path):
    assert {one.presence for one in inventory({path: SOURCES[path]}).components} == {Presence.DECLARED}


@pytest.mark.parametrize(
    "path", [*SOURCES, "nimble.lock", "MODULE.bazel.lock", "maven_install.json", "build.sbt.lock", "mise.toml"]
)
def test_one_odd_file_is_one_unknown_or_nothing_and_never_the_end(path):
    for data in (b"\xff\xfe\x00", b"{" * 3000, b"[" * 3000, b"", b"null", b"\x00" * 50):
        found = inventory({path: data, "requirements.txt": "six==1.16.0\n"})
        assert "pkg:pypi/six@1.16.0" in {one.purl for one in found.components}


@settings(max_examples=80, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=broken(*(text.encode() for text in SOURCES.values())))
def test_no_source_file_breaks_the_inventory(data):
    inventory(dict.fromkeys([*SOURCES, "nimble.lock", "MODULE.bazel.lock", "maven_install.json", "mise.toml"], data))


@pytest.mark.parametrize(
    ("name", "text", "ref"),
    [
        (".nvmrc", "v20.11.1\n", "pkg:generic/node@20.11.1"),
        (".node-version", "\ufeff20.11.1\r\n", "pkg:generic/node@20.11.1"),
        (".nvmrc", "# why\nlts/iron\n", "pkg:generic/node"),
        (".nvmrc", "20\n", "pkg:generic/node"),
        (".python-version", "3.12.2\n", "pkg:generic/python@3.12.2"),
        (".ruby-version", "ruby-3.3.0\n", "pkg:generic/ruby@3.3.0"),
        (".go-version", "1.22.1\n", "pkg:generic/go@1.22.1"),
        (".bazelversion", "7.1.0\n", "pkg:generic/bazel@7.1.0"),
        ("rust-toolchain", "1.77.2\n", "pkg:generic/rust@1.77.2"),
        ("rust-toolchain.toml", '[toolchain]\nchannel = "1.77.2"\n', "pkg:generic/rust@1.77.2"),
        ("rust-toolchain", "nightly-2024-03-01\n", "pkg:generic/rust"),
    ],
)
def test_the_one_version_of_a_tool_is_told_and_a_range_is_no_version(name, text, ref):
    assert set(told({name: text})) == {ref}


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "system\n"])
def test_a_file_that_asks_for_no_version_asks_for_nothing(text):
    assert told({".python-version": text}) == {}
