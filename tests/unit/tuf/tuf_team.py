"""A team that keeps its trust in a folder: Alice and Bob hold the root, a machine publishes."""

import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pratique.keys.file import FileSigner
from pratique.trust import Key
from pratique.tuf.client import follow
from pratique.tuf.folder import TrustFolder
from pratique.tuf.places import DirectoryPlace
from pratique.tuf.publish import publish

NOW = int(time.time())
SOURCE = """\
version: 1
name: acme
authorities:
  release:
    keys: [{file: release.pub}]
    says: [{predicates: [signature, sbom], about: [registry.example.com/acme]}]
sigstore: [{name: public-good, file: trusted_root.json}]
"""
TRUSTED_ROOT = b'{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}'


def ed25519_signer():
    return FileSigner(ed25519.Ed25519PrivateKey.generate())


def ecdsa_signer():
    return FileSigner(ec.generate_private_key(ec.SECP256R1()))


@dataclass
class Team:
    folder: TrustFolder
    alice: FileSigner
    bob: FileSigner
    online: FileSigner
    home: Path

    def edit(self, old, new):
        text = self.folder.source.read_text()
        assert old in text
        self.folder.source.write_text(text.replace(old, new))

    def sign(self, *signers, **more):
        for signer in signers or (self.alice, self.bob):
            standings = self.folder.sign(signer, now=NOW, **more)
        return standings

    def publish(self, *places, now=NOW, signers=None):
        return publish(self.folder, signers or [self.online], places, now=now)

    def release(self, name):
        """Make another key the release authority's."""
        path = self.folder.path / f"{name}.pub"
        path.write_bytes(ed25519_signer().public_key.pem)
        self.edit("keys: [", f"keys: [{{file: {name}.pub}}, ")

    @property
    def place(self):
        return DirectoryPlace(self.folder.published)

    @property
    def pinned(self):
        return (self.folder.published / "metadata" / "1.root.json").read_bytes()

    def follow(self, place=None):
        return follow(self.home, "file:/published", root=self.pinned, now=NOW, place=place or self.place)


def key_count(anchors):
    return sum(isinstance(signer, Key) for party in anchors.trust.authorities.items for signer in party.signers)
