"""What attestations say: one module a predicate type, each with a builder and a strict parser. Pure.

    image_signature  cosign sign v1: "this digest is ours"      vsa             SLSA verification summary: a decision
    sbom             CycloneDX                                  runtime_report  what ran in a workload
    provenance       SLSA provenance v1: how it was built

The file manifest's predicate is `pratique.model.manifest`. The types' names are `pratique.model.predicates`.
"""
