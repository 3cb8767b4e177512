"""Swift and Objective-C: Package.resolved of the Swift Package Manager (versions 1 to 3), Podfile.lock of CocoaPods.

A Swift package is named by its repository, host and path; a pod's part (`Firebase/Core`) by the subpath of the pod's purl.
"""

from collections.abc import Iterator
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_path, at_registry, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_SCP = lazy(r"(?:[^/@:]+@)?([^/@:]+):(?!//)(.*)")
_SCHEME = lazy(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PUBLIC = ("github.com/CocoaPods/Specs.git", "github.com/CocoaPods/Specs", "cdn.cocoapods.org")
_POD = lazy(r"([^()]*[^()\s])\s+\(([^()]*)\)")


def _read_resolved(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    pins = list_or_empty(document.get("pins")) or list_or_empty(table_or_empty(document.get("object")).get("pins"))
    if not pins and "pins" not in document and "object" not in document:
        raise Malformed("a Package.resolved without pins")
    for pin in map(table_or_empty, pins):
        state = table_or_empty(pin.get("state"))
        revision, branch = clean(state.get("revision"), 100), clean(state.get("branch"), 100)
        address = clean_url(pin.get("location")) or clean_url(pin.get("repositoryURL"))
        name = text_or_empty(pin.get("identity")) or text_or_empty(pin.get("package"))
        namespace, short = _place(address)
        local = pin.get("kind") in ("localSourceControl", "fileSystem") or (
            not namespace and address.startswith(("/", ".", "file:"))
        )
        component = file.package(
            "swift",
            short or name,
            text_or_empty(state.get("version")) or revision,
            namespace=namespace,
            shown=short or name,
            origin=at_path(address or name) if local else PUBLIC,
            facts={"resolved": address, "revision": revision, "branch": branch},
        )
        if component is not None:
            yield Found(component)


def _place(address: str) -> tuple[str, str]:
    """Host and path of a repository, and its name: `https://github.com/a/b.git` → (`github.com/a`, `b`)."""
    scp = _SCP.fullmatch(address)
    text = f"{scp[1]}/{scp[2]}" if scp else _SCHEME.sub("", address, count=1)
    if not scp and text == address:
        return "", ""  # a folder, or the name of a package in a registry
    steps = [step for step in text.partition("?")[0].removesuffix(".git").split("/") if step]
    return "/".join(steps[:-1]), steps[-1] if len(steps) > 1 else ""


def _read_pods(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if "PODS" not in document:
        raise Malformed("a lock file of CocoaPods without PODS")
    sums, options = table_or_empty(document.get("SPEC CHECKSUMS")), table_or_empty(document.get("CHECKOUT OPTIONS"))
    served = {
        text_or_empty(name): address
        for address, names in table_or_empty(document.get("SPEC REPOS")).items()
        for name in list_or_empty(names)
    }
    external = table_or_empty(document.get("EXTERNAL SOURCES"))
    for value in list_or_empty(document["PODS"]):
        line, needs = (
            next(iter(table_or_empty(value).items()), ("", None)) if isinstance(value, dict) else (text_or_empty(value), None)
        )
        match = _POD.fullmatch(line[:1000])
        full, version = (match[1], match[2]) if match else (line, "")
        name, _, part = full.partition("/")
        checkout = table_or_empty(options.get(name)) or table_or_empty(external.get(name))
        address = next((f"{clean_url(checkout[key])}" for key in (":git", ":http", ":path", ":podspec") if key in checkout), "")
        commit = clean(checkout.get(":commit") or checkout.get(":tag"), 100)
        component = file.package(
            "cocoapods",
            name,
            version,
            subpath=part,
            shown=full,
            hashes=read_hex("sha1", text_or_empty(sums.get(name))),
            origin=_pod_origin(checkout, served.get(name, "")),
            hash_covers="podspec",
            facts={"resolved": f"{address}@{commit}" if address and commit else address},
        )
        if component is not None:
            yield Found(component, (clean(full),), (clean(text_or_empty(one).partition(" (")[0]) for one in list_or_empty(needs)))


def _pod_origin(checkout: dict[str, Any], served: str) -> Origin:
    """`served`: the repository of specifications, by its address, or `trunk`, which is the public one."""
    if checkout.get(":git"):
        return at_repository(checkout[":git"], checkout.get(":commit") or checkout.get(":tag"))
    if checkout.get(":http"):
        return at_address(checkout[":http"])
    if checkout.get(":path") or checkout.get(":podspec"):
        return at_address(checkout.get(":path") or checkout[":podspec"])
    return at_registry(served, *_PUBLIC) if "://" in served else PUBLIC


SWIFT = FileCataloger("swift", 1, ListSource(read=_read_resolved, presence=Presence.DECLARED, names=("Package.resolved",)))
COCOAPODS = FileCataloger("cocoapods", 1, ListSource(read=_read_pods, presence=Presence.DECLARED, names=("Podfile.lock",)))
