"""What .NET projects ask for, what was chosen for them, and from which feed: files of MSBuild and NuGet, tools and SDKs."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lock_trees import broken, inventory, told
from sbom_trees import tree

from pratique.cataloging import cataloger
from pratique.cataloging.cataloger import Collector
from pratique.ecosystems.dotnet.msbuild import MSBuildFiles
from pratique.model import ComponentKind, Edges, is_for_development

PRIVATE = "?repository_url=https:%2F%2Freg.example%2Fnuget"


def project(*items: str, properties: str = "", inside: str = "") -> str:
    group = f"<ItemGroup>{''.join(items)}</ItemGroup>"
    return f"<Project Sdk='Microsoft.NET.Sdk'><PropertyGroup>{properties}</PropertyGroup>{group}{inside}</Project>"


def wants(name: str, version: str = "", more: str = "", kind: str = "PackageReference") -> str:
    given = f"Version='{version}'" if version else ""
    return f"<{kind} Include='{name}' {given} {more}/>"


def libraries(files) -> dict[str, str]:
    """purl → what is asked for, where that is no version."""
    return {
        one.purl: one.facts.get("nuget:requirement", "")
        for one in told(files).values()
        if one.kind is not ComponentKind.APPLICATION
    }


def application(files, name: str):
    return next(one for one in inventory(files).components if one.kind is ComponentKind.APPLICATION and one.name == name)


@pytest.mark.parametrize("ending", ["csproj", "fsproj", "vbproj", "vcxproj"])
def test_a_project_is_a_component_without_a_purl_and_needs_what_it_asks_for_and_the_projects_that_it_refers_to(ending):
    files = {
        f"src/app/App.{ending}": project(
            wants("Serilog", "3.1.1"),
            f"<ProjectReference Include='..\\lib\\Lib.{ending}'/>",
            properties="<Version>1.2.3</Version><PackageLicenseExpression>MIT</PackageLicenseExpression>",
        ),
        f"src/lib/Lib.{ending}": project(wants("Dapper", "2.1.0"), properties="<PackageId>Acme.Lib</PackageId>"),
    }
    app, lib = application(files, "App"), application(files, "Acme.Lib")
    assert (app.purl, app.version, app.licences, app.facts["location"]) == ("", "1.2.3", ("MIT",), "src/app")
    assert app.depends == tuple(sorted(("pkg:nuget/Serilog@3.1.1", lib.ref))) and app.edges is Edges.COMPLETE
    del files[f"src/lib/Lib.{ending}"]
    assert application(files, "App").edges is Edges.INCOMPLETE


def test_projects_that_refer_to_each_other_in_a_circle_are_read_once_each():
    files = {
        f"p{one}/P{one}.csproj": project(f"<ProjectReference Include='../p{(one + 1) % 3}/P{(one + 1) % 3}.csproj'/>")
        for one in range(3)
    }
    found = told(files)
    assert {one.name: one.depends for one in found.values()} == {
        f"P{one}": (f"local:nuget/p{(one + 1) % 3}#P{(one + 1) % 3}",) for one in range(3)
    }


@pytest.mark.parametrize(
    ("asked", "version", "requirement"),
    [
        ("3.1.1", "3.1.1", ""),
        ("[3.1.1]", "3.1.1", ""),
        ("1.0.0-rc.1", "1.0.0-rc.1", ""),
        ("[1.0,2.0)", "", "[1.0,2.0)"),
        ("(1.0,)", "", "(1.0,)"),
        ("1.*", "", "1.*"),
        ("1.0.0-*", "", "1.0.0-*"),
        ("*", "", "*"),
        ("$(Nowhere)", "", "$(Nowhere)"),
        ("", "", ""),
    ],
)
def test_a_range_in_a_project_is_no_version_wherever_it_stands(asked, version, requirement):
    purl = "pkg:nuget/A" + (f"@{version}" if version else "")
    central = f"<Project><ItemGroup><PackageVersion Include='A' Version='{asked}'/></ItemGroup></Project>"
    for files in (
        {"a.csproj": project(wants("A", asked))},
        {"a.csproj": project(f"<PackageReference Include='A'><Version>{asked}</Version></PackageReference>")},
        {"src/a.csproj": project(wants("A")), "Directory.Packages.props": central},
        {"src/a.csproj": project(wants("A", "9.9.9", f"VersionOverride='{asked}'"))} if asked else {},
        {"a.csproj": project(wants("A", "$(AVersion)", ""), properties=f"<AVersion>{asked}</AVersion>")} if asked else {},
    ):
        if files:
            assert libraries(files) == {purl: requirement}


def test_what_a_folder_above_gives_counts_for_each_project_below_it_and_for_no_other():
    files = {
        "src/Directory.Build.props": project(
            *(wants(one, "1.0") for one in ("Everywhere", "Unwanted")), properties="<Shared>4.5.6</Shared>"
        ),
        "src/Directory.Build.targets": project("<PackageReference Update='Late' Version='7.0'/>"),
        "src/Directory.Packages.props": project(
            wants("Central", "$(Shared)", kind="PackageVersion"), wants("Tool", "2.0", kind="GlobalPackageReference")
        ),
        "src/a/a.csproj": project(wants("Central"), wants("Late"), "<PackageReference Remove='Unwanted'/>"),
        "other/b.csproj": project(wants("Central"), wants("Late")),
    }
    assert set(libraries(files)) == {
        *("pkg:nuget/Everywhere@1.0", "pkg:nuget/Central@4.5.6", "pkg:nuget/Tool@2.0", "pkg:nuget/Late@7.0"),
        *("pkg:nuget/Central", "pkg:nuget/Late"),
    }
    assert is_for_development(told(files)["pkg:nuget/Tool@2.0"])


@pytest.mark.parametrize(
    "text",
    [
        "$(MSBuildThisFileDirectory)../Directory.Packages.props",
        "..\\Directory.Packages.props",
        "$([MSBuild]::GetPathOfFileAbove('Directory.Packages.props', '$(MSBuildThisFileDirectory)../'))",
        "$([MSBuild]::GetPathOfFileAbove(Directory.Packages.props, $(MSBuildThisFileDirectory)..))",
        "$([MSBuild]::GetDirectoryNameOfFileAbove($(MSBuildThisFileDirectory).., 'top.props'))/Directory.Packages.props",
        "$(Root)Directory.Packages.props",
    ],
)
def test_imports_are_followed_and_what_imports_counts_more_than_what_is_imported(text):
    near = f'<PropertyGroup><Root>$(MSBuildThisFileDirectory)..\\</Root></PropertyGroup><Import Project="{text}"/>'
    files = {
        "Directory.Packages.props": project(wants("A", "1.0", kind="PackageVersion"), wants("B", "1.0", kind="PackageVersion")),
        "src/Directory.Packages.props": project(wants("B", "2.0", kind="PackageVersion"), inside=near),
        "top.props": project(),
        "src/x/x.csproj": project(wants("A"), wants("B")),
    }
    assert set(libraries(files)) == {"pkg:nuget/A@1.0", "pkg:nuget/B@2.0"}


def test_imports_in_a_circle_end_and_those_that_lead_out_of_the_tree_are_passed_over():
    imports = "<Import Project='b.props'/><Import Project='../../../etc/x.props'/>"
    circle = project(properties="<V>1.0</V>", inside=imports)
    files = {
        "a.props": circle,
        "b.props": "<Project><Import Project='a.props'/></Project>",
        "a.csproj": project(wants("A", "$(V)"), inside="<Import Project='a.props'/>"),
    }
    assert libraries(files) == {"pkg:nuget/A@1.0": ""}


def test_all_that_a_condition_may_choose_is_asked_for_and_a_default_only_where_nothing_else_is_said():
    condition = "Condition=\"'$(TargetFramework)' == 'net472'\""
    text = project(
        wants("A", "$(V)"),
        wants("B", "$(W)"),
        properties=f"<V>2.0</V><V {condition}>1.0</V><W Condition=\"'$(W)' == ''\">3.0</W>",
        inside=f"<Choose><When {condition}><ItemGroup>{wants('C', '1.0')}</ItemGroup></When></Choose>",
    )
    assert set(libraries({"a.csproj": text})) == {f"pkg:nuget/{one}" for one in ("A@1.0", "A@2.0", "B@3.0", "C@1.0")}
    above = "<Project><PropertyGroup><W>4.0</W></PropertyGroup></Project>"
    assert "pkg:nuget/B@4.0" in libraries({"a.csproj": text, "Directory.Build.props": above})
    by_framework = (
        f"<ItemGroup>{wants('A', '1.0', condition, kind='PackageVersion')}{wants('A', '2.0', kind='PackageVersion')}</ItemGroup>"
    )
    files = {"Directory.Packages.props": f"<Project>{by_framework}</Project>", "a.csproj": project(wants("A"))}
    assert set(libraries(files)) == {"pkg:nuget/A@1.0", "pkg:nuget/A@2.0"}


def test_a_property_that_is_made_of_itself_or_of_very_many_values_ends():
    doubling = "".join(f"<P{one}>$(P{one + 1})$(P{one + 1})</P{one}>" for one in range(60)) + "<P60>1</P60>"
    text = project(wants("A", "$(P0)"), wants("B", "$(Q)"), properties=doubling + "<Q>$(Q);1</Q>")
    found = libraries({"a.csproj": text})
    assert {purl.partition("@")[0] for purl in found} == {"pkg:nuget/A", "pkg:nuget/B"}


DEV = "PrivateAssets='all' IncludeAssets='runtime; build; native; contentfiles; analyzers'"
LOCK = {
    "version": 2,
    "dependencies": {
        "net8.0": {
            "Run": {"type": "Direct", "requested": "[1.0, )", "resolved": "1.5.0", "dependencies": {"Both": "1.0"}},
            "Tool": {
                "type": "Direct",
                "requested": "[1.0, )",
                "resolved": "1.0.0",
                "dependencies": {"Both": "1.0", "Only": "1.0"},
            },
            "Both": {"type": "Transitive", "resolved": "1.0.0"},
            "Only": {"type": "CentralTransitive", "requested": "[1, )", "resolved": "1.0.0"},
            "lib": {"type": "Project", "dependencies": {"Through": "[1, )"}},
            "Through": {"type": "Transitive", "resolved": "1.0.0"},
        },
        "net8.0/linux-x64": {
            "Run": {"type": "Direct", "resolved": "1.5.0", "dependencies": {"Both": "1.0", "Native": "1.0"}},
            "Native": {"type": "Transitive", "resolved": "1.0.0"},
        },
    },
}
ASSETS = {
    "version": 3,
    "targets": {
        "net8.0": {
            "Run/1.5.0": {"type": "package", "dependencies": {"Both": "1.0"}},
            "Tool/1.0.0": {"type": "package", "dependencies": {"Both": "1.0", "Only": "1.0"}},
            "Both/1.0.0": {"type": "package"},
            "Only/1.0.0": {"type": "package"},
            "lib/1.0.0": {"type": "project", "dependencies": {"Through": "1.0"}},
            "Through/1.0.0": {"type": "package"},
        },
        "net9.0": {
            "Run/1.5.0": {"type": "package", "dependencies": {"Both": "2.0", "Native": "1.0"}},
            "Both/2.0.0": {"type": "package"},
            "Native/1.0.0": {"type": "package"},
        },
    },
    "libraries": {
        key: {"type": "project" if key.startswith("lib") else "package"}
        for key in (
            "Run/1.5.0",
            "Tool/1.0.0",
            "Both/1.0.0",
            "Both/2.0.0",
            "Only/1.0.0",
            "lib/1.0.0",
            "Through/1.0.0",
            "Native/1.0.0",
        )
    },
    "project": {
        "restore": {"projectPath": "C:\\work\\app\\App.csproj"},
        "frameworks": {
            "net8.0": {
                "dependencies": {
                    "Run": {"target": "Package", "version": "[1.0, )"},
                    "Tool": {
                        "include": "Runtime, Build, Native, Analyzers",
                        "suppressParent": "All",
                        "target": "Package",
                        "version": "[1.0, )",
                    },
                }
            }
        },
    },
}
APP = project(wants("Run", "1.0.0"), wants("Tool", "1.0.0", DEV))


@pytest.mark.parametrize(
    "name", ["app/packages.lock.json", "app/obj/project.assets.json", "artifacts/obj/App/project.assets.json"]
)
def test_what_was_chosen_for_a_project_stands_for_what_it_asks_for(name):
    files = {"app/App.csproj": APP, name: json.dumps(LOCK if "lock" in name else ASSETS)}
    found = told(files)
    assert "pkg:nuget/Run@1.0.0" not in found  # asked for at least; 1.5.0 was chosen
    app = application(files, "App")
    assert app.depends == ("pkg:nuget/Run@1.5.0", "pkg:nuget/Tool@1.0.0")
    assert "pkg:nuget/Native@1.0.0" in found["pkg:nuget/Run@1.5.0"].depends
    assert {one.name for one in found.values() if is_for_development(one)} == {"Tool", "Only"}
    assert all(one.edges is Edges.COMPLETE for one in found.values())


def test_a_package_needs_in_each_framework_the_version_that_was_chosen_there():
    found = told({"obj/project.assets.json": json.dumps(ASSETS)})
    both = {"pkg:nuget/Both@1.0.0", "pkg:nuget/Both@2.0.0"}
    assert both < set(found["pkg:nuget/Run@1.5.0"].depends)
    assert not set(found["pkg:nuget/Tool@1.0.0"].depends) >= both


def test_without_a_file_of_projects_a_lock_marks_nothing_as_for_development():
    assert not any(is_for_development(one) for one in told({"packages.lock.json": json.dumps(LOCK)}).values())


def test_packages_of_the_old_list_are_needed_by_the_project_beside_it_and_those_for_development_are_marked():
    listed = "<packages><package id='A' version='1.0'/><package id='T' version='2.0' developmentDependency='true'/></packages>"
    files = {"app/App.vcxproj": project(), "app/packages.config": listed}
    assert application(files, "App").depends == ("pkg:nuget/A@1.0", "pkg:nuget/T@2.0")
    assert [one.name for one in told(files).values() if is_for_development(one)] == ["T"]


def test_tools_of_a_repository_and_sdks_that_a_build_loads_are_told():
    tools = {"version": 1, "tools": {"dotnet-ef": {"version": "8.0.0", "commands": ["dotnet-ef"]}}}
    files = {
        ".config/dotnet-tools.json": json.dumps(tools),
        "global.json": '{"sdk": {"version": "8.0.100"}, // a comment\n "msbuild-sdks": {"Acme.Sdk": "1.2.0"}}',
        "a.proj": "<Project Sdk='Microsoft.NET.Sdk;MSTest.Sdk/3.6.0'><Sdk Name='Aspire.Sdk' Version='9.0'/>"
        "<Import Sdk='X.Sdk' Version='1.0' Project='Sdk.props'/></Project>",
    }
    found = told(files)
    scopes = {one.purl: one.facts.get("scope") for one in found.values() if one.purl}
    assert scopes == {
        "pkg:nuget/dotnet-ef@8.0.0": "dev",
        **dict.fromkeys(
            (f"pkg:nuget/{one}" for one in ("Acme.Sdk@1.2.0", "MSTest.Sdk@3.6.0", "Aspire.Sdk@9.0", "X.Sdk@1.0")), "build"
        ),
    }


CLEAR = "<clear/>"
OURS = "<add key='ours' value='https://u:p@reg.example/nuget'/>"
NUGET = "<add key='nuget.org' value='https://api.nuget.org/v3/index.json'/>"
FOLDER = "<add key='local' value='./feed'/>"


def config(sources: str, *, mapping: str = "", disabled: str = "") -> str:
    return (
        f"<configuration><packageSources>{sources}</packageSources><disabledPackageSources>{disabled}</disabledPackageSources>"
        f"{f'<packageSourceMapping>{mapping}</packageSourceMapping>' if mapping else ''}</configuration>"
    )


def mapped(key: str, pattern: str) -> str:
    return f"<packageSource key='{key}'><package pattern='{pattern}'/></packageSource>"


@pytest.mark.parametrize(
    ("files", "purl"),
    [
        ({"nuget.config": config(CLEAR + OURS)}, f"pkg:nuget/Acme.A@1.0{PRIVATE}"),
        ({"nuget.config": config(CLEAR + FOLDER)}, ""),
        ({"nuget.config": config(CLEAR + FOLDER + OURS)}, f"pkg:nuget/Acme.A@1.0{PRIVATE}"),
        ({"nuget.config": config(OURS, disabled="<add key='nuget.org' value='true'/>")}, f"pkg:nuget/Acme.A@1.0{PRIVATE}"),
        # Which of two it is, nothing says.
        ({"nuget.config": config(CLEAR + OURS + NUGET)}, "pkg:nuget/Acme.A@1.0"),
        (
            {"nuget.config": config(CLEAR + OURS + NUGET, mapping=mapped("ours", "Acme.*") + mapped("nuget.org", "*"))},
            f"pkg:nuget/Acme.A@1.0{PRIVATE}",
        ),
        (
            {"nuget.config": config(CLEAR + OURS + NUGET, mapping=mapped("ours", "*") + mapped("nuget.org", "Acme.A"))},
            "pkg:nuget/Acme.A@1.0",
        ),
        # A feed that only the settings of some machine know is not the public one.
        ({"nuget.config": config("", mapping=mapped("company", "Acme.*"))}, ""),
        # The files of folders above count, too, as far as a nearer one does not drop them.
        (
            {"nuget.config": config(CLEAR + OURS), "src/nuget.config": config("", mapping=mapped("ours", "Acme.*"))},
            f"pkg:nuget/Acme.A@1.0{PRIVATE}",
        ),
        ({"nuget.config": config(CLEAR + OURS), "src/nuget.config": config(CLEAR + NUGET)}, "pkg:nuget/Acme.A@1.0"),
    ],
)
def test_a_package_of_a_private_feed_has_no_purl_of_the_public_one(files, purl):
    lock = {"version": 1, "dependencies": {"net8.0": {"Acme.A": {"type": "Direct", "resolved": "1.0"}}}}
    for name, text in (
        ("a.csproj", project(wants("Acme.A", "1.0"))),
        ("packages.lock.json", json.dumps(lock)),
        ("packages.config", "<packages><package id='Acme.A' version='1.0'/></packages>"),
        ("global.json", '{"msbuild-sdks": {"Acme.A": "1.0"}}'),
        ("dotnet-tools.json", '{"tools": {"Acme.A": {"version": "1.0"}}}'),
        ("Directory.Packages.props", project(wants("Acme.A", "1.0", kind="PackageVersion"))),
    ):
        (one,) = (one for one in told(files | {f"src/{name}": text}).values() if one.kind is not ComponentKind.APPLICATION)
        assert one.purl == purl and one.ref.startswith(purl or "local:nuget/")
    assert "u:p@" not in str(tree(files).facts)


NUSPEC = "<package><metadata><id>{}</id><version>{}</version><dependencies>{}</dependencies></metadata></package>"
GROUPS = "<group targetFramework='net472'><dependency id='B' version='1.0'/></group><group targetFramework='net8.0'/>"


def test_packages_in_a_folder_need_what_their_manifests_say_as_far_as_it_is_there_in_one_version():
    def edges(**packages):
        found = inventory({f"p/{name.lower()}/1.0/{name.lower()}.nuspec": text for name, text in packages.items()}).components
        return {one.name: (one.depends, one.edges.value) for one in found}

    a, b = NUSPEC.format("A", "1.0", GROUPS), NUSPEC.format("B", "1.0", "")
    assert edges(A=a, B=b) == {"A": (("pkg:nuget/B@1.0",), "complete"), "B": ((), "complete")}
    assert edges(A=a) == {"A": ((), "incomplete")}
    flat = NUSPEC.format("A", "1.0", "<dependency id='b' version='[1.0,)'/>")
    assert edges(A=flat, B=b)["A"] == (("pkg:nuget/B@1.0",), "complete")


def test_work_is_bounded_however_many_projects_share_however_large_a_file(monkeypatch):
    monkeypatch.setattr(cataloger, "MAX_STEPS", 20_000)
    central = project(*(wants(f"P{one}", "1.0") for one in range(1_000)))
    files = {f"d{one}/p.csproj": project() for one in range(1_000)}
    made = tree({"Directory.Build.props": central, **files})
    out = Collector(made)
    found = MSBuildFiles(out)
    asked = sum(len(found.project(path).packages) for path in found.projects)
    assert asked <= 20_000 and any("dependencies to follow" in one.reason for one in out.result().unknowns)


@settings(max_examples=200)
@given(
    broken(
        APP.encode(),
        config(CLEAR + OURS, mapping=mapped("ours", "*")).encode(),
        json.dumps(LOCK).encode(),
        json.dumps(ASSETS).encode(),
    ),
    st.sampled_from(
        [
            "a.csproj",
            "Directory.Build.props",
            "x.props",
            "packages.lock.json",
            "obj/project.assets.json",
            "nuget.config",
            "global.json",
            "dotnet-tools.json",
            "packages.config",
            "a/1.0/a.nuspec",
        ]
    ),
)
def test_whatever_a_file_holds_it_is_read_or_told(data, name):
    reader = project(wants("A", "$(V)"), inside="<Import Project='x.props'/>")
    found = inventory({"b.csproj": reader, name: data})
    assert all("could not be read" not in one.reason for one in found.unknowns)
