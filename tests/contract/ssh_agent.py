"""A real ssh-agent with keys of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from signers import Adapter, never

from pratique.keys.access import Access

KINDS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa-p256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa-p384": ["-t", "ecdsa", "-b", "384"],
    "rsa-2048": ["-t", "rsa", "-b", "2048"],
    "rsa-3072": ["-t", "rsa", "-b", "3072"],
    "ecdsa-p521": ["-t", "ecdsa", "-b", "521"],
}


@dataclass
class SshAgent:
    folder: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path) -> "SshAgent | None":
        program = shutil.which("ssh-agent")
        if program is None or shutil.which("ssh-add") is None:
            return None
        process = subprocess.Popen([program, "-D", "-a", str(folder / "socket")], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not (folder / "socket").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return cls(folder, process)

    @property
    def environ(self) -> dict[str, str]:
        return {"SSH_AUTH_SOCK": str(self.folder / "socket")}

    def key(self, algorithm: str, comment: str) -> str:
        """A new key in the agent; its fingerprint as `ssh-add -l` prints it."""
        path = self.folder / f"id-{comment}"
        make = ["ssh-keygen", "-q", "-N", "", "-C", comment, "-f", str(path), *KINDS[algorithm]]
        subprocess.run(make, check=True, capture_output=True)
        subprocess.run(["ssh-add", "-q", str(path)], check=True, capture_output=True, env=os.environ | self.environ)
        shown = subprocess.run(["ssh-keygen", "-lf", str(path)], check=True, capture_output=True, text=True)
        return shown.stdout.split()[1]

    def remove(self, comment: str) -> None:
        command = ["ssh-add", "-q", "-d", str(self.folder / f"id-{comment}")]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | self.environ)

    def adapter(self, algorithm: str, _: Path) -> Adapter:
        fingerprint = self.key(algorithm, f"contract-{algorithm}")
        return Adapter(
            reference=f"ssh-agent:{fingerprint}",
            access=Access(passphrase=never, pin=never, environ=self.environ, patience_s=3.0),
            algorithm=algorithm,
            secrets=((self.folder / f"id-contract-{algorithm}").read_text().splitlines()[2],),
            cut=self.pause if algorithm == "ed25519" else None,  # waiting for a hanging agent takes its time
            cap=248 * 1024,
        )

    def pause(self) -> Callable[[], None]:
        """The agent hangs until the function that is returned is called."""
        self.process.send_signal(signal.SIGSTOP)
        while " T " not in Path(f"/proc/{self.process.pid}/stat").read_text():
            time.sleep(0.01)
        return lambda: self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
