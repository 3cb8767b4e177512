"""Signatures a second by a key in a PKCS#11 token, beside the same session used bare. Goal: at least 0.8 of its rate.

The token is SoftHSM2's, so both sides pay for the same software ECDSA; a hardware token is slower and hides what we add.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 31
COUNT = 500
ALGORITHMS = ("ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-pss-2048")
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "1234"


def rate(sign: Callable[[bytes], object], count: int) -> float:
    """Signatures a second over `count` different messages of 300 bytes."""
    messages = [b"%0300d" % number for number in range(count)]
    begin = time.perf_counter()
    for message in messages:
        sign(message)
    return count / (time.perf_counter() - begin)


def main() -> int:
    """Interleave the two sides, print medians."""
    from pratique.keys.access import Access
    from pratique.keys.open import create_signer
    from pratique.keys.pkcs11 import TokenSigner

    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tokens").mkdir()
        (Path(folder) / "conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = f"{folder}/conf"
        command = ["softhsm2-util", "--init-token", "--free", "--label", "bench", "--pin", PIN, "--so-pin", PIN]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        access = Access(passphrase=lambda: None, pin=PIN.encode, environ={"PRATIQUE_PKCS11_MODULE": MODULE})
        for algorithm in ALGORITHMS:
            signer = create_signer(f"pkcs11:token=bench;object={algorithm}", algorithm, access)
            assert isinstance(signer, TokenSigner)
            key, how = signer._key, signer._mechanism
            prepared = signer._prepared(b"m" * 300)  # the bare session need not even hash

            def bare(_: bytes, key: Any = key, how: Any = how, prepared: bytes = prepared) -> object:
                return key.sign(prepared, **how)

            count = COUNT // 10 if algorithm.startswith("rsa") else COUNT
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(rate(signer.sign, count))
                theirs.append(rate(bare, count))
            signer.close()
            share = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
            missed += share < 0.8
            figures = f"ours {statistics.median(ours):8.0f}/s   bare session {statistics.median(theirs):8.0f}/s"
            print(f"{algorithm:<14} {figures}   share {share:.2f}")
    print(f"goal ≥ 0.80 of the bare session: {'missed' if missed else 'reached'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
