"""The programs on both sides of a test: today's tools of the field, and ours."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


class PeerRefuses(AssertionError):
    """A tool of others did not do what it was asked for: its fault, or ours. `peer_faults.py` knows which are its own."""


@dataclass(frozen=True)
class Ran:
    """What a run of a program came to."""

    command: tuple[str, ...]
    code: int
    out: str
    err: str

    def ok(self) -> "Ran":
        """The same, after a look at its exit code."""
        if self.code != 0:
            raise (AssertionError if self.command[0] == "pratique" else PeerRefuses)(self.told())
        return self

    def told(self) -> str:
        """The command and what it said, for a person."""
        name = Path(self.command[0]).name
        return f"{name} {' '.join(self.command[1:])}\nexit {self.code}\n{self.out[-2000:]}\n{self.err[-2000:]}"

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def missing(*names: str) -> str | None:
    """Why these tools cannot be had, or None. `tools/peers` is what builds them."""
    folder = peers_folder()
    lacking = [name for name in names if not (folder / name).is_file()]
    if not lacking:
        return None
    if shutil.which("go") is None:
        return f"there is no Go here to build {', '.join(lacking)} with"
    return f"not built: {', '.join(lacking)} (tools/peers {' '.join(lacking)})"


def peers_folder() -> Path:
    command = [str(ROOT / "tools" / "peers"), "--where"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())


@dataclass
class Peers:
    """Tools of others, each run with a home of this test run alone. `folder`: where the programs lie."""

    folder: Path
    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("docker", "helm", "tmp"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / "signing-config.json").write_text(SIGNING_CONFIG)
        (self.home / "trusted-root.json").write_text(TRUSTED_ROOT)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "DOCKER_CONFIG": str(self.home / "docker"),
            "COSIGN_PASSWORD": "between us",
            "NO_PROXY": "127.0.0.1",
            **{f"HELM_{name}_HOME": str(self.home / "helm") for name in ("CACHE", "CONFIG", "DATA")},
        }

    def run(self, program: str, *arguments: str | Path, cwd: Path | None = None, stdin: str | None = None, **environ: str) -> Ran:
        """Whatever its exit code."""
        command = (str(self.folder / program), *map(str, arguments))
        done = subprocess.run(
            command,
            env=self.environ | environ,
            cwd=cwd or self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return Ran(command, done.returncode, done.stdout, done.stderr)

    def cosign(self, *arguments: str | Path, **environ: str) -> Ran:
        """A token can be reached only by the build that has C in it."""
        program = "cosign-pkcs11" if any(str(word).startswith("pkcs11:") for word in arguments) else "cosign"
        return self.run(program, *arguments, **environ)

    def crane(self, *arguments: str | Path) -> Ran:
        return self.run("crane", *arguments, "--insecure")

    def oras(self, *arguments: str | Path, cwd: Path | None = None) -> Ran:
        return self.run("oras", *arguments, cwd=cwd)

    def helm(self, *arguments: str | Path, stdin: str | None = None) -> Ran:
        return self.run("helm", *arguments, stdin=stdin)

    @property
    def offline(self) -> tuple[str, ...]:
        """What keeps cosign from asking Sigstore's public services while it signs: nothing is logged, no trust is fetched."""
        config, root = self.home / "signing-config.json", self.home / "trusted-root.json"
        return ("--yes", "--signing-config", str(config), "--trusted-root", str(root))

    @property
    def offline_old(self) -> tuple[str, ...]:
        """The same for the form that cosign wrote before version 3."""
        return ("--yes", "--new-bundle-format=false", "--use-signing-config=false", "--tlog-upload=false")


SIGNING_CONFIG = json.dumps(
    {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json", "rekorTlogConfig": {}, "tsaConfig": {}}
)
TRUSTED_ROOT = json.dumps({"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"})


class Forks:
    """The process that runs our program: `fork_server.py`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, str(Path(__file__).with_name("fork_server.py"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, arguments: tuple[str, ...], cwd: Path, environ: dict[str, str]) -> Ran:
        names = {name: str(self.folder / name) for name in ("stdout", "stderr")}
        request = {"arguments": arguments, "cwd": str(cwd), "environ": environ, **names}
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process that runs pratique is gone; its error stands above"
        out, err = (Path(name).read_text() for name in names.values())
        return Ran(("pratique", *arguments), int(answer), out, err)

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


@dataclass
class Pratique:
    """Our program on one machine: `home` is where it keeps catalog, log and trust."""

    forks: Forks
    home: Path
    environ: dict[str, str]

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, **environ: str) -> Ran:
        """Whatever its exit code."""
        return self.forks.run(tuple(map(str, arguments)), cwd or self.home, self.environ | environ)

    def at(self, home: Path) -> "Pratique":
        """The same on another machine, which knows nothing yet."""
        home.mkdir(parents=True, exist_ok=True)
        return Pratique(self.forks, home, self.environ | {"PRATIQUE_HOME": str(home / "state"), "HOME": str(home)})

    def answers(self, source: str, *options: str | Path, **environ: str) -> "Verdict":
        """What `verify` says of it, read from its JSON."""
        ran = self("verify", source, "--format", "json", *options, **environ)
        try:
            answers = ran.json["answers"]
        except (ValueError, KeyError):
            answers = []
        causes = {answer["cause"] for answer in answers if answer.get("verdict") != "verified"}
        return Verdict(ran=ran, code=ran.code, causes=causes - {"none"})


@dataclass(frozen=True)
class Verdict:
    """Exit code of `verify`, and the causes of what did not verify."""

    ran: Ran
    code: int
    causes: set[str]
