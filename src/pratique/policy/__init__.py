"""Facts in, decision out: what a YAML policy requires of an artifact, answered tri-state. Pure.

`parse_policy` reads the document strictly (an unknown field is an error: a typing mistake must not loosen a gate),
`evaluate` applies it to `Facts` that `pratique.evidence` gathered and verified.
"""

from pratique.policy.document import Policy, parse_policy
from pratique.policy.evaluate import evaluate
from pratique.policy.facts import ComponentFacts, Facts, Piece, SbomFacts

__all__ = ["ComponentFacts", "Facts", "Piece", "Policy", "SbomFacts", "evaluate", "parse_policy"]
