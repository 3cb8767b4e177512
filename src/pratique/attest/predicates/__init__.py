"""What attestations say: one module a predicate type, each with a builder and a strict parser. Pure.

    image_signature  cosign sign v1: "this digest is ours"      vsa             SLSA verification summary: a decision
    sbom             CycloneDX
    provenance       SLSA provenance v1: how it was built
    shape, known     forms of predicates, and those that are checked before they are signed

The file manifest's predicate is in `pratique.model.manifest`, the runtime report's in `pratique.runtime.report`; the types' names
are in `pratique.model.predicates`.
"""
