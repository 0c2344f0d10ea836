"""Fixtures of pytest: real mail servers for tests of programs that mail. They come with the package; nothing has to be switched on.

    def test_sign_up(app, mailbox):
        app.sign_up(mailbox.address)
        assert app.confirm(mailbox.wait(subject="Confirm*").link("confirm"))

`mail_lab` is one lab for the session (of each process, under xdist), `mailbox` a fresh account for each test, `mail_faults` and `mail_clock` are switches,
`transcript` is what was said. When a test that has a mailbox fails, the journeys of its messages are in the report. Not here: what they are made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from postroom.lab.arrived.box import Mailbox
    from postroom.lab.arrived.transcript import Transcript
    from postroom.lab.testing.faults import MailClock, MailFaults
    from postroom.lab.testing.lab import Lab

_TRANSCRIPT: Final = pytest.StashKey["Transcript"]()


@pytest.fixture(scope="session")
def mail_lab() -> Iterator[Lab]:
    """A lab: two mail domains with everything, on this machine only, until the session ends."""
    from postroom.lab.testing.lab import Lab

    with Lab() as lab:
        yield lab


@pytest.fixture
def transcript(mail_lab: Lab, request: pytest.FixtureRequest) -> Transcript:
    """What is said in the lab while the test runs; in the report when it fails."""
    begun = mail_lab.transcript()
    request.node.stash[_TRANSCRIPT] = begun
    return begun


@pytest.fixture
def mailbox(mail_lab: Lab, transcript: Transcript) -> Mailbox:  # noqa: ARG001 -- it begins when the mailbox does
    """An account with a fresh address."""
    return mail_lab.mailbox()


@pytest.fixture
def mail_faults(mail_lab: Lab) -> Iterator[MailFaults]:
    """Has things go wrong; all is well again when the test ends."""
    from postroom.lab.testing.faults import MailFaults

    with MailFaults(mail_lab) as faults:
        yield faults


@pytest.fixture
def mail_clock(mail_lab: Lab) -> MailClock:
    """The lab's clock, which can be moved forward. It stays so: the tests that follow have the same lab."""
    from postroom.lab.testing.faults import MailClock

    return MailClock(mail_lab)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Adds what was said to the report of a test that failed."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    said = item.stash.get(_TRANSCRIPT, None)
    if said is None or call.when != "call" or not report.failed:
        return
    try:
        words = said.text()
    except Exception as error:  # noqa: BLE001 -- a report must not fail for what it tells
        words = f"(it could not be read: {error!r})"
    report.sections.append(("mail journeys", words or "(no message was accepted)"))
