"""What the demo's attacker does to stores; each trick is one function."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pratique.evidence.collect import collect_from_repository
from pratique.registry.attach import attach
from pratique.registry.open import open_repository
from pratique.registry.types import SIGSTORE_BUNDLE, Descriptor


def flip_layer(layout: str) -> None:
    """Change one byte in the middle of the largest layer of an OCI layout."""
    blob = max((Path(layout) / "blobs" / "sha256").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(data)
    print(f"changed one byte of {blob.name[:12]}…")


def graft(source: str, victim: str) -> None:
    """Attach everything that is said about one image to another."""
    repository, reference = open_repository(source)
    target, tag = open_repository(victim)
    good = repository.fetch_manifest(reference or "")
    evil = target.fetch_manifest(tag or "")
    subject = Descriptor(media_type=evil.media_type, digest=evil.digest, size=len(evil.data))
    for bundle in collect_from_repository(repository, good.digest).pieces:
        annotations = {"dev.sigstore.bundle.predicateType": bundle.claimed_type}
        attach(target, subject=subject, blob=bundle.data, artifact_type=SIGSTORE_BUNDLE, annotations=annotations, created=None)
    print(f"grafted the evidence of {good.digest[:19]} onto {evil.digest[:19]}")


def wait_for(path: str, word: str) -> None:
    """Wait until a log file holds a word, at most 30 seconds."""
    for _ in range(300):
        if word in Path(path).read_text():
            return
        time.sleep(0.1)
    sys.exit(f"{path} never said {word}: {json.dumps(Path(path).read_text()[-500:])}")


TRICKS: dict[str, Callable[..., None]] = {"flip-layer": flip_layer, "graft": graft, "wait-for": wait_for}

if __name__ == "__main__":
    TRICKS[sys.argv[1]](*sys.argv[2:])
