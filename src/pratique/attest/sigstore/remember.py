"""Verifying the same bundles again and again: what was verified once is known by its digest.

Verification is a pure function of a bundle's bytes, the trusted root, the keys and the requirements, and reads no clock. So
under the same root the same bytes come to the same answer for ever, and hashing them is all that has to be done anew. A
trusted root that changed is another `Verifier`. Refusals are not remembered: they are rare, and an attacker could choose them.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping

from pratique.attest.bundle import parse_bundle
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import DEFAULT, Requirements, SignedStatement, verify_attestation

MAX_BYTES = 64 * 1024 * 1024


class Verifier:
    """Verifies attestations under one trusted root. `max_bytes`: of payloads that are remembered, the last used ones.

    May be used from several threads.
    """

    def __init__(
        self,
        root: TrustedRoot,
        *,
        keys: Mapping[str, PublicKey],
        needs: Requirements = DEFAULT,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._root, self._keys, self._needs, self._max_bytes = root, dict(keys), needs, max_bytes
        self._known: OrderedDict[bytes, SignedStatement] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def attestation(self, data: bytes) -> SignedStatement:
        """What `verify_attestation` says of these bytes, and raises."""
        digest = hashlib.sha256(data).digest()
        with self._lock:
            found = self._known.get(digest)
            if found is not None:
                self._known.move_to_end(digest)
                return found
        found = verify_attestation(parse_bundle(data), self._root, keys=self._keys, needs=self._needs)
        self._remember(digest, found)
        return found

    def _remember(self, digest: bytes, found: SignedStatement) -> None:
        with self._lock:
            if digest in self._known or len(found.payload) > self._max_bytes:
                return
            self._known[digest] = found
            self._bytes += len(found.payload)
            while self._bytes > self._max_bytes:
                _, oldest = self._known.popitem(last=False)
                self._bytes -= len(oldest.payload)
