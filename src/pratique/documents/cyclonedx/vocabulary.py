"""What CycloneDX calls things, and what may be said in which of its versions. Pure tables."""

from operator import attrgetter

from pratique.documents.carry import carried, carried_part
from pratique.documents.document import ExternalReference, Hash, Part, Property
from pratique.lexicon.cpe import cpe_version
from pratique.lexicon.iri import is_iri_reference, is_uri
from pratique.lexicon.lazy_regex import lazy

OWN_PREFIX = "pratique:"
MAX_VERSION = 1024
"""Characters that a version may have."""
VERSIONS = ("1.4", "1.5", "1.6", "1.7")
READABLE = ("1.0", "1.1", "1.2", "1.3", *VERSIONS)

ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA3-256": "sha3-256",
    "SHA3-384": "sha3-384",
    "SHA3-512": "sha3-512",
    "BLAKE2b-256": "blake2b-256",
    "BLAKE2b-384": "blake2b-384",
    "BLAKE2b-512": "blake2b-512",
    "BLAKE3": "blake3",
    "Streebog-256": "streebog-256",
    "Streebog-512": "streebog-512",
}
"""CycloneDX's name of a hash algorithm → ours."""
ALGORITHM_NAMES = {ours: name for name, ours in ALGORITHMS.items()}

KINDS = frozenset(
    "application framework library container platform operating-system device device-driver firmware file"
    " machine-learning-model data cryptographic-asset".split()
)
_KIND_SINCE = {
    "platform": "1.5",
    "device-driver": "1.5",
    "machine-learning-model": "1.5",
    "data": "1.5",
    "cryptographic-asset": "1.6",
}
_KIND_INSTEAD = {"platform": "application", "device-driver": "firmware", "machine-learning-model": "library", "data": "file"}

REFERENCES = {
    "1.4": frozenset(
        "vcs issue-tracker website advisories bom mailing-list social chat documentation support distribution license build-meta"
        " build-system release-notes other".split()
    )
}
REFERENCES["1.5"] = REFERENCES["1.4"] | frozenset(
    "distribution-intake security-contact model-card log configuration evidence formulation attestation threat-model"
    " adversary-model risk-assessment vulnerability-assertion exploitability-statement pentest-report static-analysis-report"
    " dynamic-analysis-report runtime-analysis-report component-analysis-report maturity-report certification-report"
    " codified-infrastructure quality-metrics poam".split()
)
REFERENCES["1.6"] = REFERENCES["1.5"] | frozenset("source-distribution electronic-signature digital-signature rfc-9116".split())
REFERENCES["1.7"] = REFERENCES["1.6"] | frozenset("patent patent-family patent-assertion citation".split())
"""Version → types of external references it knows."""

PHASES = frozenset("design pre-build build post-build operations discovery decommission".split())
"""Lifecycle phases that the specification names."""


_CONTENT = lazy(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128}")


def spoken_kind(kind: str, version: str) -> str:
    """The component type of that version that comes nearest; the type is mandatory."""
    if kind in KINDS and version >= _KIND_SINCE.get(kind, "1.4"):
        return kind
    return _KIND_INSTEAD.get(kind, "library")


_UNSAYABLE = (
    "summary",
    "comment",
    "file_name",
    "download",
    "source_info",
    "attributions",
    "built",
    "released",
    "valid_until",
)
_said = attrgetter(*_UNSAYABLE)


def own_properties(part: Part) -> list[Property]:
    """Facts of a part that CycloneDX has no member for."""
    found = carried(part, _UNSAYABLE) if any(_said(part)) else []
    if part.kind and part.kind not in KINDS:
        found += carried(part, ("kind",))
    if part.cpes:
        spoken = spoken_cpe(part)
        found += carried_part("cpes", [one for one in part.cpes if one != spoken])
    if part.purl and not is_iri_reference(part.purl):
        found += carried(part, ("purl",))
    if len(part.version) > MAX_VERSION:
        found += carried(part, ("version",))
    if part.hashes:
        unsayable = [one for one in part.hashes if not sayable(one)]
        found += carried_part("hashes", unsayable) if unsayable else []
    return found


def with_download(part: Part) -> tuple[ExternalReference, ...]:
    """A part's references, and its archive's address as the distribution that it is to CycloneDX."""
    address = part.download
    told = any(one.kind == "distribution" and one.url == address for one in part.references)
    plain = is_uri(address) and not told
    return (*part.references, ExternalReference(kind="distribution", url=address)) if plain else part.references


def spoken_cpe(part: Part) -> str:
    """The one CPE name that there is a place for: the first that is one, "" for none."""
    return next((one for one in part.cpes if cpe_version(one)), "")


def sayable(one: Hash) -> bool:
    """Whether it fits CycloneDX's hashes: a known algorithm, in hexadecimal."""
    return one.algorithm in ALGORITHM_NAMES and bool(_CONTENT.fullmatch(one.value))
