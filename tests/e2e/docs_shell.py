"""A shell in which the console blocks of a page are played, one command after the other, as somebody types them."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

_END = "-- end of what was said --"


class DocsShell:
    """One bash for a whole page: folders, variables and exit codes last from command to command. `with` ends it."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        programs = folder / ".programs"
        programs.mkdir()
        (programs / "pratique").write_text(f'#!/bin/sh\nexec {sys.executable} -m pratique "$@"\n')
        (programs / "pratique").chmod(0o755)
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            cwd=folder,
            env={**environ, "PATH": f"{programs}:{environ['PATH']}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> "DocsShell":
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.kill()
        self._bash.wait(10)

    def say(self, command: str) -> list[str]:
        """What is printed, on standard output and error, line by line. Exit codes are for `echo $?`, as they are for people."""
        assert self._bash.stdin is not None and self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\n__last=$?; echo '{_END}'; (exit $__last)\n")
        self._bash.stdin.flush()
        lines = []
        for line in self._bash.stdout:
            if line.rstrip("\n").endswith(_END):
                rest = line.rstrip("\n").removesuffix(_END)
                return [*lines, rest] if rest else lines
            lines.append(line.rstrip("\n"))
        raise AssertionError(f"the shell ended at {command!r}: {lines}")


def steps(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page's console blocks, as it stands there, with lines that go on (`> `), and what is printed below."""
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines()
            more = []
            while rest and rest[0].startswith("> "):
                more.append(rest.pop(0)[2:])
            yield "\n".join([first, *more]), [line for line in rest if line]
