"""A missing program skips a test with a reason, and the run ends with the reasons together."""

from collections.abc import Callable

import pytest

from skipped import summary


def test_a_missing_program_skips_and_names_its_package(require_tool: Callable[..., str]) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"needs no-such-program \(apt-get install its-package\)"):
        require_tool("no-such-program", "its-package")


def test_a_program_is_found(require_tool: Callable[..., str]) -> None:
    assert require_tool("sh").endswith("/sh")


def test_reasons_are_counted() -> None:
    def report(reason: str) -> pytest.TestReport:
        place = ("test_x.py", 1, f"Skipped: {reason}")
        return pytest.TestReport("x", ("x", 1, "x"), {}, "skipped", place, "setup")

    reports = [report("needs telnet"), report("needs swaks"), report("needs swaks")]
    assert list(summary(reports)) == ["    2 tests: needs swaks", "    1 test : needs telnet"]
