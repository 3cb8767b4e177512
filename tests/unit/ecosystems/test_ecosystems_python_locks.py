"""Lock and requirements files of Python: one project, locked by each tool; conda environments."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from lock_trees import broken, fixture, inventory, told
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ComponentKind, Ownership, Presence

LOCKS = ("uv.lock", "pylock.toml", "requirements.txt", "poetry.lock", "pdm.lock", "Pipfile.lock")
COMMON = {f"pkg:pypi/{name}" for name in ("anyio", "certifi", "h11", "httpcore", "httpx", "idna", "colorama")}


def lock(name: str) -> dict[str, bytes | str]:
    return {f"src/{name}": fixture(f"python/{name}")}


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_file_tells_the_same_packages(name):
    found = told(lock(name))
    assert {purl.partition("@")[0] for purl in found} >= COMMON
    assert "pkg:pypi/httpx@0.27.2" in found
    assert all(one.presence is Presence.DECLARED for one in found.values())


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock"])
def test_edges_are_followed_where_the_lock_file_has_them(name):
    found = told(lock(name))
    needs = {purl.partition("@")[0] for purl in found["pkg:pypi/httpx@0.27.2"].depends}
    assert needs == {f"pkg:pypi/{one}" for one in ("anyio", "certifi", "httpcore", "idna", "sniffio")}


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml", "poetry.lock", "pdm.lock"])
def test_the_digest_is_that_of_the_one_wheel_for_every_platform(name):
    one = told(lock(name))["pkg:pypi/httpx@0.27.2"]
    assert one.hashes == {"sha256": "7bb2708e112d8fdd7829cd4243970f0c223274051cb35ee80c03301ee29a3df0"}
    assert (one.hash_covers, one.facts["archive"]) == ("package archive", "httpx-0.27.2-py3-none-any.whl")


def test_where_a_platform_decides_the_archive_all_digests_are_a_fact():
    one = told(lock("poetry.lock"))["pkg:pypi/pyyaml@6.0.3"]
    assert one.hashes == {} and one.facts["archive digests"].startswith("sha256:") and one.facts["archive digests"].endswith("…")


def test_what_a_lock_file_needs_only_for_development_is_said():
    found = told(lock("uv.lock"))
    assert found["pkg:pypi/iniconfig@2.3.1"].facts["scope"] == "dev" and "scope" not in found["pkg:pypi/idna@3.20"].facts
    assert told(lock("Pipfile.lock"))["pkg:pypi/iniconfig@2.3.1"].facts["groups"] == "develop"
    assert told(lock("pdm.lock"))["pkg:pypi/pyyaml@6.0.3"].facts["groups"] == "yaml"


def test_the_project_in_its_own_lock_file_is_an_application():
    own = told(lock("uv.lock"))["pkg:pypi/shop@1.2.3"]
    assert own.kind is ComponentKind.APPLICATION and "pkg:pypi/httpx@0.27.2" in own.depends
    assert {"pkg:pypi/iniconfig@2.1.0", "pkg:pypi/iniconfig@2.3.1"} <= set(own.depends)


def test_the_old_place_of_digests_in_poetry_and_pdm_is_read():
    digest = "sha256:" + "0" * 64
    poetry = '[[package]]\nname = "A.b"\nversion = "1"\ncategory = "dev"\n[metadata.files]\n'
    poetry += f'"A.b" = [{{file = "x.tar.gz", hash = "{digest}"}}]'
    one = told({"poetry.lock": poetry})["pkg:pypi/a-b@1"]
    assert one.hashes == {"sha256": "0" * 64} and one.facts == {"archive": "x.tar.gz", "scope": "dev"}
    pdm = '[[package]]\nname = "a"\nversion = "1"\n[metadata.files]\n'
    pdm += f'"a 1" = [{{url = "https://x.example/a.whl#y", hash = "{digest}"}}]'
    assert told({"pdm.lock": pdm})["pkg:pypi/a@1"].facts == {"archive": "a.whl"}


def test_packages_from_git_say_where_they_come_from():
    uv = '[[package]]\nname = "g"\nversion = "1"\nsource = { git = "https://me:pw@git.example/g?rev=x#abc" }'
    poetry = '[[package]]\nname = "g"\nversion = "1"\n[package.source]\ntype = "git"\n'
    poetry += 'url = "https://git.example/g"\nresolved_reference = "abc"'
    pylock = '[[packages]]\nname = "g"\nvcs = { type = "git", url = "https://git.example/g", commit-id = "abc" }'
    pipfile = {"default": {"g": {"git": "https://git.example/g", "ref": "abc"}}}
    at = "vcs_url=git%2Bhttps:%2F%2Fgit.example%2Fg%40abc"
    assert told({"uv.lock": uv})[f"pkg:pypi/g@1?{at}"].facts["resolved"] == "git+https://git.example/g?rev=x#abc"
    assert told({"poetry.lock": poetry})[f"pkg:pypi/g@1?{at}"].facts["resolved"] == "https://git.example/g@abc"
    assert told({"pylock.dev.toml": pylock})[f"pkg:pypi/g?{at}"].facts["resolved"] == "git+https://git.example/g@abc"
    assert told({"Pipfile.lock": json.dumps(pipfile)})[f"pkg:pypi/g?{at}"].facts["resolved"] == "https://git.example/g@abc"


def test_of_a_requirements_file_only_what_is_pinned_is_a_package():
    text = """# a comment
--index-url https://pypi.org/simple
Flask_Login[x,y] == 1.0 ; python_version > "3" # why
b===2 \\
    --hash=sha256:ZERO
c>=1
d==1.*
e
f==1,<2
g @ https://x.example/g-3.1-py3-none-any.whl#sha256=1
h @ git+https://me:pw@x.example/h.git@main
""".replace("ZERO", "0" * 64)
    found = inventory({"requirements-dev.txt": text})
    assert [one.purl for one in found.components] == [
        "pkg:pypi/b@2",
        "pkg:pypi/flask-login@1.0",
        "pkg:pypi/g@3.1?download_url=https:%2F%2Fx.example%2Fg-3.1-py3-none-any.whl",
        "pkg:pypi/h?vcs_url=git%2Bhttps:%2F%2Fx.example%2Fh.git%40main",
    ]
    assert found.components[0].hashes == {"sha256": "0" * 64}
    assert found.components[3].facts == {"resolved": "git+https://x.example/h.git@main"}
    (unknown,) = found.unknowns
    assert unknown.reason == "4 requirements that name no one version: c, d, e, f"


def test_requirements_in_a_folder_of_that_name_are_read_and_other_texts_are_not():
    files = {"requirements/main.txt": "a==1", "notes.txt": "b==1", "x/site-packages/p/requirements.txt": "c==1"}
    assert set(told(files)) == {"pkg:pypi/a@1"}


def test_requirements_take_time_by_their_length_only():
    for text in ("a" * 300_000, "a[" * 150_000, "a-" * 150_000, "a==1 --hash=" * 30_000, "\\\n" * 100_000, "a" + " " * 300_000):
        inventory({"requirements.txt": text})


def test_who_installed_a_distribution_and_where_from_is_told():
    base = "opt/site-packages/x-1.dist-info"
    direct = {"url": "https://git.example/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}, "dir_info": {"editable": True}}
    files = {
        f"{base}/METADATA": "Name: x\nVersion: 1\n",
        f"{base}/INSTALLER": "uv\n",
        f"{base}/direct_url.json": json.dumps(direct),
    }
    (one,) = told(files).values()
    assert one.facts == {"installer": "uv", "resolved": "git+https://git.example/x.git@abc", "editable": "true"}
    (unknown,) = inventory(files | {f"{base}/direct_url.json": "["}).unknowns
    assert unknown.path.endswith("direct_url.json")


def conda(name: str, **fields: object) -> dict[str, bytes | str]:
    document = {
        "name": name,
        "version": "1.2",
        "build": "py_0",
        "channel": "https://conda.example/conda-forge/linux-64",
        "subdir": "linux-64",
        "fn": f"{name}-1.2-py_0.conda",
        "url": f"https://u:p@conda.example/conda-forge/linux-64/{name}-1.2-py_0.conda",
        "md5": "0" * 32,
        "sha256": "0" * 64,
        "license": "BSD 3-Clause",
        **fields,
    }
    return {f"opt/env/conda-meta/{name}-1.2-py_0.json": json.dumps(document)}


def test_packages_of_a_conda_environment_own_their_files():
    digest = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"  # of "aaa"
    paths = [
        {"_path": "bin/a", "path_type": "hardlink", "sha256": "1" * 64, "sha256_in_prefix": digest, "prefix_placeholder": "/o"},
        {"_path": "lib/b", "path_type": "hardlink", "sha256": digest},
        {"_path": "lib/c", "path_type": "hardlink", "sha256": "1" * 64, "prefix_placeholder": "/old"},
        {"_path": "../../etc/passwd", "path_type": "hardlink"},
    ]
    files = conda("Zlib", depends=["libgcc >=13", "absent"], paths_data={"paths": paths}) | conda("libgcc", files=["lib/d"])
    files |= {f"opt/env/{path}": "aaa" for path in ("bin/a", "lib/b", "lib/c", "lib/d")} | {"etc/passwd": "x"}
    found = catalogue_tree(SUBJECT, tree(files))
    libgcc, zlib = found.components[1], found.components[0]
    query = "?build=py_0&channel=conda-forge&subdir=linux-64&type=conda"
    assert (zlib.purl, libgcc.purl) == (f"pkg:conda/Zlib@1.2{query}", f"pkg:conda/libgcc@1.2{query}")
    assert zlib.depends == (libgcc.ref,) and zlib.presence is Presence.INSTALLED and zlib.licences == ("BSD-3-Clause",)
    assert zlib.facts == {"resolved": "https://conda.example/conda-forge/linux-64/Zlib-1.2-py_0.conda"}
    states = {path: owned.state for path, owned in found.ownership.items()}
    assert [states[f"opt/env/{path}"] for path in ("bin/a", "lib/b", "lib/c", "lib/d")] == [
        Ownership.MATCHING,
        Ownership.MATCHING,
        Ownership.UNCHECKED,
        Ownership.UNCHECKED,
    ]
    assert "etc/passwd" not in states


@pytest.mark.parametrize("name", [*LOCKS, "conda-meta/x.json"])
def test_broken_lock_files_never_raise(name):
    @given(data=broken(*([f"python/{name}"] if name in LOCKS else ["python/Pipfile.lock", "javascript/hidden-lock.json"])))
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def check(data):
        for one in inventory({name: data}).components:
            assert one.ref.startswith(("pkg:pypi/", "pkg:conda/", "local:pypi/"))

    check()


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"])
def test_a_package_of_a_private_index_is_another_package(name):
    private = fixture(f"python/{name}").replace(b"https://pypi.org/simple", b"https://me:secret@index.example/simple/")
    found = told({f"src/{name}": private})
    assert "pkg:pypi/httpx@0.27.2?repository_url=https:%2F%2Findex.example%2Fsimple" in found
    assert "pkg:pypi/httpx@0.27.2" not in found and not any("secret" in purl for purl in found)


def test_each_package_of_a_pipfile_is_of_the_index_it_names():
    sources = [{"name": "pypi", "url": "https://pypi.org/simple"}, {"name": "own", "url": "https://own.example/simple"}]
    packages = {"a": {"version": "==1", "index": "own"}, "b": {"version": "==1"}, "c": {"git": "https://g.example/c", "ref": "f"}}
    found = told({"Pipfile.lock": json.dumps({"_meta": {"sources": sources}, "default": packages})})
    git = "pkg:pypi/c?vcs_url=git%2Bhttps:%2F%2Fg.example%2Fc%40f"
    assert set(found) == {"pkg:pypi/a@1?repository_url=https:%2F%2Fown.example%2Fsimple", "pkg:pypi/b@1", git}


def test_what_lies_in_a_folder_of_wheels_has_no_purl():
    lock = '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "../wheels" }\n'
    (one,) = told({"uv.lock": lock}).values()
    assert (one.purl, one.facts["location"]) == ("", "../wheels")
