"""The list of hostile inputs and faults is whole, and each test that it names is there."""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
ROWS = tomllib.loads(Path(__file__).with_name("rows.toml").read_text("utf-8"))
EXPECTED = (
    [f"S{n:02}" for n in range(1, 42)]
    + [f"M{n:02}" for n in range(1, 20)]
    + [f"I{n:02}" for n in range(1, 13)]
    + [f"A{n:02}" for n in range(1, 14)]
    + ["P01"]
    + ["D01", "D02", "D03", "D04", "D05", "D06", "D07", "D09", "Q01", "X01", "X02"]
    + [f"F{n:02}" for n in range(1, 23)]
    + ["F29", "J01", "J02", "J03", "J04", "J05", "J06", "J07", "J08"]
    + [f"W{n:02}" for n in range(1, 7)]
)


@cache
def functions(path: str) -> frozenset[str]:
    found = ast.walk(ast.parse((TREE / path).read_text("utf-8")))
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_no_row_is_missing() -> None:
    assert list(ROWS) == EXPECTED


@pytest.mark.parametrize("row", EXPECTED)
def test_its_tests_exist(row: str) -> None:
    told = ROWS[row]
    assert told["what"]
    assert told["tests"] or told["note"]
    for name in told["tests"]:
        path, _, function = name.partition("::")
        assert function.startswith("test_"), name
        assert function in functions(path), name
