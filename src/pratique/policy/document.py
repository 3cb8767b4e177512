"""The YAML policy document: strict structure, no defaults that allow. Pure.

    version: 1
    name: production
    authorities:                     # who is meant by a name: one or more public keys
      release: {keys: [release.pub]}
    require:
      signature:  {threshold: 1, from: [release]}
      sbom:       {from: [release]}             # present, and about these bytes
      provenance: {from: [release], builders: ["https://github.com/actions/*"]}
      log:        true                          # each piece counted must be proven to be in the log
    deny:
      components: ["pkg:npm/event-stream@3.3.6", "pkg:npm/lodash@<4.17.21"]   # `lexicon.purl_pattern`; or a CPE
      licences:   ["AGPL-*"]                                                  # `policy.deny_licences`

Key paths are relative to the policy's folder; the caller reads them (`Policy.key_files`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.errors import Malformed
from pratique.model import Digest
from pratique.policy.deny import check_patterns
from pratique.trust.strictyaml import MAX_BYTES, Reader, load_yaml

MAX_POLICY_BYTES = MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRule:
    """At least `threshold` distinct authorities of `allowed` signed the artifact."""

    threshold: int
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomRule:
    """An SBOM by one of `allowed` is there and describes these bytes."""

    allowed: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceRule:
    """Provenance by one of `allowed` names a builder that one of the anchored patterns `builders` matches."""

    allowed: frozenset[str]
    builders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A parsed policy. `digest`: of the received bytes. `key_files`: authority → paths as written."""

    name: str
    digest: Digest
    data: bytes
    key_files: Mapping[str, tuple[str, ...]]
    signature: SignatureRule | None = None
    sbom: SbomRule | None = None
    provenance: ProvenanceRule | None = None
    require_log: bool = False
    denied_components: tuple[str, ...] = ()
    denied_licences: tuple[str, ...] = ()


def parse_policy(data: bytes, *, where: str) -> Policy:
    """Read a policy strictly. `where` names the file in errors. Raises Malformed, LimitExceeded."""
    document = load_yaml(data, what="policy", where=where)
    if document is None:
        raise Malformed("the policy is empty", where=where)
    reader = _Reader(where)
    top = reader.mapping(document, "", {"version", "name", "authorities", "require", "deny"})
    if top.get("version") != 1:
        raise Malformed("field version must be 1", where=where)
    authorities = {
        name: tuple(reader.strings(reader.mapping(spec, f"authorities.{name}", {"keys"}).get("keys"), f"authorities.{name}.keys"))
        for name, spec in reader.mapping(top.get("authorities", {}), "authorities", None).items()
    }
    require = reader.mapping(top.get("require", {}), "require", {"signature", "sbom", "provenance", "log"})
    deny = reader.mapping(top.get("deny", {}), "deny", {"components", "licences"})
    policy = Policy(
        name=reader.string(top.get("name"), "name"),
        digest=Digest.of(data),
        data=data,
        key_files=authorities,
        signature=reader.signature(require.get("signature"), authorities),
        sbom=reader.sbom(require.get("sbom"), authorities),
        provenance=reader.provenance(require.get("provenance"), authorities),
        require_log=reader.boolean(require.get("log", False), "require.log"),
        denied_components=reader.strings(deny.get("components", []), "deny.components"),
        denied_licences=reader.strings(deny.get("licences", []), "deny.licences"),
    )
    check_patterns(policy.denied_components, policy.denied_licences, where=where)
    if not (policy.signature or policy.sbom or policy.provenance):
        # A policy without a requirement would allow everything: an empty conjunction is refused.
        raise Malformed("require names nothing, so everything would pass", where=where, hint="require at least a signature")
    if (policy.denied_components or policy.denied_licences) and policy.sbom is None:
        raise Malformed("deny needs require.sbom: without a trusted SBOM nothing could be denied", where=where)
    return policy


class _Reader(Reader):
    """What a policy has beside texts and lists."""

    def allowed(self, value: Any, field: str, authorities: Mapping[str, Any]) -> frozenset[str]:
        names = frozenset(self.strings(value, field))
        if not names:
            raise self.fail(field, "must name at least one authority")
        for name in sorted(names - set(authorities)):
            raise self.fail(field, f"names {name!r}, which is not among the authorities")
        return names

    def signature(self, value: Any, authorities: Mapping[str, Any]) -> SignatureRule | None:
        if value is None:
            return None
        rule = self.mapping(value, "require.signature", {"threshold", "from"})
        allowed = self.allowed(rule.get("from"), "require.signature.from", authorities)
        threshold = rule.get("threshold", 1)
        if not isinstance(threshold, int) or isinstance(threshold, bool) or not 1 <= threshold <= len(allowed):
            raise self.fail("require.signature.threshold", f"must be a number from 1 to {len(allowed)}")
        return SignatureRule(threshold=threshold, allowed=allowed)

    def sbom(self, value: Any, authorities: Mapping[str, Any]) -> SbomRule | None:
        if value is None:
            return None
        rule = self.mapping(value, "require.sbom", {"from"})
        return SbomRule(allowed=self.allowed(rule.get("from"), "require.sbom.from", authorities))

    def provenance(self, value: Any, authorities: Mapping[str, Any]) -> ProvenanceRule | None:
        if value is None:
            return None
        rule = self.mapping(value, "require.provenance", {"from", "builders"})
        builders = self.strings(rule.get("builders"), "require.provenance.builders")
        if not builders:
            raise self.fail("require.provenance.builders", "must name at least one builder")
        allowed = self.allowed(rule.get("from"), "require.provenance.from", authorities)
        return ProvenanceRule(allowed=allowed, builders=builders)
