"""Swift and Objective-C: Package.resolved of the Swift Package Manager (versions 1 to 3), Podfile.lock of CocoaPods.

A Swift package is named by its repository, host and path; a pod's part (`Firebase/Core`) by the subpath of the pod's purl.
"""

from collections.abc import Iterator

from pratique.errors import Malformed
from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.parse import load_json_object, load_yaml
from pratique.sbom.pattern import lazy
from pratique.sbom.text import clean
from pratique.sbom.values import as_list, as_table, as_text, clean_url, read_hex

_SCP = lazy(r"(?:[^/@:]+@)?([^/@:]+):(?!//)(.*)")
_SCHEME = lazy(r"[A-Za-z][A-Za-z0-9+.-]*://")
_POD = lazy(r"([^()]*[^()\s])\s+\(([^()]*)\)")


def _read_resolved(file: File) -> Iterator[Found]:
    document = load_json_object(file.data)
    pins = as_list(document.get("pins")) or as_list(as_table(document.get("object")).get("pins"))
    if not pins and "pins" not in document and "object" not in document:
        raise Malformed("a Package.resolved without pins")
    for pin in map(as_table, pins):
        state = as_table(pin.get("state"))
        revision, branch = clean(state.get("revision"), 100), clean(state.get("branch"), 100)
        address = clean_url(pin.get("location")) or clean_url(pin.get("repositoryURL"))
        name = as_text(pin.get("identity")) or as_text(pin.get("package"))
        namespace, short = _place(address)
        component = file.package(
            "swift",
            short or name,
            as_text(state.get("version")) or revision,
            namespace=namespace,
            shown=short or name,
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
    document = as_table(load_yaml(file.data))
    if "PODS" not in document:
        raise Malformed("a lock file of CocoaPods without PODS")
    sums, options = as_table(document.get("SPEC CHECKSUMS")), as_table(document.get("CHECKOUT OPTIONS"))
    external = as_table(document.get("EXTERNAL SOURCES"))
    for value in as_list(document["PODS"]):
        line, needs = next(iter(as_table(value).items()), ("", None)) if isinstance(value, dict) else (as_text(value), None)
        match = _POD.fullmatch(line[:1000])
        full, version = (match[1], match[2]) if match else (line, "")
        name, _, part = full.partition("/")
        checkout = as_table(options.get(name)) or as_table(external.get(name))
        address = next((f"{clean_url(checkout[key])}" for key in (":git", ":http", ":path", ":podspec") if key in checkout), "")
        commit = clean(checkout.get(":commit") or checkout.get(":tag"), 100)
        component = file.package(
            "cocoapods",
            name,
            version,
            subpath=part,
            shown=full,
            hashes=read_hex("sha1", as_text(sums.get(name))),
            hash_covers="podspec",
            facts={"resolved": f"{address}@{commit}" if address and commit else address},
        )
        if component is not None:
            yield Found(component, (clean(full),), (clean(as_text(one).partition(" (")[0]) for one in as_list(needs)))


SWIFT = FileCataloger("swift", 1, Source(read=_read_resolved, presence=Presence.DECLARED, names=("Package.resolved",)))
COCOAPODS = FileCataloger("cocoapods", 1, Source(read=_read_pods, presence=Presence.DECLARED, names=("Podfile.lock",)))
