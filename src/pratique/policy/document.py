"""The YAML policy document: strict structure, no defaults that allow. Pure.

    version: 1
    name: production
    authorities:                     # whom a name means here: one or more public keys; all other names are those of the trust
      release: {keys: [release.pub]}
    logs: [log.pub]                  # logs that count beside those of the trust and of this machine
    require:
      signature:  {threshold: 1, from: [release], no-others: false}   # true: a signature by anybody else is a refusal
      sbom:       {from: [release], bytes: true}   # about these bytes, by a file manifest; false: it is enough that there is one
      provenance: {from: [release], builders: ["https://github.com/actions/*"]}
      log:        true                          # each piece counted must be proven to be in the log
    deny:
      components: ["pkg:npm/event-stream@3.3.6", "pkg:npm/lodash@<4.17.21"]   # `lexicon.purl_pattern`; or a CPE
      licences:   ["AGPL-*"]                                                  # `policy.deny_licences`

Paths are relative to the policy's folder; the caller reads them (`Policy.key_files`, `Policy.log_files`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pratique.errors import Malformed
from pratique.model import Digest
from pratique.policy.deny import check_patterns
from pratique.trust.strictyaml import MAX_BYTES, Reader, load_yaml

MAX_POLICY_BYTES = MAX_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRule:
    """At least `threshold` distinct authorities of `allowed` signed the artifact; with `no_others`, nobody else did."""

    threshold: int
    allowed: frozenset[str]
    no_others: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomRule:
    """An SBOM by one of `allowed` is there; with `about_bytes`, it names the file manifest of these bytes."""

    allowed: frozenset[str]
    about_bytes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceRule:
    """Provenance by one of `allowed` names a builder that one of the anchored patterns `builders` matches."""

    allowed: frozenset[str]
    builders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A parsed policy. `digest`: of the received bytes. `key_files`: authority → paths as written; `log_files`: of logs' keys.

    `named`: every authority that a rule names, in place or of the trust.
    """

    name: str
    digest: Digest
    data: bytes
    key_files: Mapping[str, tuple[str, ...]]
    log_files: tuple[str, ...] = ()
    signature: SignatureRule | None = None
    sbom: SbomRule | None = None
    provenance: ProvenanceRule | None = None
    require_log: bool
    denied_components: tuple[str, ...] = ()
    denied_licences: tuple[str, ...] = ()

    @property
    def named(self) -> frozenset[str]:
        rules = (self.signature, self.sbom, self.provenance)
        return frozenset(name for rule in rules if rule is not None for name in rule.allowed)


def parse_policy(data: bytes, *, where: str, trusted: Collection[str] = ()) -> Policy:
    """Read a policy strictly. `where` names the file in errors; `trusted`: the authorities of the trust that is in force, which
    its rules may name. Raises Malformed, LimitExceeded.
    """
    document = load_yaml(data, what="policy", where=where)
    if document is None:
        raise Malformed("the policy is empty", where=where, hint="docs/policy.md has one to begin with")
    reader = _Reader(where)
    top = reader.mapping(document, "", {"version", "name", "authorities", "logs", "require", "deny"})
    reader.check_version(top)
    authorities = {
        name: tuple(reader.strings(reader.mapping(spec, f"authorities.{name}", {"keys"}).get("keys"), f"authorities.{name}.keys"))
        for name, spec in reader.mapping(top.get("authorities", {}), "authorities", None).items()
    }
    names = frozenset(authorities) | frozenset(trusted)
    require = reader.mapping(top.get("require", {}), "require", {"signature", "sbom", "provenance", "log"})
    deny = reader.mapping(top.get("deny", {}), "deny", {"components", "licences"})
    policy = Policy(
        name=reader.string(top.get("name"), "name"),
        digest=Digest.of(data),
        data=data,
        key_files=authorities,
        log_files=reader.strings(top.get("logs", []), "logs"),
        signature=reader.signature(require.get("signature"), names),
        sbom=reader.sbom(require.get("sbom"), names),
        provenance=reader.provenance(require.get("provenance"), names),
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

    def allowed(self, value: Any, field: str, authorities: frozenset[str]) -> frozenset[str]:
        names = frozenset(self.strings(value, field))
        if not names:
            raise self.fail(field, "must name at least one authority")
        for name in sorted(names - authorities):
            known = f"known here: {', '.join(sorted(authorities))}" if authorities else "no authority is known here"
            hint = f"{known}; define it under authorities, or follow a trust that has it"
            raise self.fail(field, f"names {name!r}, which is not among the authorities", hint)
        return names

    def signature(self, value: Any, authorities: frozenset[str]) -> SignatureRule | None:
        if value is None:
            return None
        rule = self.mapping(value, "require.signature", {"threshold", "from", "no-others"})
        allowed = self.allowed(rule.get("from"), "require.signature.from", authorities)
        threshold = self.count(rule.get("threshold", 1), "require.signature.threshold", len(allowed))
        no_others = self.boolean(rule.get("no-others", False), "require.signature.no-others")
        return SignatureRule(threshold=threshold, allowed=allowed, no_others=no_others)

    def sbom(self, value: Any, authorities: frozenset[str]) -> SbomRule | None:
        if value is None:
            return None
        rule = self.mapping(value, "require.sbom", {"from", "bytes"})
        allowed = self.allowed(rule.get("from"), "require.sbom.from", authorities)
        return SbomRule(allowed=allowed, about_bytes=self.boolean(rule.get("bytes", True), "require.sbom.bytes"))

    def provenance(self, value: Any, authorities: frozenset[str]) -> ProvenanceRule | None:
        if value is None:
            return None
        rule = self.mapping(value, "require.provenance", {"from", "builders"})
        builders = self.strings(rule.get("builders"), "require.provenance.builders")
        if not builders:
            raise self.fail("require.provenance.builders", "must name at least one builder")
        allowed = self.allowed(rule.get("from"), "require.provenance.from", authorities)
        return ProvenanceRule(allowed=allowed, builders=builders)
