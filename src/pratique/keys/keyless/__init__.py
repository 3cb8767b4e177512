"""Signing without a key of one's own: an identity token becomes a certificate for a key that lives for one session.

    token     IdentityToken, find_token: from GitHub Actions, GitLab, the environment or a file, never from an argument
    services  Services, parse_signing_config: whose services are used
    fulcio    request_certificate: token and key → certificate
    stamp     request_timestamp: signature → RFC 3161 timestamp
    rekor     log_signature: signature → entry of Rekor v1 or v2
    session   open_session, Session: statement or artifact → finished bundle, verified before anybody sees it
    web       Web: HTTP to these services

Every service is somebody else's: what it answers is checked against what was asked before it is used.
"""
