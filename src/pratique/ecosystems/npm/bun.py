"""bun.lock, bun's lock file in text: JSON with comments; a package is a list of its name and version, registry, facts, digest.

The binary bun.lockb is not read, and says so. Packages are keyed by their place without the `node_modules`: `a/@s/b`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pratique.cataloging.origins import PUBLIC, at_path
from pratique.cataloging.package_lists import Asked, File, FileCataloger, Found, ListSource, with_development
from pratique.ecosystems.npm.names import MAX_PLACE, climb, climbing_steps, npm_package, own_manifest, split_spec
from pratique.ecosystems.npm.origins import Aliases, Named, registry_of, settle
from pratique.ecosystems.npm.registries import Registries
from pratique.errors import Malformed
from pratique.lexicon.parse import load_jsonc
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

_WORKSPACE = "workspace:"
_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")


def _read(file: File) -> Iterator[Found]:
    if file.name == "bun.lockb":
        raise Malformed("bun's binary lock file is not read: bun.lock, which bun writes since 1.2, is")
    document = table_or_empty(load_jsonc(file.data))
    yield from with_development(file, _found(file, document), _asked(file, document))


def _packages(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        place: list_or_empty(value)
        for place, value in table_or_empty(document.get("packages")).items()
        if len(place) <= MAX_PLACE
    }


def _asked(file: File, document: Mapping[str, Any]) -> Asked | None:
    """What the project and its workspaces ask for; None where the file has none of them."""
    packages = _packages(document)
    workspaces = table_or_empty(document.get("workspaces"))
    run: list[str] = []
    develop: list[str] = []
    for folder, entry in workspaces.items():
        about = table_or_empty(entry)
        place = text_or_empty(about.get("name")) if folder else ""
        run += _needs(file, place, about, packages, _NEEDS)
        develop += _needs(file, place, about, packages, ("devDependencies",))
    return Asked(run, develop) if workspaces else None


def _found(file: File, document: Mapping[str, Any]) -> Iterator[Found]:
    packages = _packages(document)
    registries = Registries(file, "bunfig.toml")
    infos = (table_or_empty(field) for fields in packages.values() for field in fields[1:] if isinstance(field, dict))
    workspaces = map(table_or_empty, table_or_empty(document.get("workspaces")).values())
    asking = (*workspaces, *infos, {"overrides": document.get("overrides")})
    needs = (*_NEEDS, "devDependencies", "overrides")
    aliases = Aliases(table_or_empty(about.get(field)) for about in asking for field in needs)
    for folder, entry in table_or_empty(document.get("workspaces")).items():
        about = table_or_empty(entry)
        name, version = text_or_empty(about.get("name")), text_or_empty(about.get("version"))
        if not folder and not version:  # the project at the root is told, with its version, by its own package.json
            name, version = own_manifest(file, ".")
        if not name:
            continue
        origin = PUBLIC if version and not folder else at_path(folder or ".")
        component = npm_package(file, name, version, origin=origin, application=True)
        if component is not None:
            yield Found(
                component,
                keys=(f"{_WORKSPACE}{folder}",),
                needs=_needs(
                    file, text_or_empty(about.get("name")) if folder else "", about, packages, (*_NEEDS, "devDependencies")
                ),
            )
    for place, fields in packages.items():
        name, reference = split_spec(text_or_empty(fields[0]) if fields else "")
        if reference.startswith(_WORKSPACE):
            continue
        about = next((table_or_empty(field) for field in fields[1:] if isinstance(field, dict)), {})
        address = ":" in reference or "/" in reference
        version, resolved = ("", reference) if address else (reference, text_or_empty(fields[1]) if len(fields) > 1 else "")
        if resolved.startswith("http") and not address and "/-/" not in resolved:
            named = Named(name, version, registry_of(resolved), "")  # the registry itself, not the archive
        elif resolved:
            named = settle(file, "", name, version, resolved)
        else:
            named = Named(name, version, registries.origin(name))
        if not address:
            aliases.doubt(file, _alias(place, name), name)
        component = npm_package(
            file,
            named.name,
            named.version,
            integrity=fields[-1] if len(fields) > 1 else "",
            resolved=resolved,
            origin=named.origin,
            alias=_alias(place, name),
        )
        if component is not None:
            yield Found(component, keys=(place,), needs=_needs(file, place, about, packages, _NEEDS))


def _alias(place: str, name: str) -> str:
    """The name at the end of a place, where it is not the package's own."""
    return "" if place == name or place.endswith(f"/{name}") else place.rpartition("/")[2]


def _needs(
    file: File, place: str, about: Mapping[str, Any], packages: Mapping[str, Any], fields: tuple[str, ...]
) -> Iterator[str]:
    for field in fields:
        for name in table_or_empty(about.get(field)):
            if not file.out.step(file.path, climbing_steps(place, name)):
                return
            candidates = (f"{above}/{name}" if above else name for above in climb(place))
            found = next((one for one in candidates if one in packages and one != place), None)
            if found is not None:
                yield _target(found, packages[found])


def _target(place: str, fields: Sequence[Any]) -> str:
    """The key of what lies at a place: of a workspace its own, as the place is but a link to it."""
    reference = split_spec(text_or_empty(fields[0]) if fields else "")[1]
    return reference if reference.startswith(_WORKSPACE) else place


BUN = FileCataloger("bun", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("bun.lock", "bun.lockb")))
