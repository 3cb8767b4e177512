"""One file of MSBuild, as it is written: properties, items, imports, SDKs (Microsoft Learn, "MSBuild project file schema
reference"). Targets run later, and say nothing of packages. Pure."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ITEMS = frozenset(
    {
        *("PackageReference", "GlobalPackageReference", "PackageDownload", "DotNetCliToolReference", "ProjectReference"),
        "PackageVersion",
    }
)
_ACTIONS = ("Include", "Update", "Remove")
_VALUES = ("version", "versionoverride", "privateassets", "includeassets", "excludeassets")
_GROUPS = ("ImportGroup", "Choose", "When", "Otherwise")
_MAX_NODES = 200_000
_MAX_NAMES = 20_000
_OWN_DEFAULT = lazy(r"\s*'\$\(([\w.-]{1,100})\)'\s*==\s*''\s*")
_THIS_FOLDER = "$(MSBuildThisFileDirectory)"
_ARCADE = "Microsoft.DotNet.Arcade.Sdk"  # reads one further file, where it lies
_ARCADE_VERSIONS = "$([MSBuild]::GetPathOfFileAbove('eng/Versions.props'))"


class Item(NamedTuple):
    """`names`: as written, `A;B`. `action`: Include, Update or Remove. `values`: metadata by names in lower case."""

    kind: str
    action: str
    names: str
    values: dict[str, str]
    conditional: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """`properties`: name in lower case → (values, whether the first of them holds without a condition). `defaults`: those that
    only hold where nothing else is said. `versions`: package in lower case → what is given to those who ask for it without a
    version, `given`: its name as written. Paths of the file's own folder begin with a slash, which is the root of the tree."""

    properties: dict[str, tuple[list[str], bool]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    versions: dict[str, list[str]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    sdks: list[str] = field(default_factory=list)


def read_sheet(root: "Element", path: str) -> Sheet:
    """`path`: of the file in the tree."""
    folder = path.rpartition("/")[0]
    here = f"/{folder}/" if folder else "/"
    sheet = Sheet()
    _name_sdk(sheet, *root.get("Sdk", "").split(";")[:100])
    waiting, nodes = [(root, False)], 0
    while waiting and nodes < _MAX_NODES:
        parent, under = waiting.pop()
        inner: list[tuple[Element, bool]] = []
        for one in parent:
            nodes += 1
            kind, conditional = local_name(one), under or bool(one.get("Condition", "").strip())
            if kind == "PropertyGroup":
                for prop in one:
                    _set(sheet, prop, conditional, here)
            elif kind == "ItemGroup":
                for item in one:
                    _add(sheet, item, conditional)
            elif kind in _GROUPS:
                inner.append((one, conditional or kind in ("When", "Otherwise")))
            elif kind == "Sdk":
                _name_sdk(sheet, f"{one.get('Name', '')}/{one.get('Version', '')}")
            elif kind == "Import":
                if one.get("Sdk"):
                    _name_sdk(
                        sheet, one.get("Sdk", "") if "/" in one.get("Sdk", "") else f"{one.get('Sdk')}/{one.get('Version', '')}"
                    )
                else:
                    sheet.imports.append(one.get("Project", "").replace(_THIS_FOLDER, here))
        waiting += reversed(inner)
    return sheet


def _name_sdk(sheet: Sheet, *texts: str) -> None:
    for text in texts:
        sheet.sdks.append(text)
        if text.strip().partition("/")[0] == _ARCADE:
            sheet.imports.append(_ARCADE_VERSIONS)


def _set(sheet: Sheet, prop: "Element", conditional: bool, here: str) -> None:
    name, value = local_name(prop).lower(), clean((prop.text or "").replace(_THIS_FOLDER, here))
    default = _OWN_DEFAULT.fullmatch(prop.get("Condition", ""))
    if default is not None and default[1].lower() == name:
        sheet.defaults.setdefault(name, value)
    elif not conditional and not prop.get("Condition", "").strip():
        sheet.properties[name] = [value], True
    else:
        values, sure = sheet.properties.get(name, ([], False))
        sheet.properties[name] = [*values[:100], value], sure


def _add(sheet: Sheet, item: "Element", conditional: bool) -> None:
    kind = local_name(item)
    action = next((one for one in _ACTIONS if item.get(one)), "")
    if kind not in _ITEMS or not action:
        return
    children = {local_name(child).lower(): child.text or "" for child in item}
    children |= {name.lower(): text for name, text in item.items()}
    values = {name: clean(children[name]) for name in _VALUES if children.get(name)}
    names = item.get(action, "")
    if kind == "PackageVersion" or (kind == "PackageReference" and action == "Update"):
        for name in names.split(";")[:_MAX_NAMES]:
            if name.strip() and values.get("version"):
                sheet.versions.setdefault(name.strip().lower(), []).append(values["version"])
                sheet.given.setdefault(name.strip().lower(), name.strip())
    if kind != "PackageVersion":
        sheet.items.append(Item(kind, action, names, values, conditional or bool(item.get("Condition", "").strip())))


def local_name(element: "Element") -> str:
    """The name of an element without its namespace: older files have one, newer none."""
    return element.tag.rpartition("}")[2]
