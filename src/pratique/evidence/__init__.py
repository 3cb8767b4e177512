"""What is said about a digest becomes facts, tri-state, in three steps: `collect`, `verify`, `appraise`.

`collect` (and `sidecars`) fetches what is said in any form, `verify` finds out who said it, by when and in which log (`places`),
`appraise` decides who counts and whether enough agree, and `compare` holds what they say against the bytes. Nothing falls back:
what is absent, unreachable, invalid or untrusted stays that.
"""
