"""Whole sessions of pytest with the fixtures, each in processes of its own: they leave nothing, alone and side by side."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LETTER = "Subject: Ketchup\\r\\n\\r\\nDo you like it?\\r\\n"
TESTS = f"""
    import smtplib
    import pytest

    @pytest.mark.parametrize("one", range(4))
    def test_it(mailbox, mail_lab, mail_faults, transcript, one):
        fault = mail_faults.add("rcpt", reply="451 4.2.1 Busy", times=1, recipient=mailbox.address)
        with smtplib.SMTP(mailbox.host, mailbox.smtp_port) as smtp:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                smtp.sendmail("a@example.com", [mailbox.address], "{LETTER}")
            smtp.sendmail("a@example.com", [mailbox.address], "{LETTER}")
        assert mailbox.wait().subject == "Ketchup"
        assert len(mailbox.messages()) == fault.hits == 1
        assert mail_lab.environ()

    async def test_from_a_coroutine(mail_lab):
        box = await mail_lab.mailbox_async()
        await box.send_async(b"Subject: Mustard\\r\\n\\r\\nAnd this?\\r\\n", box.address)
        assert (await box.wait_async(timeout=60)).subject == "Mustard"
"""
# What stays when the lab has ended, seen from within the process: only then are its threads and sockets to be seen.
AFTER = """
    import os
    import threading
    from pathlib import Path

    def opened():
        found = [os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
        return sorted(one for one in found if one.startswith("socket:") or "postroom-lab" in one)

    BEFORE = opened()

    def pytest_sessionfinish():  # the session's fixtures are gone, and nobody has been told yet that this process may be ended
        others = [one for one in threading.enumerate() if one is not threading.main_thread()]
        for one in others:
            one.join(10)  # its work is over: it only has to leave
        left = [one.name for one in others if one.is_alive()]
        sockets = [one for one in opened() if one not in BEFORE]
        Path(os.environ["LEFT"]).joinpath(str(os.getpid())).write_text(f"{left} {sockets}")
"""


@pytest.mark.slow
@pytest.mark.parametrize("processes", [0, 2])
def test_a_session_leaves_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    temporary, left = pytester.mkdir("temporary"), pytester.mkdir("left")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("LEFT", str(left))
    pytester.makepyfile(TESTS)
    pytester.makeconftest(AFTER)
    side_by_side = ("-n", str(processes)) if processes else ()
    result = pytester.runpytest_subprocess(
        "-p",
        "no:cacheprovider",
        "-o",
        "asyncio_mode=auto",
        "--basetemp",
        str(pytester.path / "base"),
        *side_by_side,
    )
    result.assert_outcomes(passed=5)
    told = [path.read_text() for path in left.iterdir()]
    labs = [one for one in told if one != "[] []"]
    assert len(told) == max(1, processes + bool(processes))
    assert labs == [], labs
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_the_example_side_by_side(tmp_path: Path) -> None:
    """As somebody with many processors runs it."""
    root = Path(__file__).parents[3]
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "examples"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env=environ,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("postroom-lab")] == []
