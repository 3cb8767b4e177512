"""The transparency log: what was signed, decided and observed, in an order that nobody can change unnoticed.

A C2SP tlog-tiles log as plain files in one directory, which any web server can publish and anyone can mirror and verify.
Pure parts: `notes` (signed notes), `checkpoint`, `tiles` (paths and contents), `proofs` (RFC 9162), `frontier` (the growing
edge of the tree). Edges: `store` (files), `memory` (what is remembered before it is signed), `log` (`create_log`, `open_log`,
`TileLog`), `rename` (the same log by another name), `verify` (`verify_log`, `verify_consistency`).
The log's key is never kept here: signing is a function that is passed in.
"""

from pratique.tlog.checkpoint import Checkpoint, log_id
from pratique.tlog.proofs import MerkleProof

__all__ = ["Checkpoint", "MerkleProof", "log_id"]
