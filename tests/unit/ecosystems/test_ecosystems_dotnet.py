import base64
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, ComponentKind, Digest, Edges, Ownership, Presence, Subject

DATA = Path(__file__).parents[2] / "data" / "dotnet"
FOLDER = Subject(kind=ArtifactKind.DIRECTORY, name="src", digest=Digest.of(b"folder"))
DIGEST = hashlib.sha512(b"package")
BASE64 = base64.b64encode(DIGEST.digest()).decode()


def inventory(files, subject=FOLDER):
    return catalogue_tree(subject, tree(files))


def components(files, subject=FOLDER):
    return {one.purl: one for one in inventory(files, subject).components}


def deps(libraries, target):
    name = ".NETCoreApp,Version=v8.0/linux-x64"
    return json.dumps({"runtimeTarget": {"name": name}, "targets": {name: target, "other": {}}, "libraries": libraries})


APP = deps(
    {
        "App/1.0.0": {"type": "project"},
        "Serilog/3.1.1": {"type": "package", "sha512": f"sha512-{BASE64}"},
        "Meta/2.0.0": {"type": "package"},
        "BuildOnly/1.0.0": {"type": "package"},
        "Gone/1.0.0": {"type": "package"},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"},
    },
    {
        "App/1.0.0": {"dependencies": {"Meta": "2.0.0", "Serilog": "3.0.0"}, "runtime": {"App.dll": {}}},
        "Serilog/3.1.1": {"runtime": {"lib/net6.0/Serilog.dll": {}}, "resources": {"lib/de/S.resources.dll": {"locale": "de"}}},
        "Meta/2.0.0": {"dependencies": {"Serilog": "3.1.1"}},
        "BuildOnly/1.0.0": {},
        "Gone/1.0.0": {"runtime": {"lib/net6.0/Gone.dll": {}}},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"runtime": {"System.Private.CoreLib.dll": {}}},
    },
)
PUBLISHED = {
    "app/App.deps.json": APP,
    "app/App.dll": b"MZ",
    "app/Serilog.dll": b"MZ1",
    "app/de/S.resources.dll": b"MZ2",
    "app/System.Private.CoreLib.dll": b"MZ3",
}


def test_a_published_application_is_there_with_what_lies_beside_it():
    found = components(PUBLISHED, SUBJECT)
    assert set(found) == {
        "pkg:nuget/App@1.0.0",
        "pkg:nuget/Serilog@3.1.1",
        "pkg:nuget/Meta@2.0.0",
        "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.1",
    }
    app, serilog = found["pkg:nuget/App@1.0.0"], found["pkg:nuget/Serilog@3.1.1"]
    assert app.kind is ComponentKind.APPLICATION
    assert app.depends == ("pkg:nuget/Meta@2.0.0", "pkg:nuget/Serilog@3.1.1")
    assert serilog.hashes == {"sha512": DIGEST.hexdigest()} and serilog.hash_covers == "package archive"


def test_what_an_application_lists_and_has_not_is_declared():
    found = components(PUBLISHED)
    declared = {purl for purl, one in found.items() if one.presence is Presence.DECLARED}
    assert declared == {"pkg:nuget/BuildOnly@1.0.0", "pkg:nuget/Gone@1.0.0"}


def test_assemblies_are_owned_by_their_library():
    owned = inventory(PUBLISHED).ownership
    assert owned["app/Serilog.dll"].owner == owned["app/de/S.resources.dll"].owner == "pkg:nuget/Serilog@3.1.1"
    assert owned["app/App.deps.json"].owner == "pkg:nuget/App@1.0.0"
    assert owned["app/Serilog.dll"].state is Ownership.UNCHECKED


def test_the_file_of_a_real_sdk_is_read():
    text = (DATA / "Python.Runtime.deps.json").read_bytes()
    found = components({"runtime/Python.Runtime.deps.json": text, "runtime/Python.Runtime.dll": b"MZ"})
    assert found["pkg:nuget/Python.Runtime@3.2.1"].presence is Presence.INSTALLED
    assert "pkg:nuget/System.Memory@4.6.3" in found["pkg:nuget/System.IO.Hashing@10.0.12"].depends
    assert found["pkg:nuget/System.Memory@4.6.3"].presence is Presence.DECLARED
    assert len(found) == 10


def test_a_lock_file_declares_with_digests_and_edges():
    lock = {
        "version": 1,
        "dependencies": {
            "net8.0": {
                "A": {
                    "type": "Direct",
                    "requested": "[1, )",
                    "resolved": "1.2.0",
                    "contentHash": BASE64,
                    "dependencies": {"b": "2"},
                },
                "B": {"type": "Transitive", "resolved": "2.0.0"},
                "own": {"type": "Project", "dependencies": {"A": "1"}},
            }
        },
    }
    found = components({"packages.lock.json": json.dumps(lock)})
    assert set(found) == {"pkg:nuget/A@1.2.0", "pkg:nuget/B@2.0.0"}
    one = found["pkg:nuget/A@1.2.0"]
    assert one.depends == ("pkg:nuget/B@2.0.0",)
    assert (one.hashes["sha512"], one.hash_covers) == (DIGEST.hexdigest(), "package content")


def test_an_assets_file_lists_packages_and_no_projects():
    assets = {
        "libraries": {
            "A/1.0.0": {"type": "package", "sha512": BASE64},
            "B/2.0.0": {"type": "package"},
            "P/1.0.0": {"type": "project"},
        },
        "targets": {"net8.0": {"A/1.0.0": {"dependencies": {"B": "2.0.0"}}, "P/1.0.0": {"dependencies": {"A": "1"}}}},
    }
    found = components({"obj/project.assets.json": json.dumps(assets)})
    assert set(found) == {"pkg:nuget/A@1.0.0", "pkg:nuget/B@2.0.0"}
    assert found["pkg:nuget/A@1.0.0"].depends == ("pkg:nuget/B@2.0.0",)


def test_project_files_take_central_versions_and_properties():
    project = (
        "<Project><PropertyGroup><SerilogVersion>3.1.1</SerilogVersion></PropertyGroup><ItemGroup>"
        "<PackageReference Include='Serilog' Version='$(SerilogVersion)'/><PackageReference Include='Central'/>"
        "<PackageReference Include='Child'><Version>[2.0]</Version></PackageReference>"
        "<PackageReference Include='Open' Version='1.*'/><PackageReference Update='Changed' Version='9'/></ItemGroup></Project>"
    )
    central = "<Project><ItemGroup><PackageVersion Include='central' Version='5.0.0'/></ItemGroup></Project>"
    found = components({"src/app/App.csproj": project, "src/Directory.Packages.props": central})
    own = found.pop("")
    assert set(found) == {"pkg:nuget/Serilog@3.1.1", "pkg:nuget/Central@5.0.0", "pkg:nuget/Child@2.0", "pkg:nuget/Open"}
    assert (own.name, own.depends) == ("App", tuple(sorted(found)))
    assert found["pkg:nuget/Open"].facts == {"nuget:requirement": "1.*"}


def test_the_old_packages_config_is_read():
    found = components({"packages.config": "<packages><package id='jQuery' version='3.7.1'/></packages>"})
    assert set(found) == {"pkg:nuget/jQuery@3.7.1"}


NUSPEC = """<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata><id>Acme.Lib</id>
<version>1.2.3</version><authors>Acme</authors><license type="expression">MIT</license>
<licenseUrl>https://licenses.nuget.org/MIT</licenseUrl><description>Does it.</description></metadata></package>"""


def test_a_package_file_is_installed_with_its_digests():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("lib/net8.0/Acme.Lib.dll", b"MZ")
        made.writestr("Acme.Lib.nuspec", NUSPEC)
    data = out.getvalue()
    found = inventory({"feed/acme.lib.1.2.3.nupkg": data, "feed/bad.nupkg": b"PK\3\4 no"})
    (one,) = found.components
    assert (one.purl, one.licences, one.supplier) == ("pkg:nuget/Acme.Lib@1.2.3", ("MIT",), "Acme")
    assert one.hashes == {"sha256": hashlib.sha256(data).hexdigest(), "sha512": hashlib.sha512(data).hexdigest()}
    assert found.ownership["feed/acme.lib.1.2.3.nupkg"].owner == one.ref
    assert [one.path for one in found.unknowns] == ["feed/bad.nupkg"]


def test_a_manifest_in_the_package_folder_is_installed_and_one_in_sources_is_not():
    found = inventory({"root/.nuget/packages/acme.lib/1.2.3/acme.lib.nuspec": NUSPEC})
    assert found.components[0].presence is Presence.INSTALLED
    assert inventory({"src/Acme.Lib.nuspec": NUSPEC}).components[0].presence is Presence.DECLARED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.deps.json", "[]"),
        ("a.deps.json", '{"libraries": 1, "targets": {}}'),
        ("a.deps.json", '{"libraries": {"no version": {}}, "targets": {}}'),
        ("packages.lock.json", "{}"),
        ("project.assets.json", '{"libraries": {}}'),
        ("packages.config", "<packages><package/></packages>"),
        ("a.nuspec", "<package/>"),
        ("a.csproj", "<Project"),
        ("Directory.Packages.props", "x"),
    ],
)
def test_a_broken_file_costs_one_unknown(name, text):
    assert [one.path for one in inventory({name: text}).unknowns] == [name]


JSON = st.recursive(
    st.none() | st.integers() | st.sampled_from(["A/1", "package", "A", "1.0", BASE64]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["libraries", "targets", "dependencies", "runtime", "A/1", "A", "type", "resolved", "sha512", "net8.0"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.binary(max_size=200))
def test_any_document_is_read_or_unknown(document, noise):
    text = json.dumps(document)
    names = ("x.deps.json", "packages.lock.json", "project.assets.json")
    inventory(
        {**dict.fromkeys(names, text), "a.nuspec": noise, "a.csproj": noise, "packages.config": noise, "b.deps.json": noise}
    )


CENTRAL = """<Project><ItemGroup>
<PackageVersion Include="Serilog" Version="3.1.1" /><PackageVersion Include="Loose" Version="[1.0,2.0)" />
<GlobalPackageReference Include="Tool" Version="1.2.0" />
</ItemGroup></Project>"""


@pytest.mark.parametrize("name", ["Directory.Packages.props", "Packages.props"])
def test_a_file_of_central_versions_without_projects_tells_packages_itself(name):
    found = components({f"src/{name}": CENTRAL})
    assert set(found) == {"pkg:nuget/Serilog@3.1.1", "pkg:nuget/Loose", "pkg:nuget/Tool@1.2.0"}
    assert {one.presence for one in found.values()} == {Presence.DECLARED}
    project = '<Project><ItemGroup><PackageReference Include="Serilog" /></ItemGroup></Project>'
    used = {"", "pkg:nuget/Serilog@3.1.1", "pkg:nuget/Tool@1.2.0"}  # the project itself, what it asks for, what all get
    assert set(components({f"src/{name}": CENTRAL, "src/a/a.csproj": project})) == used
    assert [one.path for one in inventory({f"src/{name}": "<"}).unknowns] == [f"src/{name}"]


def test_libraries_that_are_listed_without_targets_are_declared_and_what_they_need_is_not_known():
    document = {"libraries": {"Serilog/3.1.1": {"type": "package", "sha512": f"sha512-{BASE64}"}}}
    (one,) = components({"app/x.deps.json": json.dumps(document)}).values()
    assert (one.purl, one.presence, one.edges) == ("pkg:nuget/Serilog@3.1.1", Presence.DECLARED, Edges.UNKNOWN)
