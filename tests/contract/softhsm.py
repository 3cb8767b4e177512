"""Real PKCS#11 tokens: SoftHSM2 with a token of its own for each test run."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from signers import Adapter, never

from pratique.keys.access import Access
from pratique.keys.open import create_signer

PIN = "48213579"
SO_PIN = "93517264"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")


@dataclass
class SoftHsm:
    """A token's folder. The module reads its configuration once a process, so there is one of these in a session."""

    root: Path
    module: str

    @classmethod
    def start(cls, root: Path) -> "SoftHsm | None":
        module = next((path for path in MODULES if Path(path).exists()), None)
        if module is None or shutil.which("softhsm2-util") is None:
            return None
        (root / "tokens").mkdir()
        (root / "softhsm2.conf").write_text(f"directories.tokendir = {root / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(root / "softhsm2.conf")  # for the module, which is in this process
        made = cls(root, module)
        made.add_token("first token")
        return made

    def add_token(self, label: str) -> None:
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN]
        subprocess.run(command, check=True, capture_output=True)

    def access(self, pin: str = PIN) -> Access:
        return Access(passphrase=never, pin=pin.encode, environ={"PRATIQUE_PKCS11_MODULE": self.module})

    def adapter(self, algorithm: str, _: Path) -> Adapter:
        reference = f"pkcs11:token=first%20token;object=key-{algorithm}"
        create_signer(reference, algorithm, self.access()).close()
        return Adapter(
            reference=f"{reference}?algorithm={algorithm}",
            access=self.access(),
            algorithm=algorithm,
            secrets=(PIN, SO_PIN),
            cut=self.unplug,
        )

    def unplug(self):
        """Take the tokens out; the function that is returned puts them back."""
        shutil.move(self.root / "tokens", self.root / "away")
        return lambda: shutil.move(self.root / "away", self.root / "tokens")

    def tool(self, *arguments: str) -> str:
        """pkcs11-tool, a second reader of the token."""
        command = ["pkcs11-tool", "--module", self.module, "--token-label", "first token", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout
