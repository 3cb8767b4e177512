"""Would a test notice? Changes one small thing at a time in the rooms that decide, and runs the tests that pass over that line.

    python tools/mutate.py [--rooms evidence,policy,trust,attest] [--share 1/1] [--most N] [--seed S] [--jobs J]

First every test of those rooms runs once, and which lines it passes over is noted. Then each mutant runs in a process of its own:
the module is compiled from the changed tree, and the tests of that line run, file by file, until one fails. What none of
them notices is a survivor, and is listed with the change that was made, in the order of files and lines. One that cannot be
noticed, since the program means the same, stands in `tools/mutants-explained.txt` as `module :: change :: why`. An explanation
whose mutant is noticed, or is no more, is listed too: it explains nothing.

Exit code 0: no survivor that is not explained; 1: there are some; 2: wrong usage, or a test fails before anything is changed.
"""

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.util
import json
import os
import random
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
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
MOST_TESTS = 200  # of one file
TIMEOUT_S = 60  # and three times what the tests took before
NO_TESTS = 5  # pytest.ExitCode.NO_TESTS_COLLECTED: none of them is there again, so that none noticed
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
    """One change: in which file, on which line, what it says; `number` finds it again in the tree.

    `change` begins with the function it is made in, and ends with a number where that has several alike, so that it names one
    change however lines move. `around`: the lines of that function.
    """

    path: Path
    line: int
    number: int
    change: str
    around: range

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
                    for words, new in _changes(node, parent):
                        yield getattr(node, "lineno", 0), words, _placing(holder, key, new)


def _placing(holder: Any, key: Any, new: ast.AST) -> Any:
    def place() -> None:
        if isinstance(holder, list):
            holder[key] = new
        else:
            setattr(holder, key, new)

    return place


def _changes(node: ast.AST, parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.Compare):
        for index in range(len(node.ops)):
            new = copy.copy(node)
            new.ops = [COMPARISONS[type(one)]() if at == index else one for at, one in enumerate(node.ops)]
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
    elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return  # of no meaning to the program
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            new_if = copy.copy(node)
            new_if.test = ast.Constant(value=value)
            yield f"if {ast.unparse(node.test)[:90]} -> if {value}", new_if
    elif isinstance(node, ast.Constant) and type(node.value) is int and isinstance(parent, ast.Compare):
        yield f"{ast.unparse(parent)}: {node.value} -> {node.value + 1}", ast.Constant(value=node.value + 1)
    elif isinstance(node, ast.Continue):
        yield "continue -> pass", ast.Pass()


def find_mutants(rooms: list[str]) -> list[Mutant]:
    """All mutants of these rooms, in the order of files and lines."""
    found: list[Mutant] = []
    for path in sorted(path for room in rooms for path in (SOURCE / room).rglob("*.py")):
        tree, alike = ast.parse(path.read_text()), Counter[str]()
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for number, (line, change, _) in enumerate(mutations(tree)):
            inside = [one for one in functions if one.lineno <= line <= (one.end_lineno or 0)]
            inner = max(inside, key=lambda one: one.lineno, default=None)
            name = f"{inner.name if inner else 'module'}: {change}"
            alike[name] += 1
            around = range(inner.lineno, (inner.end_lineno or 0) + 1) if inner else range(0)
            found.append(Mutant(path, line, number, f"{name} #{alike[name]}" if alike[name] > 1 else name, around))
    return sorted(found, key=lambda one: (one.path, one.line, one.number))


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


def forget() -> None:
    """Empty what functions of ours remember: a test that is answered from there would seem not to pass over their lines."""
    for name, module in list(sys.modules.items()):
        if name.startswith("pratique."):
            for value in list(vars(module).values()):
                for one in (value, *(vars(value).values() if isinstance(value, type) else ())):
                    if hasattr(one, "cache_clear"):
                        one.cache_clear()


class _Only:
    """A plug-in of pytest that runs these tests alone, in this order; an ID on a command line may not find its test again."""

    def __init__(self, tests: list[str]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted((one for one in items if one.nodeid in self._place), key=lambda one: self._place[one.nodeid])


class _Lines:
    """A plug-in of pytest that notes which lines of the rooms each test passes over, and how long it takes."""

    def __init__(self) -> None:
        self.lines: dict[str, set[str]] = {}
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self._files: dict[str, str | None] = {}

    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> None:
        forget()
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


def survives(mutant: Mutant, tests: list[str], timeout_s: float) -> bool:
    """Whether these tests all pass with the change made, within this time."""

    def work() -> int:
        import pytest

        sys.meta_path.insert(0, _Changed(mutant))
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header"]
        return int(pytest.main([*options, *files], plugins=[_Only(tests)]))

    return in_child(work, timeout_s) in (0, NO_TESTS)


class Asked:
    """Which tests to ask about a mutant, the quickest first."""

    def __init__(self, by_line: dict[str, list[str]], seconds: dict[str, float]) -> None:
        self._by_line, self._seconds = by_line, seconds
        self._by_file: dict[str, set[str]] = defaultdict(set)
        for line, tests in by_line.items():
            self._by_file[line.rpartition(":")[0]].update(tests)

    def tests(self, mutant: Mutant) -> list[str]:
        """Those that pass over its line; or over its function, as an expression over several lines counts by some of them; or
        over its module, whose own lines run before any test does.
        """
        short = str(mutant.path.relative_to(SOURCE))
        found: Iterable[str] = self._by_line.get(f"{short}:{mutant.line}", ())
        if not found and mutant.around:
            found = {test for line in mutant.around[1:] for test in self._by_line.get(f"{short}:{line}", ())}
        elif not found:
            found = self._by_file.get(short, ())
        return sorted(found, key=lambda test: (self._seconds.get(test, 0), test))

    def judge(self, mutant: Mutant) -> str:
        """What to say of a mutant that nobody noticed; "" when it was noticed."""
        tests = self.tests(mutant)
        if not tests:
            return "no test passes over it"
        # File by file, since each must be collected: those that are named after the module first, then the quickest.
        by_file: dict[str, list[str]] = defaultdict(list)
        for test in tests:
            by_file[test.partition("::")[0]].append(test)

        def order(file: str) -> tuple[bool, float]:
            seconds = [self._seconds.get(test, 0) for test in by_file[file]]
            return mutant.path.stem not in Path(file).stem, sum(seconds) / len(seconds)

        for file in sorted(by_file, key=order):
            some = in_turns(by_file[file])[:MOST_TESTS]
            # So that a machine with much else to do does not pass for a test that notices.
            if not survives(mutant, some, TIMEOUT_S + 3 * sum(self._seconds.get(test, 0) for test in some)):
                return ""
        return "survives"


def in_turns(tests: list[str]) -> list[str]:
    """One of each function, then a second of each, so that one with hundreds of parameters does not crowd out the others."""
    turn, turns = Counter[str](), dict[str, int]()
    for test in tests:
        function = test.partition("[")[0]
        turns[test] = turn[function]
        turn[function] += 1
    return sorted(tests, key=turns.__getitem__)


def explained() -> set[tuple[str, str]]:
    """Module and change of the mutants that mean the same."""
    if not EXPLAINED.exists():
        return set()
    rows = [line.split(" :: ") for line in EXPLAINED.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return {(row[0].strip(), row[1].strip()) for row in rows if len(row) == 3 and row[2].strip()}


def run_once(folders: list[str]) -> Asked | None:
    """The tests as they are, in a process of their own, so that this one never loads what is to be changed. None when one fails.

    What else they load is loaded here too, once for all children.
    """
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        by_line, seconds = note_lines(folders)
        others = [
            name for name, module in list(sys.modules.items()) if "site-packages" in (getattr(module, "__file__", None) or "")
        ]
        with os.fdopen(writing, "w") as out:
            json.dump([by_line, seconds, others], out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    if not text:
        return None
    by_line, seconds, others = json.loads(text)
    for name in others:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    return Asked(by_line, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rooms", default="evidence,policy,trust,attest")
    parser.add_argument("--share", default="1/1", help="which part of them, as 2/5; the parts together are all")
    parser.add_argument("--most", type=int, default=300, help="how many mutants, drawn evenly; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="mutants whose path holds this text, or one of several between commas")
    options = parser.parse_args()
    rooms = options.rooms.split(",")
    if unknown := [room for room in rooms if room not in TESTS]:
        parser.error(f"no such room here: {unknown[0]} (one of {', '.join(TESTS)})")
    share = re.fullmatch(r"([1-9]\d*)/([1-9]\d*)", options.share)
    if share is None or int(share[1]) > int(share[2]):
        parser.error("a share is I/N, with I from 1 to N")
    os.chdir(ROOT)
    os.environ.update(CI="1", HYPOTHESIS_STORAGE_DIRECTORY="/nonexistent")
    everything = find_mutants(rooms)
    mutants = [one for one in everything if any(text in str(one.path) for text in options.only.split(","))]
    if options.most and len(mutants) > options.most:
        drawn = random.Random(options.seed).sample(range(len(mutants)), options.most)
        mutants = [mutants[index] for index in sorted(drawn)]
    mutants = mutants[int(share[1]) - 1 :: int(share[2])]
    folders = sorted({f"tests/unit/{name}" for room in rooms for name in TESTS[room]})
    print(f"running the tests of {', '.join(folders)} once", flush=True)
    asked = run_once(folders)
    if asked is None:
        return 2
    known, counted = explained(), Counter[str]()
    modules = {one.module for one in everything}
    stale = {row for row in known if row[0] in modules} - {(one.module, one.change) for one in everything}
    began = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        for mutant, verdict in zip(mutants, pool.map(asked.judge, mutants), strict=True):
            row = (mutant.module, mutant.change)
            if not verdict and row in known:
                stale.add(row)
            kind = "noticed" if not verdict else "explained" if row in known else verdict
            counted[kind] += 1
            if kind == verdict:
                print(f"{verdict}: {mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.change}", flush=True)
    for module, change in sorted(stale):
        print(f"explained for nothing: {module} :: {change}")
    survivors = len(mutants) - counted["noticed"] - counted["explained"]
    print(f"{len(mutants)} of {len(everything)} mutants in {time.monotonic() - began:.0f} s:", end=" ")
    print(f"{counted['noticed']} noticed, {counted['explained']} explained, {survivors} not", end=" ")
    print(f"(of these {counted['no test passes over it']} where no test passes)")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
