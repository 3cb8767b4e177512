"""Ask a policy about an artifact, and make the answer evidence: a Verification Summary Attestation, logged and catalogued."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.attest.predicates.vsa import InputAttestation, vsa_predicate
from pratique.attest.statement import StatementSubject, render_statement
from pratique.errors import Malformed, NotFound
from pratique.evidence.trust_anchors import OwnLog, TrustAnchors, anchors_in_place
from pratique.keys.logged_signer import LoggedBundle, LoggedSigner, seal
from pratique.model import Decision
from pratique.model.predicates import SLSA_VSA
from pratique.policy import Facts, Policy, evaluate, parse_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pratique.attest.publickey import PublicKey
    from pratique.catalog.ledger import Catalog


VERIFIER_ID = "https://pratique.dev/gate/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPolicy:
    """A policy and who it believes."""

    policy: Policy
    trust_anchors: TrustAnchors


def load_policy(path: Path, *, logs: tuple[OwnLog, ...], base: TrustAnchors | None = None) -> LoadedPolicy:
    """Read a policy and its key files, which are relative to it. `base`: the trust in force, whose authorities it may name.

    Raises Malformed, NotFound.
    """
    from pratique.files import read_limited
    from pratique.keys.file import load_public_key
    from pratique.policy.document import MAX_POLICY_BYTES

    try:
        data = read_limited(path, MAX_POLICY_BYTES)
    except NotFound as error:
        raise NotFound(error.message, where=error.where, hint="pratique gate --help shows one to begin with") from error
    policy = parse_policy(data, where=str(path), trusted=base.names if base is not None else ())
    named = []
    for name, files in policy.key_files.items():
        loaded = [load_public_key(path.parent / file) for file in files]
        if not loaded:
            raise Malformed(f"the authority {name} has no keys", where=str(path))
        named.append((name, loaded))
    _refuse_two_names(policy, named, base, path)
    own = tuple(OwnLog(key=load_public_key(path.parent / file), operator="the policy's") for file in policy.log_files)
    return LoadedPolicy(policy=policy, trust_anchors=anchors_in_place(named, (*own, *logs), base))


def _refuse_two_names(
    policy: Policy, named: "Sequence[tuple[str, Sequence[PublicKey]]]", base: TrustAnchors | None, path: Path
) -> None:
    """A key that the policy means by two names, its own and one of the trust: it would be one voice for either. Raises
    Malformed.
    """
    if base is None:
        return
    own = {name for name, _ in named}
    for name, keys in named:
        for key in keys:
            other = base.authorities.name_of(key.keyid)
            if other is not None and other not in own and other in policy.named:
                raise Malformed(
                    f"the key {key.keyid[:12]}… of {name} is also that of {other} in the trust, and the policy names both",
                    where=str(path),
                    hint=f"name {other} alone: one voice must not count twice",
                )


def decide(
    loaded: LoadedPolicy, facts: Facts, *, logged_signer: LoggedSigner, catalog: "Catalog", now: int, tool_version: str
) -> tuple[Decision, LoggedBundle]:
    """The decision, and the bundle that proves it was made. The decision is recorded whatever it is."""
    decision = evaluate(loaded.policy, facts, now=now)
    subject = StatementSubject.of(decision.subject_name, decision.subject)
    predicate = vsa_predicate(
        decision,
        verifier_id=VERIFIER_ID,
        verifier_version={"pratique": tool_version},
        resource_uri=decision.subject_name or str(decision.subject),
        policy_uri=f"urn:pratique:policy:{decision.policy_name}",
        inputs=[InputAttestation(uri=piece.predicate_type or "unknown", digest=piece.bundle) for piece in facts.pieces],
    )
    payload = render_statement(subjects=[subject], predicate_type=SLSA_VSA, predicate=predicate)
    sealed = seal(logged_signer, [payload])[0]
    with catalog.transaction() as ledger:
        ledger.record_sealed(
            decision.subject, sealed, role="decision", predicate_type=SLSA_VSA, signer=logged_signer.name, at=now
        )
        ledger.record_decision(decision, bundle=sealed.digest)
    return decision, sealed
