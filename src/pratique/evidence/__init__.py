"""Makes and appraises evidence: statements become signed, logged bundles; bundles become facts, tri-state.

`seal` signs and logs; `collect` fetches what is said about a digest; `weigh` verifies each piece and compares the pieces with
each other and with the bytes. Nothing falls back: what is absent, unreachable, invalid or untrusted stays that.
"""
