"""The trust document: strict structure, versioned, no default that allows anything. Pure.

    version: 1
    name: acme
    authorities:
      release:                                      # a party; all of its signers are one voice
        keys:
          - {file: keys/release.pub, from: 2026-01-01, until: 2027-12-31}
        workloads:
          - issuer: https://token.actions.githubusercontent.com
            subject-pattern: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*
            claims: {runner_environment: github-hosted}
        certified:
          - {store: "ca:acme", name: "CN=release,O=Acme,C=DE"}
        says:
          - {predicates: [signature, sbom, provenance], about: [registry.example.com/acme]}
    thresholds:
      - {predicates: [signature], about: [registry.example.com/acme/prod], count: 2}
    time-operators: 1
    logs: [{name: log.example.com, operator: acme, file: log.pub}]
    witnesses: [{name: witness.example.org, operator: example, file: witness.pub}]
    witness-quorum: 1
    sigstore: [{name: public-good, file: trusted_root.json}]
    timestamp-authorities: [{name: acme-tsa, operator: acme, file: tsa.pem}]
    stores: [{name: "ca:acme", file: acme-ca.pem}]
    revoked:
      - {statement: "sha256:…", reason: built from the wrong branch}
      - {predicate: sbom, subject: "sha256:…"}
    expiry: {root: 365, targets: 90, snapshot: 14, timestamp: 7}

`trust.yaml` names files, relative to itself. The published document is of the same grammar, with a key's bytes (`spki`) and a
file's digest (`sha256`) in the place of `file`, and without `expiry`, which concerns the publisher alone.
"""

import base64
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.model.predicates import SHORT_NAMES
from pratique.trust.authorities import Authorities, Authority, Grant
from pratique.trust.identity import Certified, Identity, Key, WorkloadIdentity
from pratique.trust.lifetime import Lifetime, Window
from pratique.trust.scope import Scope
from pratique.trust.strictyaml import Reader, load_yaml
from pratique.trust.trust import STORE_TYPES, Carried, Revocation, ServiceKey, Threshold, Trust

MAX_ITEMS = 1000  # of each list: a team, not a directory service
MAX_DAYS = 3650
EXPIRY = {"root": 365, "targets": 90, "snapshot": 14, "timestamp": 7}  # days
PREDICATES = SHORT_NAMES
_SAYS = "pratique trust add writes it: --says TYPE --about SCOPE"
SECTIONS = {"sigstore": "sigstore", "timestamp-authorities": "tsa", "stores": "store"}

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(rf"{_DAY.pattern}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}Z")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/+-]{0,126}[A-Za-z0-9])?")
_STORE = re.compile(rf"(?:{'|'.join(STORE_TYPES)}):[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}")
_TOP = {
    "version",
    "name",
    "authorities",
    "thresholds",
    "time-operators",
    "logs",
    "witnesses",
    "witness-quorum",
    "revoked",
    *SECTIONS,
}
_Made = TypeVar("_Made")
_LIFETIME = {"from", "until", "retired", "compromised"}


@dataclass(frozen=True, slots=True)
class Files:
    """How `file` becomes what the published document says instead. `key`: its DER bytes; `digest`: of the content.

    `algorithm`: what a key's file says that it is for, "" when it says nothing.
    """

    key: Callable[[str], bytes]
    digest: Callable[[str], Digest]
    algorithm: Callable[[str], str] = lambda _: ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSource:
    """A parsed `trust.yaml`. `expiry`: days by TUF role."""

    trust: Trust
    expiry: Mapping[str, int]


def parse_source(data: bytes, *, files: Files, where: str) -> TrustSource:
    """Read a `trust.yaml`. `files` is asked for what it names. Raises Malformed, LimitExceeded, and what `files` raises."""
    document = load_yaml(data, what="trust document", where=where)
    if document is None:
        raise Malformed("the trust document is empty", where=where)
    reader = _Reader(where, files)
    top = reader.mapping(document, "", _TOP | {"expiry"})
    days = reader.mapping(top.get("expiry", {}), "expiry", set(EXPIRY))
    expiry = EXPIRY | {role: reader.count(count, f"expiry.{role}", MAX_DAYS) for role, count in days.items()}
    return TrustSource(trust=reader.trust(top), expiry=expiry)


def read_published(document: Any, *, where: str) -> Trust:
    """Read the published form, parsed already. Raises Malformed."""
    reader = _Reader(where, None)
    return reader.trust(reader.mapping(document, "", _TOP))


@dataclass(frozen=True, slots=True)
class _Reader(Reader):
    """The document's own notions. `files` is None where there are no files to name: in the published form."""

    files: Files | None

    def trust(self, top: Mapping[str, Any]) -> Trust:
        self.check_version(top)
        authorities = self.mapping(top.get("authorities"), "authorities", None)
        carried = [
            self.carried(value, field, kind)
            for section, kind in SECTIONS.items()
            for value, field in self.each(top.get(section), section)
        ]
        try:
            return Trust(
                name=self.string(top.get("name"), "name"),
                authorities=Authorities(tuple(self.authority(name, authorities[name]) for name in sorted(authorities))),
                thresholds=tuple(self.threshold(*item) for item in self.each(top.get("thresholds"), "thresholds")),
                time_operators=self.count(top.get("time-operators", 1), "time-operators", 16),
                logs=self.services(top, "logs"),
                witnesses=self.services(top, "witnesses"),
                witness_quorum=self.count(top["witness-quorum"], "witness-quorum", 100) if "witness-quorum" in top else 0,
                carried=self.unique(carried),
                revocations=tuple(self.revocation(*item) for item in self.each(top.get("revoked"), "revoked")),
            )
        except Malformed as error:
            error.where = error.where or self.where
            raise

    def each(self, value: Any, field: str) -> list[tuple[Any, str]]:
        """The items of a list, each with its field's name."""
        found = self.items(value, field)
        if len(found) > MAX_ITEMS:
            raise self.fail(field, f"has {len(found)} items, more than the limit of {MAX_ITEMS}")
        return [(item, f"{field}[{index}]") for index, item in enumerate(found)]

    def authority(self, name: str, value: Any) -> Authority:
        field = f"authorities.{name}"
        body = self.mapping(value, field, {"keys", "workloads", "certified", "says"})
        signers: list[Identity] = [self.key(*item) for item in self.each(body.get("keys"), f"{field}.keys")]
        signers += [self.workload(*item) for item in self.each(body.get("workloads"), f"{field}.workloads")]
        signers += [self.certified(*item) for item in self.each(body.get("certified"), f"{field}.certified")]
        grants = tuple(self.grant(*item) for item in self.each(body.get("says"), f"{field}.says"))
        if not grants:
            raise self.fail(f"{field}.says", "must say what it may say: predicate types, and about which artifacts", _SAYS)
        return self.made(field, lambda: Authority(name=name, signers=tuple(signers), grants=grants))

    def key(self, value: Any, field: str) -> Key:
        body = self.mapping(value, field, {"file", "spki", "algorithm"} | _LIFETIME)
        spki, algorithm = self.public_key(body, field)
        return Key.of(spki, self.lifetime(body, field), algorithm)

    def workload(self, value: Any, field: str) -> WorkloadIdentity:
        body = self.mapping(value, field, {"issuer", "subject", "subject-pattern", "claims"} | _LIFETIME)
        if ("subject" in body) == ("subject-pattern" in body):
            raise self.fail(field, "needs either subject or subject-pattern")
        pattern = "subject-pattern" in body
        name = "subject-pattern" if pattern else "subject"
        claims = self.mapping(body.get("claims", {}), f"{field}.claims", None)
        return self.made(
            field,
            lambda: WorkloadIdentity(
                issuer=self.string(body.get("issuer"), f"{field}.issuer"),
                subject=self.string(body[name], f"{field}.{name}"),
                pattern=pattern,
                claims={claim: self.string(text, f"{field}.claims.{claim}") for claim, text in sorted(claims.items())},
                lifetime=self.lifetime(body, field),
            ),
        )

    def certified(self, value: Any, field: str) -> Certified:
        body = self.mapping(value, field, {"store", "name", "thumbprint"} | _LIFETIME)
        return self.made(
            field,
            lambda: Certified(
                store=self.string(body.get("store"), f"{field}.store"),
                name=self.string(body.get("name"), f"{field}.name"),
                thumbprint=self.string(body["thumbprint"], f"{field}.thumbprint") if "thumbprint" in body else "",
                lifetime=self.lifetime(body, field),
            ),
        )

    def grant(self, value: Any, field: str) -> Grant:
        body = self.mapping(value, field, {"predicates", "about", "from", "until"})
        return Grant(
            predicates=self.predicates(body, field), scopes=self.scopes(body, field), window=self.lifetime(body, field).window
        )

    def threshold(self, value: Any, field: str) -> Threshold:
        body = self.mapping(value, field, {"predicates", "about", "count", "of"})
        return Threshold(
            predicates=self.predicates(body, field),
            scopes=self.scopes(body, field),
            count=self.count(body.get("count"), f"{field}.count", MAX_ITEMS),
            names=frozenset(self.strings(body.get("of", []), f"{field}.of")),
        )

    def services(self, top: Mapping[str, Any], section: str) -> tuple[ServiceKey, ...]:
        found: dict[tuple[bytes, str], ServiceKey] = {}
        operators: dict[bytes, str] = {}
        for value, field in self.each(top.get(section), section):
            body = self.mapping(value, field, {"name", "operator", "file", "spki", "algorithm"} | _LIFETIME)
            spki, algorithm = self.public_key(body, field)
            key = ServiceKey(
                name=self.name(body.get("name"), f"{field}.name"),
                operator=self.string(body.get("operator"), f"{field}.operator"),
                spki=spki,
                algorithm=algorithm,
                lifetime=self.lifetime(body, field),
            )
            # A log that moved has one key and two names; it stays one voice when both say whose it is.
            moved = section == "logs" and operators.get(key.spki) == key.operator
            if key.spki in operators and not (moved and (key.spki, key.name) not in found):
                raise self.fail(field, "is the same key as another: one operator must not count twice")
            operators[key.spki] = key.operator
            found[key.spki, key.name] = key
        return tuple(found.values())

    def carried(self, value: Any, field: str, kind: str) -> Carried:
        known = {"name", "file", "sha256", "from", "until"} | ({"operator"} if kind == "tsa" else set())
        body = self.mapping(value, field, known)
        name = self.string(body.get("name"), f"{field}.name")
        if kind == "store" and not _STORE.fullmatch(name):
            raise self.fail(f"{field}.name", f"must be TYPE:NAME with a type of {', '.join(STORE_TYPES)}")
        return Carried(
            kind=kind,
            name=name if kind == "store" else self.name(name, f"{field}.name"),
            digest=self.digest_of_file(body, field),
            operator=self.string(body.get("operator"), f"{field}.operator") if kind == "tsa" else "",
            window=self.lifetime(body, field).window,
        )

    def unique(self, carried: list[Carried]) -> tuple[Carried, ...]:
        seen: set[tuple[str, ...]] = set()
        for item in carried:
            # A timestamp authority under two names would be two voices for one time.
            marks = [("path", item.path)] + ([] if item.kind == "store" else [(item.kind, item.name), (item.kind, item.digest)])
            if not seen.isdisjoint(marks):
                raise self.fail(item.kind, f"has {item.name!r} or its file twice")
            seen.update(marks)
        return tuple(carried)

    def revocation(self, value: Any, field: str) -> Revocation:
        body = self.mapping(value, field, {"statement", "predicate", "subject", "reason"})
        return self.made(
            field,
            lambda: Revocation(
                statement=Digest.parse(body["statement"]) if "statement" in body else None,
                predicate_type=self.predicate(body["predicate"], f"{field}.predicate") if "predicate" in body else "",
                subject=Digest.parse(body["subject"]) if "subject" in body else None,
                reason=self.string(body["reason"], f"{field}.reason") if "reason" in body else "",
            ),
        )

    def public_key(self, body: Mapping[str, Any], field: str) -> tuple[bytes, str]:
        """A key's DER bytes, out of a file or as they stand, and what it is for: "" where the key itself tells."""
        algorithm = self.string(body["algorithm"], f"{field}.algorithm") if "algorithm" in body else ""
        if self.files is not None and "spki" not in body:
            file = self.string(body.get("file"), f"{field}.file")
            return self.files.key(file), algorithm or self.files.algorithm(file)
        if "file" in body:
            raise self.fail(f"{field}.file", "has no place beside spki, and none in a published document")
        text = self.string(body.get("spki"), f"{field}.spki")
        try:
            data = base64.b64decode(text.encode("ascii"), validate=True)
        except ValueError:
            data = b""
        if base64.b64encode(data).decode("ascii") != text:
            raise self.fail(f"{field}.spki", "is not canonical base64")
        return data, algorithm

    def digest_of_file(self, body: Mapping[str, Any], field: str) -> Digest:
        """The digest of a carried file."""
        if self.files is None:
            if "file" in body:
                raise self.fail(f"{field}.file", "has no place in a published document")
            return self.made(field, lambda: Digest.parse(f"sha256:{self.string(body.get('sha256'), field)}"))
        if "sha256" in body:
            raise self.fail(f"{field}.sha256", "is for the published document", "name the file")
        return self.files.digest(self.string(body.get("file"), f"{field}.file"))

    def predicates(self, body: Mapping[str, Any], field: str) -> frozenset[str]:
        texts = self.strings(body.get("predicates"), f"{field}.predicates")
        if not texts:
            raise self.fail(f"{field}.predicates", "must name at least one predicate type")
        return frozenset(self.predicate(text, f"{field}.predicates") for text in texts)

    def predicate(self, text: Any, field: str) -> str:
        """A predicate type by its URI, or by the short name of those that Pratique knows."""
        name = self.string(text, field)
        if name in PREDICATES:
            return PREDICATES[name]
        if not re.fullmatch(r"[a-z][a-z0-9+.-]*:[!-)+-~]+", name):
            raise self.fail(
                field, f"holds {name[:80]!r}", f"write a predicate type's URI or one of {', '.join(sorted(PREDICATES))}"
            )
        return name

    def scopes(self, body: Mapping[str, Any], field: str) -> tuple[Scope, ...]:
        texts = self.strings(body.get("about"), f"{field}.about")
        if not texts:
            raise self.fail(f"{field}.about", "must name at least one scope, or * for everything")
        return self.made(f"{field}.about", lambda: tuple(sorted({Scope.parse(text) for text in texts})))

    def lifetime(self, body: Mapping[str, Any], field: str) -> Lifetime:
        return self.made(
            field,
            lambda: Lifetime(
                window=Window(
                    since=self.time(body.get("from"), f"{field}.from"),
                    until=self.time(body.get("until"), f"{field}.until", end=True),
                ),
                retired_at=self.time(body.get("retired"), f"{field}.retired", end=True),
                compromised_at=self.time(body.get("compromised"), f"{field}.compromised"),
            ),
        )

    def time(self, value: Any, field: str, *, end: bool = False) -> int | None:
        """Unix seconds; of a day its first second, and at the end of something its last."""
        if value is None:
            return None
        text = self.string(value, field)
        seconds = -1
        with suppress(ValueError):
            if _DAY.fullmatch(text):
                seconds = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) + (86399 if end else 0)
            elif _INSTANT.fullmatch(text):
                seconds = int(datetime.fromisoformat(text).timestamp())
        if seconds >= 0:
            return seconds
        raise self.fail(field, f"is no time: {text[:40]!r}", "write 2026-01-31 or 2026-01-31T12:00:00Z")

    def name(self, value: Any, field: str) -> str:
        text = self.string(value, field)
        if not _NAME.fullmatch(text) or ".." in text or "//" in text:
            raise self.fail(field, f"is not a name: {text[:80]!r}", "use letters, digits and . _ - / between them")
        return text

    def made(self, field: str, make: Callable[[], _Made]) -> _Made:
        """What `make` returns; what it refuses is said with the field."""
        try:
            return make()
        except Malformed as error:
            if error.where is not None:
                raise
            raise self.fail(field, f"is refused: {error.message}", error.hint) from error
