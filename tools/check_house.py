#!/usr/bin/env python3
"""The house limits: how long, how wide and how entangled code may be.

Functions have at most 60 lines (docstring included), files 500, classes 250, packages of src 40 modules; functions take at most five parameters
beside self or cls; no module or package has a name that says nothing; no modules import each other in a circle,
wherever in them the import stands: neither those of Python nor the scripts of the web mail's front end, where an import()
counts as well. Nothing stands at the top of a module of src that no module of src uses (`unused_names`). Tests are held to the limits of functions
and files.

In the patterns of src, no group is repeated possessively: before Python 3.11.5 the matching goes on behind what a repetition that
failed had read (CPython's issue 106052); `(?>(?:…)*)` says the same.

Two narrow exceptions. A file that consists of nothing but imports and assignments without logic is a data table, and may
be long. A function that is a command of the command line (`@….command()`) has as many parameters as the command has
options.

Style is not judged here (ruff does it), nor which room may import which (import-linter does).
"""

import ast
import os.path
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from unused_names import check_unused

FUNCTION_LINES = 60
CLASS_LINES = 250
FILE_LINES = 500
PACKAGE_MODULES = 40
PARAMETERS = 5
EMPTY_NAMES = frozenset(
    "base common core helper helpers lib manager managers misc shared stuff util utils".split()  # noqa: SIM905
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,]+\})\+")
_LOGIC = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.NamedExpr)


def main(arguments: list[str]) -> int:
    """Check the tree at the first argument (default: this checkout), print findings, return the exit code."""
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    findings = list(check_tree(root))
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} beyond the house limits", file=sys.stderr)
    return 1 if findings else 0


def check_tree(root: Path) -> Iterator[str]:
    """Findings, one line each, `path:line: what is too much`, for src/, tools/, bench/ and tests/ below root."""
    for folder in ("src", "tools", "bench", "tests"):
        for path in sorted((root / folder).rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            yield from check_file(path.relative_to(root), source)
    yield from check_packages(root / "src")
    yield from check_unused(root / "src")
    yield from check_cycles(root / "src")
    yield from check_script_cycles(root / "frontend" / "src")


def check_packages(source: Path) -> Iterator[str]:
    """Packages with more modules than somebody who looks for one can read through."""
    for package in sorted(path.parent for path in source.rglob("__init__.py")):
        modules = sum(1 for path in package.glob("*.py") if path.name != "__init__.py")
        if modules > PACKAGE_MODULES:
            yield f"{package.relative_to(source.parent)}: {modules} modules, at most {PACKAGE_MODULES} are allowed in a package"


def check_file(path: Path, source: str) -> Iterator[str]:
    """Findings of one file; path is relative to the root of the checkout."""
    tree = ast.parse(source, str(path))
    lines = source.count("\n")
    if lines > FILE_LINES and not is_data_table(tree):
        yield f"{path}:1: the file has {lines} lines, at most {FILE_LINES} are allowed"
    yield from check_name(path)
    if path.parts[0] == "src":
        yield from check_patterns(path, source)
    is_test = path.parts[0] == "tests"
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield from check_function(path, node, count_parameters=not is_test)
        elif isinstance(node, ast.ClassDef) and not is_test and (size := _lines(node)) > CLASS_LINES:
            yield f"{path}:{node.lineno}: class {node.name} has {size} lines, at most {CLASS_LINES} are allowed"


def check_patterns(path: Path, source: str) -> Iterator[str]:
    """Lines in which a group of a pattern is repeated possessively."""
    for number, line in enumerate(source.splitlines(), 1):
        if found := _POSSESSIVE_GROUP.search(line):
            yield f"{path}:{number}: {found[0]} goes wrong before Python 3.11.5; write (?>(?:...){found[0][1:-1]})"


def check_name(path: Path) -> Iterator[str]:
    """A name made of an empty word (`smtp_utils`) is found once for the file and once for each file of a folder."""
    for part in (*path.parent.parts, path.stem):
        for word in part.lower().split("_"):
            if word in EMPTY_NAMES:
                yield f'{path}:1: "{word}" says nothing about what is inside; use a term of the field'


def check_function(path: Path, node: Function, *, count_parameters: bool) -> Iterator[str]:
    if (size := _lines(node)) > FUNCTION_LINES:
        yield f"{path}:{node.lineno}: {node.name}() has {size} lines, at most {FUNCTION_LINES} are allowed"
    if count_parameters and not is_command(node) and (count := parameters(node)) > PARAMETERS:
        yield f"{path}:{node.lineno}: {node.name}() has {count} parameters, at most {PARAMETERS} are allowed"


def parameters(node: Function) -> int:
    """How many named parameters, without a leading self or cls."""
    names = [argument.arg for argument in chain(node.args.posonlyargs, node.args.args)]
    receiver = 1 if names[:1] in (["self"], ["cls"]) else 0
    return len(names) - receiver + len(node.args.kwonlyargs)


def is_command(node: Function) -> bool:
    """Is it decorated as a command (or the group's own options) of the command line?"""
    calls = (decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in ("command", "callback") for call in calls)


def is_data_table(tree: ast.Module) -> bool:
    """Nothing but a docstring, imports, and assignments without logic in their values?"""
    return all(_is_data(statement) for statement in tree.body)


def _is_data(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign() | ast.AnnAssign():
            return not any(isinstance(node, _LOGIC) for node in ast.walk(statement))
        case _:
            return False


def _lines(node: Function | ast.ClassDef) -> int:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return (node.end_lineno or node.lineno) - first + 1


# ------------------------------------------------------------------------------------------------------------- imports


def check_cycles(source_root: Path) -> Iterator[str]:
    """One finding for each knot of modules that import each other, directly or round a corner."""
    for knot in knots(import_graph(source_root)):
        yield f"src: these modules import each other in a circle: {' '.join(knot)}"


def import_graph(source_root: Path) -> dict[str, set[str]]:
    """Dotted name of each module below source_root, with the names of those that it imports.

    Who imports a.b.c runs a/b/__init__.py first, so that counts as imported too, except by the modules of a.b itself.
    """
    files = {_dotted(path.relative_to(source_root)): path for path in sorted(source_root.rglob("*.py"))}
    graph = {}
    for name, path in files.items():
        named = set(imported_modules(name, path, files))
        implied = {
            package
            for target in named
            for package in _packages_around(target)
            if not f"{name}.".startswith(f"{package}.")
        }
        graph[name] = (named | (implied & files.keys())) - {name}
    return graph


def imported_modules(name: str, path: Path, known: Iterable[str]) -> Iterator[str]:
    """Those of the known modules that the module imports, at its top, in a function or for types alone."""
    known = frozenset(known)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, package)
            # `from a import b` means the module a.b where there is one, else something that a/__init__.py defines.
            names = (f"{origin}.{alias.name}" for alias in node.names)
            yield from (
                full if full in known else origin for full in names if full in known or origin in known
            )


def _packages_around(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")
    parents = parents[: len(parents) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def _dotted(path: Path) -> str:
    parts = path.parent.parts if path.name == "__init__.py" else (*path.parent.parts, path.stem)
    return ".".join(parts)


# An import or export of TypeScript that names another file, and an import() wherever it stands.
_SCRIPT_IMPORT = re.compile(
    r"""^(?:im|ex)port\b[^;"']*?["'](\.{1,2}/[^"']+)["']|\bimport\(\s*["'](\.{1,2}/[^"']+)["']""",
    re.MULTILINE,
)


def check_script_cycles(source_root: Path) -> Iterator[str]:
    """As `check_cycles`, of the scripts of the web mail."""
    for knot in knots(script_graph(source_root)):
        yield f"frontend/src: these scripts import each other in a circle: {' '.join(knot)}"


def script_graph(source_root: Path) -> dict[str, set[str]]:
    """Path of each script below source_root, with those that it imports: for types alone and late (import()) as well."""
    scripts = {
        path.relative_to(source_root).as_posix(): path
        for ending in ("*.ts", "*.tsx")
        for path in sorted(source_root.rglob(ending))
    }
    graph = {}
    for name, path in scripts.items():
        named = (here or late for here, late in _SCRIPT_IMPORT.findall(path.read_text(encoding="utf-8")))
        found = (_script(os.path.normpath(Path(name).parent / target), scripts) for target in named)
        graph[name] = {target for target in found if target is not None}
    return graph


def _script(path: str, scripts: Iterable[str]) -> str | None:
    """The script that is meant; None where it is a sheet, a catalogue or a file of the build."""
    endings = ("", ".ts", ".tsx", "/index.ts", "/index.tsx")
    return next((path + ending for ending in endings if path + ending in scripts), None)


def knots(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of more than one node (Tarjan's algorithm, without recursion)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found: list[list[str]] = []
    for start, first in graph.items():
        todo = [(start, iter(sorted(first)))] if start not in order else []
        while todo:
            node, targets = todo[-1]
            if node not in order:
                order[node] = lowest[node] = len(order)
                path.append(node)
            target = next(targets, None)
            if target is None:
                todo.pop()
                if todo:
                    lowest[todo[-1][0]] = min(lowest[todo[-1][0]], lowest[node])
                if lowest[node] == order[node]:
                    found.append(_cut(path, node))
            elif target not in order:
                todo.append((target, iter(sorted(graph[target]))))
            elif target in path:
                lowest[node] = min(lowest[node], order[target])
    return sorted(sorted(knot) for knot in found if len(knot) > 1)


def _cut(path: list[str], node: str) -> list[str]:
    at = path.index(node)
    knot, path[at:] = path[at:], []
    return knot


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
