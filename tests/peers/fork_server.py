"""Runs `pratique` again and again without starting Python again: a process that has loaded everything, and forks for each call.

The matrix asks for some thousand runs of the program, and loading it is half of most of them. Each call has a process, an
environment, a folder and an end of its own; only loading is shared. Requests are lines of JSON on standard input, answers are
lines with the exit code on standard output.
"""

import importlib
import json
import os
import pkgutil
import signal
import sys

PATIENCE_S = 90


def load_everything() -> None:
    import pratique

    for module in pkgutil.walk_packages(pratique.__path__, "pratique."):
        if module.name.endswith("__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ImportError:
            continue  # what needs an extra that is not installed


def child(request: dict) -> None:
    """The call itself: never returns."""
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["cwd"])
    for number, name in ((1, request["stdout"]), (2, request["stderr"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False)
    signal.alarm(PATIENCE_S)
    sys.argv = ["pratique", *request["arguments"]]
    from pratique.cli.main import main

    main()


def serve() -> None:
    load_everything()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                child(json.loads(line))
            finally:
                os._exit(70)  # main() leaves by itself, always
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
