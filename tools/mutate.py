"""Would a test notice? Changes one small thing at a time in the rooms that decide, and runs the tests that pass over that line.

    python tools/mutate.py [--rooms evidence,policy,trust,attest] [--share 1/1] [--most N] [--seed S] [--jobs J]

First every test of those rooms runs once, and which lines it passes over is noted. Then each mutant runs in a process of its own:
the module is compiled from the changed tree, and the tests of that line run, the
quickest first, until one fails. What none of them notices is a survivor, and is listed with the change that was made. One that
cannot be noticed, since the program means the same, stands in `tools/mutants-explained.txt` as `module :: change :: why`.

Exit code 0: no survivor that is not explained; 1: there are some; 2: wrong usage, or a test fails before anything is changed.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import json
import os
import random
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "pratique"
EXPLAINED = Path(__file__).with_name("mutants-explained.txt")
TESTS = {
    "evidence": ("evidence",),
    "policy": ("policy",),
    "trust": ("trust", "evidence", "policy"),
    "attest": ("attest", "evidence"),
    "runtime": ("runtime",),
    "tlog": ("tlog",),
    "ship": ("ship",),
}
MOST_TESTS = 40
TIMEOUT_S = 60
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: in which file, on which line, what it says; `number` finds it again in the tree."""

    path: Path
    line: int
    number: int
    change: str

    @property
    def module(self) -> str:
        """The dotted name."""
        return ".".join(("pratique", *self.path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__")


def mutations(tree: ast.Module) -> Iterator[tuple[int, str, Any]]:
    """Every change that can be made to this tree: the line, in words, and a function that makes it in place."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            slots = [(value, index) for index in range(len(value))] if isinstance(value, list) else [(parent, field)]
            for holder, key in slots:
                node = holder[key] if isinstance(holder, list) else getattr(holder, key)
                if isinstance(node, ast.AST):
                    for words, new in _changes(node, parent, field):
                        yield getattr(node, "lineno", 0), words, _placing(holder, key, new)


def _placing(holder: Any, key: Any, new: ast.AST) -> Any:
    def place() -> None:
        if isinstance(holder, list):
            holder[key] = new
        else:
            setattr(holder, key, new)

    return place


def _changes(node: ast.AST, parent: ast.AST, field: str) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
        new = copy.deepcopy(node)
        new.ops = [COMPARISONS[type(node.ops[0])]()]
        yield f"{ast.unparse(node)} -> {ast.unparse(new)}", new
    elif isinstance(node, ast.BoolOp):
        for index in range(len(node.values)):
            rest = [value for at, value in enumerate(node.values) if at != index]
            yield (
                f"{ast.unparse(node)} without {ast.unparse(node.values[index])}",
                (rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)),
            )
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"{ast.unparse(node)} -> {ast.unparse(node.operand)}", node.operand
    elif isinstance(node, ast.Constant) and type(node.value) is bool and not isinstance(parent, ast.keyword | ast.arguments):
        yield f"{node.value} -> {not node.value}", ast.Constant(value=not node.value)
    elif isinstance(node, ast.Raise):
        yield f"nothing instead of: {ast.unparse(node)[:90]}", ast.Pass()
    elif isinstance(node, ast.If | ast.IfExp) and field != "orelse":
        for value in (True, False):
            new_if = copy.copy(node)
            new_if.test = ast.Constant(value=value)
            yield f"if {ast.unparse(node.test)[:90]} -> if {value}", new_if
    elif isinstance(node, ast.Constant) and type(node.value) is int and isinstance(parent, ast.Compare):
        yield f"{ast.unparse(parent)}: {node.value} -> {node.value + 1}", ast.Constant(value=node.value + 1)
    elif isinstance(node, ast.Continue):
        yield "continue -> pass", ast.Pass()


def find_mutants(rooms: list[str]) -> list[Mutant]:
    """All mutants of these rooms, in the order of their files."""
    found = []
    for room in rooms:
        for path in sorted((SOURCE / room).rglob("*.py")):
            tree = ast.parse(path.read_text())
            for number, (line, change, _) in enumerate(mutations(tree)):
                found.append(Mutant(path, line, number, change))
    return found


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from the changed tree, all others as ever."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self._mutant.module:
            return None
        package = self._mutant.path.name == "__init__.py"
        return importlib.util.spec_from_file_location(
            name, self._mutant.path, loader=self, submodule_search_locations=[str(self._mutant.path.parent)] if package else None
        )

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: Any) -> None:
        tree = ast.parse(self._mutant.path.read_text())
        for number, (_, _, make) in enumerate(mutations(tree)):
            if number == self._mutant.number:
                make()
                break
        ast.fix_missing_locations(tree)
        exec(compile(tree, str(self._mutant.path), "exec"), module.__dict__)  # noqa: S102  (our own source, changed)


class _Lines:
    """A plug-in of pytest that notes which lines of the rooms each test passes over, and how long it takes."""

    def __init__(self) -> None:
        self.lines: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self._files: dict[str, str | None] = {}

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> None:
        self._now: set[str] = set()
        self.lines[item.nodeid] = self._now
        self._began = time.monotonic()
        sys.settrace(self._trace)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "teardown":
            sys.settrace(None)
            self.seconds[report.nodeid] = time.monotonic() - self._began
        if report.failed:
            self.failed.append(report.nodeid)

    def _trace(self, frame: Any, _event: str, _argument: Any) -> Any:
        name = frame.f_code.co_filename
        if name not in self._files:
            self._files[name] = name.removeprefix(str(SOURCE) + "/") if name.startswith(str(SOURCE)) else None
        short = self._files[name]
        if short is None:
            return None
        now = self._now

        def lines(frame: Any, _event: str, _argument: Any) -> Any:
            now.add(f"{short}:{frame.f_lineno}")
            return lines

        now.add(f"{short}:{frame.f_lineno}")
        return lines


def note_lines(folders: list[str]) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Line → tests that pass over it, and how long each takes. Exits with 2 when one fails."""
    import pytest

    notes = _Lines()
    status = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", *folders], plugins=[notes])
    if status != 0 or notes.failed:
        print(f"tests fail before anything is changed: {notes.failed[:3]}", file=sys.stderr)
        sys.exit(2)
    by_line: dict[str, list[str]] = defaultdict(list)
    for test, lines in notes.lines.items():
        for line in lines:
            by_line[line].append(test)
    return by_line, notes.seconds


def in_child(work: Any, timeout_s: float) -> int:
    """Run `work` in a forked process with its output thrown away; its exit code, or 1 when it takes too long."""
    child = os.fork()
    if child == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        try:
            code = work()
        except BaseException:  # a mutant may do anything: whatever it raises, it was noticed
            code = 1
        os._exit(code)
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 1


def survives(mutant: Mutant, tests: list[str]) -> bool:
    """Whether these tests all pass with the change made."""

    def work() -> int:
        import pytest

        sys.meta_path.insert(0, _Changed(mutant))
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", *tests]))

    return in_child(work, TIMEOUT_S) == 0


def explained() -> set[tuple[str, str]]:
    """Module and change of the mutants that mean the same."""
    if not EXPLAINED.exists():
        return set()
    rows = [line.split(" :: ") for line in EXPLAINED.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {(row[0].strip(), row[1].strip()) for row in rows if len(row) == 3 and row[2].strip()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rooms", default="evidence,policy,trust,attest")
    parser.add_argument("--most", type=int, default=300, help="how many mutants, drawn evenly; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="mutants whose path holds this text")
    options = parser.parse_args()
    rooms = options.rooms.split(",")
    if unknown := [room for room in rooms if room not in TESTS]:
        parser.error(f"no such room here: {unknown[0]} (one of {', '.join(TESTS)})")
    os.chdir(ROOT)
    os.environ.update(CI="1", HYPOTHESIS_STORAGE_DIRECTORY="/nonexistent")
    folders = sorted({f"tests/unit/{name}" for room in rooms for name in TESTS[room]})
    print(f"running the tests of {', '.join(folders)} once", flush=True)
    reading, writing = os.pipe()
    if os.fork() == 0:  # so that this process never loads what is to be changed
        os.close(reading)
        by_line, seconds = note_lines(folders)
        with os.fdopen(writing, "w") as out:
            json.dump([by_line, seconds], out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    if not text:
        return 2
    by_line, seconds = json.loads(text)
    mutants = [one for one in find_mutants(rooms) if options.only in str(one.path)]
    count = len(mutants)
    if options.most and count > options.most:
        mutants = random.Random(options.seed).sample(mutants, options.most)
    known = explained()
    import hypothesis  # noqa: F401  (loaded once, for all children)
    import pytest  # noqa: F401

    def judge(mutant: Mutant) -> tuple[Mutant, str]:
        line = f"{mutant.path.relative_to(SOURCE)}:{mutant.line}"
        tests = sorted(by_line.get(line, ()), key=lambda test: seconds.get(test, 0))[:MOST_TESTS]
        if not tests:
            return mutant, "no test passes over it"
        return mutant, "survives" if survives(mutant, tests) else ""

    began, survivors, unseen = time.monotonic(), [], 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, verdict in pool.map(judge, mutants):
            if verdict and (mutant.module, mutant.change) not in known:
                survivors.append(mutant)
                unseen += verdict != "survives"
                print(f"{verdict}: {mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.change}", flush=True)
    noticed, took = len(mutants) - len(survivors), time.monotonic() - began
    print(f"{len(mutants)} of {count} mutants in {took:.0f} s: {noticed} noticed or explained")
    print(f"{len(survivors)} not, of these {unseen} where no test passes")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
