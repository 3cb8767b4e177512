"""Kinds of keys, each as both sides know it: a file, a PKCS#11 token, a vault, an agent."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peer_programs import Peers, Pratique

# What `openssl genpkey` makes of each, and what our program calls it
FILES = {
    "p256": (("EC", "ec_paramgen_curve:P-256"), "ecdsa-p256"),
    "p384": (("EC", "ec_paramgen_curve:P-384"), "ecdsa-p384"),
    "p521": (("EC", "ec_paramgen_curve:P-521"), "ecdsa-p521"),
    "rsa2048": (("RSA", "rsa_keygen_bits:2048"), "rsa-2048"),
    "rsa3072": (("RSA", "rsa_keygen_bits:3072"), "rsa-3072"),
    "rsa4096": (("RSA", "rsa_keygen_bits:4096"), "rsa-4096"),
    "ed25519": (("ED25519",), "ed25519"),
}
TOKENS = {"pkcs11-p256": "ecdsa-p256", "pkcs11-p384": "ecdsa-p384", "pkcs11-rsa2048": "rsa-2048", "pkcs11-rsa4096": "rsa-4096"}
VAULTS = {
    "vault-p256": "ecdsa-p256",
    "vault-p384": "ecdsa-p384",
    "vault-rsa2048": "rsa-2048",
    "vault-rsa3072": "rsa-3072",
    "vault-ed25519": "ed25519",
}
AGENTS = {"agent-p256": "ecdsa-p256", "agent-p384": "ecdsa-p384", "agent-rsa3072": "rsa-3072", "agent-ed25519": "ed25519"}
KINDS = (*FILES, *TOKENS, *VAULTS, *AGENTS)


@dataclass(frozen=True)
class Side:
    """How one side is told to sign with a key."""

    reference: str
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KeyPair:
    """`public`: its public key in PEM, for whoever verifies. `theirs`: None where cosign cannot reach such a key."""

    kind: str
    public: Path
    ours: Side
    theirs: Side | None

    @property
    def cosign(self) -> Side:
        """cosign's side, for cells that have one."""
        assert self.theirs is not None, f"cosign knows no keys of kind {self.kind}"
        return self.theirs


@dataclass
class KeyRing:
    """Makes keys when they are first asked for. `places`: gives the token, the vault and the agent when they are needed."""

    folder: Path
    peers: Peers
    pratique: Pratique
    places: Any
    made: dict[tuple[str, str], KeyPair] = field(default_factory=dict)

    def __call__(self, kind: str, who: str = "harbour") -> KeyPair:
        """The key of that kind that `who` holds: the same one each time."""
        if (kind, who) not in self.made:
            make = self._file if kind in FILES else getattr(self, "_" + kind.partition("-")[0])
            self.made[kind, who] = make(kind, f"{who}-{kind}")
        return self.made[kind, who]

    def _file(self, kind: str, name: str) -> KeyPair:
        private, public, folder = self.folder / f"{name}.pem", self.folder / f"{name}.pub.pem", self.folder
        (algorithm, *options), _ = FILES[kind]
        chosen = [word for option in options for word in ("-pkeyopt", option)]
        _openssl("genpkey", "-algorithm", algorithm, *chosen, "-out", str(private))
        private.chmod(0o600)
        _openssl("pkey", "-in", str(private), "-pubout", "-out", str(public))
        self.peers.cosign("import-key-pair", "--key", private, "--output-key-prefix", folder / f"{name}-cosign").ok()
        return KeyPair(kind, public, Side(str(private)), Side(str(folder / f"{name}-cosign.key")))

    def _pkcs11(self, kind: str, name: str) -> KeyPair:
        from softhsm import PIN

        token = self.places("pkcs11_place")
        environ = {"SOFTHSM2_CONF": str(token.root / "softhsm2.conf"), "PRATIQUE_PKCS11_MODULE": token.module}
        where = f"pkcs11:token=first%20token;object={name};id={''.join(f'%{byte:02x}' for byte in name.encode())}"
        ours = Side(where, environ | {"PRATIQUE_KEY_PIN": PIN})
        self._generate(ours, TOKENS[kind])
        # cosign's reader of these references wants both token and slot's name, and the PIN in the reference
        theirs = Side(f"{where}?module-path={token.module}&pin-value={PIN}", environ)
        return KeyPair(kind, self._public(ours, name), ours, theirs)

    def _vault(self, kind: str, name: str) -> KeyPair:
        vault = self.places("vault_place")
        vault.make(name, VAULTS[kind])
        environ = {"VAULT_ADDR": vault.address, "VAULT_TOKEN": vault.token(name)}
        ours = Side(f"hashivault://{name}", environ)
        # cosign asks for the key's own description too, which the least right to sign does not cover
        theirs = Side(f"hashivault://{name}", environ | {"VAULT_TOKEN": vault.root})
        return KeyPair(kind, self._public(ours, name), ours, theirs)

    def _agent(self, kind: str, name: str) -> KeyPair:
        agent = self.places("ssh_agent_place")
        ours = Side(f"ssh-agent:{agent.key(AGENTS[kind], name)}", agent.environ)
        return KeyPair(kind, self._public(ours, name), ours, None)

    def _generate(self, side: Side, algorithm: str) -> None:
        self.pratique("key", "generate", "-o", side.reference, "--algorithm", algorithm, **side.environ).ok()

    def _public(self, side: Side, name: str) -> Path:
        path = self.folder / f"{name}.pub.pem"
        self.pratique("key", "show", side.reference, "--public", path, **side.environ).ok()
        return path


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
