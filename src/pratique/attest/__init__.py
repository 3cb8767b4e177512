"""Statements about artifacts and who signed them: in-toto statements, DSSE envelopes, Sigstore bundles, log records. Pure.

Trust grows from type to type: received bytes → `bundle.UnverifiedBundle` → (signature under a known key) →
`verify.VerifiedStatement`. A statement is parsed only after the signature over its bytes verifies.

    publickey   PublicKey                                          statement   Statement, render_statement, parse_statement
    dsse        Envelope, pae, parse_envelope, render_envelope     bundle      LogEntry, render_bundle, parse_bundle
    record      log_record, check_record                           verify      verify_bundle
    predicates  one module a predicate type: builder and parser    strictjson  load_json, dump_json
    x509        build_chain, require_purpose: certificates         timestamp   verify_timestamps (RFC 3161); cms below it
    sigstore    bundles of others: keyless or not, under a trusted root

Import from these modules: `publickey` loads the cryptography library, and whoever needs no keys should not wait for it.
"""
