"""What every test may use: programs of the system, PostgreSQL, and a summary of what was skipped and why."""

import gc
import os
import shutil
from collections.abc import Callable

import hypothesis
import pytest

import scratch
from postgres import bare_database_url, database_url, postgres_server, template_database
from skipped import summary

__all__ = [
    "bare_database_url",
    "database_url",
    "postgres_server",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_terminal_summary",
    "require_tool",
    "template_database",
]

# A deadline would be a timed test: the machine's other work decides it.
hypothesis.settings.register_profile("postroom", deadline=None, print_blob=True)
hypothesis.settings.load_profile("postroom")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare what every test and every program of theirs finds."""
    scratch.use_memory()
    compiled = scratch.CompiledOnce()
    config.add_cleanup(compiled.close)


def pytest_collection_finish() -> None:
    """Have the garbage collector pass by what stays to the end: twenty thousand tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def require_tool() -> Callable[..., str]:
    """Find a program of the system: `require_tool("swaks")` gives its path, or skips the test and says what to install.

    The Debian package, where it is not called like the program, is the second argument.
    """

    def find(name: str, package: str = "") -> str:
        path = shutil.which(name, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
        if path is None:
            pytest.skip(f"needs {name} (apt-get install {package or name})")
        return path

    return find


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were skipped, how many for each reason."""
    lines = list(summary(terminalreporter.stats.get("skipped", ())))
    if lines:
        terminalreporter.section("skipped")
        for line in lines:
            terminalreporter.line(line)
