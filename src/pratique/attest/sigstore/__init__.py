"""Sigstore's way of signing, verified: short-lived certificates, transparency logs, timestamps. Pure, and fully offline.

    trusted_root  TrustedRoot, parse_trusted_root: whose certificates, logs and times are believed
    certificate   verify_certificate: a Fulcio certificate → who signed (WorkloadSigner)
    rekor         verify_log_entry: an entry of Rekor v1 or v2 that is about this very signature
    verify        verify_message, verify_attestation: a bundle under a trusted root → Signed
    remember      Verifier: the same, and what was verified once is known by its digest

No trusted root is built in: who is believed is said by a file or by the trust repository, or nobody is.
"""
