"""What stands as literals in the call of `setup` in a `setup.py` (setuptools documentation, "Keywords"). Pure; never run.

A name stands for its value where the program gives it one literal, once, on its outermost level. Loaded when there is such a
program.
"""

import ast
import warnings
from collections.abc import Mapping
from typing import Any

from pratique.errors import LimitExceeded, Malformed

_COMPUTED = ast.Constant(None)


def read_setup_program(text: str) -> dict[str, Any]:
    """Keyword → text, or list of texts; without those that a run would make. Raises Malformed: no program of Python 3."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a stranger's program is warned of is no affair of ours
            tree = ast.parse(text)
        call = next((node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "setup"), None)
    except (SyntaxError, ValueError) as error:
        raise Malformed("not a program of Python 3") from error
    except (RecursionError, MemoryError) as error:
        raise LimitExceeded("a program that is nested too deeply") from error
    known = _constants(tree)
    fields: dict[str, Any] = {}
    for keyword in call.keywords if call is not None else ():
        value = _literal(keyword.value, known)
        if keyword.arg and value is not None:
            fields[keyword.arg] = value
    return fields


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that the program gives a value once, on its outermost level, and nothing else is done to there."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AnnAssign | ast.AugAssign)
            else []
        )
        for target in targets:
            if isinstance(target, ast.Name):
                twice = target.id in found or isinstance(node, ast.AugAssign) or len(targets) > 1
                value = None if twice else getattr(node, "value", None)
                found[target.id] = value if value is not None else _COMPUTED
    return found


def _literal(node: ast.expr, known: Mapping[str, ast.expr]) -> Any:
    """A text, a list of the texts in it, or a table of such lists; None for what a run would make."""
    if isinstance(node, ast.Name):
        node = known.get(node.id, _COMPUTED)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.List | ast.Tuple):
        texts = (known.get(one.id, _COMPUTED) if isinstance(one, ast.Name) else one for one in node.elts)
        return [one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if isinstance(node, ast.Dict):
        return [text for one in node.values if isinstance(found := _literal(one, {}), list) for text in found]
    return None
