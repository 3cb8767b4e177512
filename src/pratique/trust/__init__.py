"""Who is believed about what, as of when. Pure: no I/O, no clock; keys are bytes here and are put to use in the rooms above.

    trust        Trust: everything a team agreed to believe, with Threshold, ServiceKey, Carried, Revocation
    authorities  Authority, Authorities, Grant
    identity     Key, WorkloadIdentity, WorkloadRegexp, Certified: the signers that speak for an authority
    lifetime     Window, Lifetime, proven_at: windows, retirement, compromise
    authorise    Utterance, authorise, check_quorum, check_bans: does this signature count
    document     parse_source (trust.yaml), read_published; `published` renders, `difference` puts changes in words
    strictyaml   YAML with one meaning, shared with the policy

An authority is a party, not a key: it may hold several signers, and however many of them sign, it is one voice.
"""

from pratique.trust.authorise import Utterance, authorise, check_bans, check_quorum
from pratique.trust.authorities import Authorities, Authority, Grant
from pratique.trust.identity import Certified, Identity, Key, WorkloadIdentity, WorkloadRegexp
from pratique.trust.lifetime import Lifetime, Window, proven_at
from pratique.trust.scope import Scope
from pratique.trust.trust import Carried, Revocation, ServiceKey, Threshold, Trust

__all__ = [
    "Authorities",
    "Authority",
    "Carried",
    "Certified",
    "Grant",
    "Identity",
    "Key",
    "Lifetime",
    "Revocation",
    "Scope",
    "ServiceKey",
    "Threshold",
    "Trust",
    "Utterance",
    "Window",
    "WorkloadIdentity",
    "WorkloadRegexp",
    "authorise",
    "check_bans",
    "check_quorum",
    "proven_at",
]
