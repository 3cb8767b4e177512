"""Who is who among signers: authorities, the keys that speak for them, and how thresholds count. Pure.

An authority is a party, not a key: it may hold several keys, and however many of them sign, it is one voice.
"""

from pratique.trust.authorities import Authorities, Authority, count_authorities

__all__ = ["Authorities", "Authority", "count_authorities"]
