"""Helm's provenance files, `CHART.tgz.prov` (helm.sh, «Helm Provenance and Integrity»; pkg/provenance). Pure but for the clock.

Clear-signed text: the chart's metadata, a line of three dots, and the digests of files. Helm itself compares the digest only;
here the metadata is held against the archive's Chart.yaml too, for it is what people and registries show. Numbers and truth
values are compared as they are spelled, so that version 1.10 is not 1.1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pratique.attest.members import refuse_unknown
from pratique.attest.openpgp import clear_sign, parse_clear_signed, verify_clear_signed
from pratique.errors import DigestMismatch, LimitExceeded, Malformed
from pratique.model.digest import Digest, is_digest

if TYPE_CHECKING:
    from pratique.model.signer import Signed

MAX_YAML_SIZE = 1 << 20
MAX_NAME = 250  # helm's own limit of a name is 250 characters, a file system's 255
MAX_YAML_DEPTH = 32
MAX_YAML_EVENTS = 50_000
_SEPARATOR = b"\n...\n"
# What Helm knows of a chart (pkg/chart, Metadata); it writes these and no others.
_FIELDS = frozenset(
    (
        "annotations",
        "apiVersion",
        "appVersion",
        "condition",
        "dependencies",
        "deprecated",
        "description",
        "home",
        "icon",
        "keywords",
        "kubeVersion",
        "maintainers",
        "name",
        "sources",
        "tags",
        "type",
        "version",
    )
)
_NOTHING: tuple[Any, ...] = ("", "~", "null", "Null", "NULL", [], {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What a provenance file says. `metadata`: the chart's, all values as they are spelled; `digests`: by file name; `text`:
    the bytes that say it, which were signed.
    """

    text: bytes
    metadata: Mapping[str, Any]
    digests: Mapping[str, Digest]


def render_provenance(chart_yaml: bytes, filename: str, digest: Digest) -> bytes:
    """The text to sign for an archive of this name and digest. Raises Malformed."""
    import yaml

    metadata = chart_metadata(chart_yaml)
    if "/" in filename or not filename.isprintable() or not filename:
        raise Malformed(f"not a file's name: {filename[:80]!r}")
    files = {"files": {filename: str(digest)}}
    parts = (yaml.safe_dump(part, sort_keys=True, allow_unicode=True, width=1 << 20).encode() for part in (metadata, files))
    return _SEPARATOR.join(parts)


def sign_provenance(text: bytes, secret_key: bytes, passphrase: Callable[[], bytes | None]) -> bytes:
    """The provenance file. Raises as `openpgp.clear_sign`."""
    # The line break before the signature belongs to the frame (RFC 9580 §7.1).
    return clear_sign(text.removesuffix(b"\n"), secret_key, passphrase)


def parse_provenance(text: bytes) -> Provenance:
    """Read the text that was signed. Raises Malformed, LimitExceeded."""
    parts = text.split(_SEPARATOR)
    if len(parts) != 2:
        raise Malformed(f"a provenance file has two parts, this has {len(parts)}")
    metadata, sums = _load(parts[0], "metadata"), _load(parts[1], "digests")
    refuse_unknown(sums, ("files", "images"), "digests")
    files = sums.get("files")
    if not isinstance(files, dict) or not files:
        raise Malformed("a provenance file without digests of files")
    digests = {}
    for name, digest in files.items():
        if not isinstance(digest, str) or not is_digest(digest):
            raise Malformed(f"the digest of {name[:80]!r} is none")
        digests[name] = Digest(digest)
    return Provenance(text=text, metadata=metadata, digests=digests)


def chart_metadata(chart_yaml: bytes) -> dict[str, Any]:
    """What Helm keeps of a Chart.yaml, values as they are spelled. Raises Malformed, LimitExceeded."""
    metadata = {name: value for name, value in _load(chart_yaml, "Chart.yaml").items() if name in _FIELDS}
    metadata = {name: value for name, value in metadata.items() if value not in _NOTHING}
    if not all(isinstance(metadata.get(name), str) for name in ("name", "version")):
        raise Malformed("a Chart.yaml without name and version")
    if "deprecated" in metadata:
        metadata["deprecated"] = metadata["deprecated"] == "true"
    return metadata


def archive_name(chart_yaml: bytes) -> str:
    """What `helm package` calls the archive of a chart: NAME-VERSION.tgz, which is one plain name. Raises Malformed."""
    metadata = chart_metadata(chart_yaml)
    name = f"{metadata['name']}-{metadata['version']}.tgz"
    if not name.isprintable() or set(name) & set("/\\") or name.startswith((".", "-")) or len(name) > MAX_NAME:
        raise Malformed(f"not a chart's name and version: {name[:80]!r}")
    return name


def verify_provenance(
    data: bytes, keyring: bytes, *, filename: str, digest: Digest, chart_yaml: bytes, at: int
) -> "tuple[Provenance, Signed]":
    """Verify a provenance file for the archive of this name and digest. `chart_yaml`: that of the archive; `keyring`: OpenPGP;
    `at`: now, Unix seconds.

    The time in an OpenPGP signature is the signer's word, so no time is proven. Raises Malformed, LimitExceeded, Untrusted,
    Expired, SignatureInvalid, DigestMismatch.
    """
    from pratique.model.signer import Signed

    signed = parse_clear_signed(data)
    signer = verify_clear_signed(signed, keyring, at=at)
    provenance = parse_provenance(signed.text)
    stated = provenance.digests.get(filename)
    if stated is None:
        raise DigestMismatch(f"the provenance is not about a file called {filename[:200]}")
    if stated != digest:
        raise DigestMismatch(f"the provenance is about {stated}, the archive is {digest}")
    _compare(provenance.metadata, _load(chart_yaml, "Chart.yaml"))
    return provenance, Signed(signer=signer)


def _compare(stated: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise DigestMismatch where the metadata is not the chart's own. Fields that Helm does not know it leaves out."""
    for name in sorted(_FIELDS | set(stated)):
        ours, theirs = own.get(name), stated.get(name)
        ours, theirs = (None if value in _NOTHING else value for value in (ours, theirs))
        if name == "dependencies" and ours is None and own.get("apiVersion") == "v1":
            continue  # of such charts they stand in requirements.yaml
        if name == "deprecated":
            ours, theirs = (None if value == "false" else value for value in (ours, theirs))
        if _without_nothing(ours) != _without_nothing(theirs):
            raise DigestMismatch(f"the provenance says another {name[:80]} than the Chart.yaml in the archive")


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nothing(item) for name, item in value.items() if item not in _NOTHING}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value


def _load(data: bytes, what: str) -> dict[str, Any]:
    """A YAML mapping whose scalars are text as spelled; no aliases, no key twice, one document."""
    import yaml

    if len(data) > MAX_YAML_SIZE:
        raise LimitExceeded(f"{what} has {len(data)} bytes, more than the limit of {MAX_YAML_SIZE}")

    class ChartLoader(yaml.BaseLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            if not all(isinstance(key, str) for key in keys) or len(set(keys)) != len(keys):
                raise Malformed(f"{what} has a key twice, or one that is no text")
            return super().construct_mapping(node, deep=deep)

    try:
        text = data.decode("utf-8")
        depth = 0
        for count, event in enumerate(yaml.parse(text, Loader=yaml.BaseLoader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise Malformed(f"{what} has an alias")
            if count > MAX_YAML_EVENTS or depth > MAX_YAML_DEPTH:
                raise LimitExceeded(f"{what} has more, or deeper, values than are read")
        value = ChartLoader(text).get_single_data()
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise Malformed(f"{what} is not YAML") from error
    if not isinstance(value, dict):
        raise Malformed(f"{what} is no mapping")
    return value
