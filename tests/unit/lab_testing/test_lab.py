"""The lab as a library: what it leaves behind is nothing."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import threading
from pathlib import Path

import pytest

from postroom.agent.accounts import load
from postroom.agent.runtime import ACCOUNTS, lab_directory
from postroom.app.logs import make_log
from postroom.lab import Lab
from postroom.lab.clock import BadStep
from postroom.lab.house_settings import LabSettings
from postroom.lab.testing.lab import CHEAP
from postroom.store.login.passwords import PasswordCost
from running import until

pytest_plugins = ["pytester"]


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Lab():
        pass  # what is opened once in a process
    open_before, threads = _descriptors(), threading.active_count()
    with Lab() as lab:
        lab.mailbox()
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []
    until(
        "threads and files to be given back",
        lambda: threading.active_count() <= threads and _descriptors() <= open_before,
    )


def test_nothing_stays_of_a_lab_that_cannot_start(tmp_path: Path) -> None:
    with Lab():
        pass
    open_before, threads = _descriptors(), threading.active_count()
    (tmp_path / "crepes.test").touch()  # where the directory of one of its servers would be
    with pytest.raises(FileExistsError):
        Lab(data=tmp_path).start()
    until(
        "threads and files to be given back",
        lambda: threading.active_count() <= threads and _descriptors() <= open_before,
    )


def test_nothing_stays_of_a_lab_that_cannot_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    threads = threading.active_count()
    lab = Lab().start()
    running = lab._running

    async def stop() -> None:
        await type(running).stop(running)
        raise OSError("the disk is gone")

    monkeypatch.setattr(running, "stop", stop)
    with pytest.raises(OSError, match="the disk is gone"):
        lab.stop()
    until("threads to end", lambda: threading.active_count() <= threads)
    assert list(tmp_path.iterdir()) == []
    lab.stop()


def test_data_that_is_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with Lab(data=tmp_path) as lab:
            assert set(lab.ports("crepes.test")) > {"smtp", "imap", "http"}
    assert (tmp_path / "ca").is_dir()


def test_only_a_lab_of_tests_is_content_with_cheap_passwords(tmp_path: Path) -> None:
    with Lab() as lab:
        assert {server.passwords._cost for server in lab._running.servers.values()} == {CHEAP}
    usual = LabSettings(tmp_path, 0, [], make_log("json", "warning", io.StringIO()))
    assert usual.password_cost == PasswordCost()
    assert set(usual.keys) == {"ecdsa", "rsa"}


def test_commands_find_it_while_it_runs(tmp_path: Path) -> None:
    with Lab(data=tmp_path) as lab:
        box = lab.mailbox("carol")
        directory = Path(lab.environ()["XDG_RUNTIME_DIR"])
        known = load(lab_directory(lab.environ()) / ACCOUNTS).accounts
        assert {one.address for one in known.values()} >= {
            box.address,
            "alice@crepes.test",
            "bob@hamburger.test",
        }
    assert not directory.exists()


async def test_residents(tmp_path: Path) -> None:
    with Lab() as lab:
        alice = lab.resident("alice@crepes.test")
        bob = await lab.resident_async("bob@hamburger.test")
        await alice.send_async(b"From: alice@crepes.test\r\nSubject: Pie\r\n\r\nToday?\r\n", bob.address)
        mail = await bob.wait_async(subject="Pie", timeout=30)
        assert "dkim=pass" in mail.header("Authentication-Results")
        with pytest.raises(
            LookupError,
            match=r"address 'eve@crepes\.test'; there are alice@crepes\.test, bob@hamburger\.test",
        ):
            lab.resident("eve@crepes.test")


async def test_who_waits_does_not_wait_for_a_lab_that_has_stopped() -> None:
    lab = Lab().start()
    box = lab.mailbox()
    in_a_thread = asyncio.create_task(asyncio.to_thread(box.wait, timeout=600))
    in_a_coroutine = asyncio.create_task(box.wait_async(timeout=600))
    while sum("Mailbox._wait" in repr(one) for one in asyncio.all_tasks(lab._loop)) < 2:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(lab.stop)
    async with asyncio.timeout(30):
        for found in await asyncio.gather(in_a_thread, in_a_coroutine, return_exceptions=True):
            assert isinstance(found, asyncio.CancelledError | concurrent.futures.CancelledError)


def test_an_address_in_any_case_is_the_same() -> None:
    with Lab() as lab:
        carol = lab.mailbox("Carol")
        for written in ("carol@hamburger.test", "CAROL@Hamburger.test"):
            found = lab.resident(written)
            assert (found.address, found.password) == (carol.address, carol.password)


def test_the_clock_goes_no_further_than_dates_do() -> None:
    with Lab() as lab:
        lab.advance("+18000d")
        now = lab.now()
        with pytest.raises(BadStep, match="50 years ahead, and no more"):
            lab.advance("+18000d")
        assert lab.now() < now + 3600


def test_a_lab_that_does_not_run() -> None:
    lab = Lab()
    with pytest.raises(RuntimeError, match="does not run"):
        lab.mailbox()
    with pytest.raises(RuntimeError, match="does not run"):
        lab.resident("bob@hamburger.test")
    with pytest.raises(RuntimeError, match="does not run"):
        lab.ports()
    with pytest.raises(RuntimeError, match="does not run"):
        lab.advance("+5h")
    lab.stop()


def test_a_fault_from_the_start() -> None:
    with pytest.raises(Exception, match="did you mean expired-certificate"):
        Lab(faults=["expired-certificat"])


def test_the_report_of_a_failure_has_the_journeys(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import smtplib

        def test_it(mailbox):
            with smtplib.SMTP(mailbox.host, mailbox.smtp_port) as smtp:
                smtp.sendmail("a@example.com", [mailbox.address], "Subject: Ketchup\\r\\n\\r\\nDo you like it?\\r\\n")
            assert mailbox.wait().subject == "Mustard"
    """)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*mail journeys*", "*at hamburger.test*", "*<- data*"])
