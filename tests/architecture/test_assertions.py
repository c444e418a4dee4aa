"""Every test asserts something on every path through it: not only in a branch, or in a loop that may run zero times."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

Function = ast.FunctionDef | ast.AsyncFunctionDef
EXPECTATIONS = {"raises", "warns", "fail"}  # of pytest; NumPy's and pandas' begin with `assert_`


class File:
    """One file of tests and the functions in it that assert on every path."""

    def __init__(self, text: str) -> None:
        self.functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
        self.asserting: set[str] = set()
        while more := {f.name for f in self.functions if self.asserts(f.body)} - self.asserting:
            self.asserting |= more

    def silent_tests(self) -> Iterator[str]:
        for function in self.functions:
            if function.name.startswith("test_") and not self.asserts(function.body):
                yield function.name

    def asserts(self, statements: Iterable[ast.stmt]) -> bool:
        """Whether these statements assert at least once, whichever way they run."""
        return any(self._asserts(statement) for statement in statements)

    def _asserts(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assert():
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.While():
                return False
            case ast.If():
                return self.asserts(node.body) and self.asserts(node.orelse)
            case ast.For() | ast.AsyncFor():
                return self._calls(node.iter) or (runs(node.iter) and self.asserts(node.body))
            case ast.With() | ast.AsyncWith():
                return any(self._calls(item.context_expr) for item in node.items) or self.asserts(node.body)
            case ast.Try():
                caught = all(self.asserts(handler.body) for handler in node.handlers)
                passes = self.asserts([*node.body, *node.orelse]) or fails(node.handlers)
                return self.asserts(node.finalbody) or (passes and caught)
        return self._calls(node)

    def _calls(self, node: ast.AST) -> bool:
        """Whether a function that asserts is called in it, or handed on to be called."""
        return any(self._expects(part) for part in ast.walk(node))

    def _expects(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Attribute):
            return node.attr in EXPECTATIONS or node.attr.startswith("assert_") or node.attr in self.asserting
        return isinstance(node, ast.Name) and node.id in self.asserting


def fails(handlers: list[ast.ExceptHandler]) -> bool:
    """Whether a `try` states that nothing is raised: every handler ends in `pytest.fail`."""
    ends = [ast.unparse(handler.body[-1]) for handler in handlers]
    return bool(ends) and all(end.startswith("pytest.fail(") for end in ends)


def runs(iterated: ast.expr) -> bool:
    """Whether a loop over it surely runs: it is written out, or a range."""
    if isinstance(iterated, ast.Tuple | ast.List | ast.Set):
        return bool(iterated.elts)
    return (
        isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and iterated.func.id == "range"
    )


def test_every_test_asserts_on_every_path(root: Path) -> None:
    silent = {
        f"{path.relative_to(root)}: {name}"
        for path in sorted((root / "tests").rglob("test_*.py"))
        for name in File(path.read_text()).silent_tests()
    }
    assert silent == set()


@pytest.mark.parametrize(
    ("body", "asserts"),
    [
        ("assert found", True),
        ("found()", False),
        ("for row in rows: assert row", False),
        ("for number in range(3): assert number < 3", True),
        ("if found: assert found", False),
        ("if found: assert found\n    else: assert rows", True),
        ("with pytest.raises(ValueError): found()", True),
        ("try: found()\n    except OSError: assert rows", False),
        ("try: found()\n    except OSError: pytest.fail('raised')", True),
        ("def scene(): assert found\n    play(scene())", True),
        ("def scene(): assert found", False),
    ],
)
def test_a_body_asserts_on_every_path_or_is_found(body: str, asserts: bool) -> None:
    silent = [*File(f"def test_it():\n    {body}\n").silent_tests()]
    assert silent == ([] if asserts else ["test_it"])
