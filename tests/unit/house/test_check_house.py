"""tools/check_house.py finds what is beyond the limits, and nothing else."""

from pathlib import Path

import pytest

import check_house

SOURCE = Path("src/postroom/wire/lines.py")


def findings(source: str, path: Path = SOURCE) -> list[str]:
    return list(check_house.check_file(path, source))


def function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def klass(lines: int) -> str:
    return "class C:\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (function(61), "f() has 61 lines"),
        ("@wraps(g)\n" + function(60), "f() has 61 lines"),
        ("class C:\n    async def f(self): pass\n" + klass(251), "class C has 251 lines"),
        ("def f(a, b, c, /, d, *, e, g): pass\n", "f() has 6 parameters"),
        ("class C:\n    def f(self, a, b, c, d, e, g): pass\n", "f() has 6 parameters"),
        ("def f():\n    def g(a, b, c, d, e, h): pass\n", "g() has 6 parameters"),
        (function(10) + "x = 1\n" * 491, "the file has 501 lines"),
        ("A = [x for x in y]\n" + "x = 1\n" * 500, "the file has 501 lines"),
        ("@cached(1)\ndef f(a, b, c, d, e, g): pass\n", "f() has 6 parameters"),
    ],
)
def test_too_much_is_found(source: str, complaint: str) -> None:
    (finding,) = findings(source)
    assert complaint in finding


@pytest.mark.parametrize(
    "source",
    [
        function(60),
        klass(250),
        "def f(a, b, c, d, *, e): pass\n",
        "class C:\n    def f(self, a, b, c, d, e): pass\n    @classmethod\n    def g(cls, a, b, c, d, e): pass\n",
        function(10) + "x = 1\n" * 490,
        '"""Table."""\nfrom a import Row\nROWS = (\n' + "    Row(1, 2),\n" * 600 + ")\n",
        "@mail.command('send')\ndef send(a, b, c, d, e, f, g): pass\n",
    ],
)
def test_what_is_within_the_limits_passes(source: str) -> None:
    assert findings(source) == []


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("src/postroom/utils/x.py", "utils"),
        ("src/postroom/smtp_helpers.py", "helpers"),
        ("tools/core.py", "core"),
    ],
)
def test_names_that_say_nothing_are_found(name: str, word: str) -> None:
    (finding,) = findings("", Path(name))
    assert f'"{word}"' in finding


def test_names_that_only_contain_such_a_word_pass() -> None:
    assert findings("", Path("src/postroom/wire/base64.py")) == []


def test_tests_are_held_to_the_limits_of_functions_and_files_only() -> None:
    path = Path("tests/unit/wire/test_lines.py")
    assert findings(klass(251) + "def f(a, b, c, d, e, g): pass\n", path) == []
    assert len(findings(function(61), path)) == 1


def tree(root: Path, modules: dict[str, str]) -> Path:
    for name, source in modules.items():
        path = root / "src" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for folder in {path.parent for path in (root / "src").rglob("*.py")} - {root / "src"}:
        (folder / "__init__.py").touch()
    return root


@pytest.mark.parametrize("repeated", ["(?:a|b)*+", "(?:a|b)++", "(ab)?+", "(?:a){2,}+"])
def test_groups_that_are_repeated_possessively_are_found(repeated: str) -> None:
    (finding,) = check_house.check_file(
        Path("src/postroom/wire/x.py"), f'import re\nP = re.compile(r"{repeated}")\n'
    )
    assert finding.startswith("src/postroom/wire/x.py:2: )")


@pytest.mark.parametrize("repeated", ["[ab]*+", "(?>(?:a|b)*)", "(?:a|b)*", r"\d++"])
def test_other_repetitions_pass(repeated: str) -> None:
    assert not list(
        check_house.check_file(Path("src/postroom/wire/x.py"), f'P = re.compile(r"{repeated}")\n')
    )


def test_a_package_with_too_many_modules_is_found(tmp_path: Path) -> None:
    package = tmp_path / "src" / "postroom" / "net"
    package.mkdir(parents=True)
    for name in ("__init__", *(f"m{number}" for number in range(40))):
        (package / f"{name}.py").write_text("")
    assert list(check_house.check_packages(tmp_path / "src")) == []
    (package / "one_more.py").write_text("")
    (finding,) = check_house.check_packages(tmp_path / "src")
    assert finding.startswith("src/postroom/net: 41 modules")


@pytest.mark.parametrize(
    "modules",
    [
        {"p/a": "import p.b", "p/b": "import p.a"},
        {"p/a": "from p import b", "p/b": "from .a import x"},
        {"p/a": "from . import b", "p/b": "def f():\n    from p import a\n"},
        {"p/a": "import p.q.b", "p/q/b": "", "p/q/__init__": "import p.a"},
        {"p/q/__init__": "from p.q.a import x", "p/q/a": "from p.q import y"},
        {"p/q/a": "from ..b import x", "p/b": "from p.c import y", "p/c": "from p.q.a import z"},
    ],
)
def test_circles_are_found_wherever_the_import_stands(tmp_path: Path, modules: dict[str, str]) -> None:
    (finding,) = check_house.check_cycles(tree(tmp_path, modules) / "src")
    assert "in a circle: p." in finding


def test_diamonds_are_no_circles(tmp_path: Path) -> None:
    modules = {"p/a": "from p import b, c", "p/b": "import p.d", "p/c": "from . import d", "p/d": "import os"}
    root = tree(tmp_path, modules)
    assert list(check_house.check_cycles(root / "src")) == []


@pytest.mark.parametrize(
    "source",
    [
        'import { a } from "./a";',
        'import {\n  a,\n  type B,\n} from "./a";',
        'import type { A } from "./a";',
        'export { a } from "./a";',
        'import "./a";',
        'export const late = async () => (await import("./a")).a();',
        "import { c } from '../q/c';",
    ],
)
def test_circles_of_scripts_are_found(tmp_path: Path, source: str) -> None:
    scripts = {
        "q/a.ts": 'import { b } from "./b";\nimport "./a.css";\n',
        "q/b.tsx": f"// import a\n{source}\n",
        "q/c/index.ts": 'import { b } from "../b";\n',
    }
    for name, text in scripts.items():
        path = tmp_path / "frontend" / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (finding,) = check_house.check_tree(tmp_path)
    assert "in a circle: q/" in finding
    assert "q/b.tsx" in finding


def test_what_scripts_have_in_common_is_no_circle(tmp_path: Path) -> None:
    source = tmp_path / "frontend" / "src"
    source.mkdir(parents=True)
    for name, text in {
        "a.ts": 'import "./b";\nimport("./c");',
        "b.ts": 'import { c } from "./c";',
        "c.ts": 'import "preact";',
    }.items():
        (source / name).write_text(text)
    assert list(check_house.check_tree(tmp_path)) == []


def test_two_knots_are_told_apart() -> None:
    graph = {"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}, "e": {"a"}}
    assert check_house.knots(graph) == [["a", "b"], ["c", "d"]]


def test_the_exit_code_says_whether_something_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree(tmp_path, {"p/a": "print(1)\n"})
    assert check_house.main([str(tmp_path)]) == 0
    tree(tmp_path, {"p/b": function(61) + "f()\n"})
    assert check_house.main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.startswith("src/p/b.py:1: f() has 61 lines")
