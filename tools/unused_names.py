"""Names that nothing uses: what stands at the top of a module of src, and that no module of src reads.

A limit that bounds nothing is found so, and a function that only its own test calls. What is decorated counts as used (a command, a fixture), and so
does what is named in a string of nothing but names, as an annotation in quotes or an attribute that is asked for by its name. Methods and
fields are not looked at: who calls them cannot be told from the text.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_NAMES_ONLY = re.compile(r"[\w\[\]. |,]+")

Names = set[tuple[str, str]]  # a module, and a name at its top


def check_unused(source_root: Path) -> Iterator[str]:
    """One finding for each of them."""
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"), str(path))
        for path in sorted(source_root.rglob("*.py"))
    }
    modules = {path: _dotted(path.relative_to(source_root)) for path in trees}
    known = frozenset(modules.values())
    used: Names = set()
    for path, tree in trees.items():
        used.update(_used(tree, modules[path], known))
    for path, tree in trees.items():
        for node in tree.body:
            name = _defined(node)
            if name and not name.startswith("__") and (modules[path], name) not in used:
                place = f"{source_root.name}/{path.relative_to(source_root)}"
                yield f"{place}:{node.lineno}: nothing in {source_root.name} uses {name}"


def _used(tree: ast.Module, module: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What a module reads: of its own, what it imports, and what it asks a module for that it imports."""
    called: dict[str, str] = {}  # what a module is called here
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.module, alias.name
                if (whole := f"{node.module}.{alias.name}") in known:
                    called[alias.asname or alias.name] = whole
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                yield module, name
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in called:
                yield called[owner], name
            case ast.Constant(value=str(text)) if _NAMES_ONLY.fullmatch(text):
                yield from ((module, name) for name in re.findall(r"\w+", text))


def _defined(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case (
            ast.FunctionDef(name=name, decorator_list=[])
            | ast.AsyncFunctionDef(name=name, decorator_list=[])
            | ast.ClassDef(name=name, decorator_list=[])
        ):
            return name
    return ""


def _dotted(path: Path) -> str:
    parts = path.parent.parts if path.name == "__init__.py" else (*path.parent.parts, path.stem)
    return ".".join(parts)
