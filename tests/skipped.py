"""The reasons of skipped tests, counted: what a machine lacks is read in a few lines at the end of a run."""

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest


def summary(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> Iterator[str]:
    """One line for each reason, the most frequent first."""
    reasons = Counter(map(_reason, reports))
    for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:5} {'test ' if count == 1 else 'tests'}: {reason}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
