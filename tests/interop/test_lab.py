"""`postroom lab` itself: its start, its end, what it keeps, and what it says when it cannot start."""

import os
import poplib
import re
import signal
import smtplib
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import running
from letters import letter, stamp
from running import POSTROOM, Running, at_home, until

Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a lab with these options."""
    labs = []

    def run(*options: str) -> Running:
        environ = at_home(tmp_path)
        labs.append(Running(["lab", "--json", *options], environ, tmp_path / "lab.log"))
        return labs[-1]

    yield run
    for lab in labs:
        lab.kill()


def smtp_to(lab: Running, domain: str = "hamburger.test") -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", lab.facts["domains"][domain]["smtp"], timeout=running.PATIENCE)


def test_what_it_says_when_it_is_ready(start):
    lab = start("--ephemeral", "--base-port", "0", "--account", "dora@crepes.test:secret")
    assert lab.facts.keys() >= {"domains", "dns", "ca", "accounts", "data"}
    for ports in lab.facts["domains"].values():
        assert ports.keys() >= {"smtp", "submission", "submissions", "lmtp", "pop3", "pop3s"}
    assert lab.facts["accounts"].keys() == {"alice@crepes.test", "bob@hamburger.test", "dora@crepes.test"}
    assert lab.facts["accounts"]["dora@crepes.test"] == "secret"
    assert "BEGIN CERTIFICATE" in Path(lab.facts["ca"]).read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_that_end_it(start, number):
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup(1)
    lab = start("--ephemeral", "--base-port", "0")
    signal.signal(signal.SIGHUP, before)
    os.kill(lab.process.pid, number)
    assert lab.process.wait(running.PATIENCE) == 0
    assert not Path(lab.facts["data"]).exists()


def test_it_ends_with_people_still_connected(start):
    """Whoever sits at a telnet is told 421; nobody keeps the lab from ending."""
    lab = start("--ephemeral", "--base-port", "0")
    smtp = smtp_to(lab)
    smtp.ehlo("crepes.test")
    pop = poplib.POP3("127.0.0.1", lab.facts["domains"]["hamburger.test"]["pop3"])
    assert lab.stop() == 0
    assert smtp.sock.recv(1000).startswith(b"421 ")
    smtp.close()
    pop.close()
    assert not Path(lab.facts["data"]).exists()
    assert "Traceback" not in lab.log.read_text()


def test_a_silent_connection_does_not_make_it_linger(start):
    """Nobody at the prompt waits for a client that neither speaks nor hangs up."""
    lab = start("--ephemeral", "--base-port", "0")
    ports = lab.facts["domains"]["hamburger.test"]
    silent = [
        socket.create_connection(("127.0.0.1", ports[name])) for name in ("smtp", "submissions", "pop3")
    ]
    os.kill(lab.process.pid, signal.SIGINT)
    assert lab.process.wait(20) == 0  # a server would give them half a minute
    for one in silent:
        one.close()


def test_what_it_keeps(start, tmp_path):
    where = ["--data", str(tmp_path / "lab"), "--base-port", "0"]
    lab = start(*where, "--account", "dora@hamburger.test:secret")
    with smtp_to(lab) as smtp:
        smtp.sendmail(
            "alice@crepes.test",
            "bob@hamburger.test",
            letter("alice@crepes.test", "bob@hamburger.test", stamp()),
        )
    passwords, authority = lab.facts["accounts"], Path(lab.facts["ca"]).read_text()
    assert lab.stop() == 0
    again = start(*where)
    assert again.facts["accounts"].items() <= passwords.items()
    assert Path(again.facts["ca"]).read_text() == authority
    pop = poplib.POP3("127.0.0.1", again.facts["domains"]["hamburger.test"]["pop3"])
    pop.user("bob@hamburger.test")
    pop.pass_(passwords["bob@hamburger.test"])
    assert pop.stat()[0] == 1
    pop.close()
    assert again.stop() == 0


def test_the_same_data_cannot_be_used_twice(start, tmp_path):
    lab = start("--data", str(tmp_path / "lab"), "--base-port", "0")
    other = ["lab", "--data", str(tmp_path / "lab"), "--base-port", "0", "--json"]
    done = running.postroom(other, lab.environ)
    assert done.returncode == 1
    assert str(lab.process.pid) in done.stderr
    assert "Traceback" not in done.stderr


def test_ports_that_are_taken(tmp_path):
    for _ in range(5):  # another test may have taken one more of the lab's
        with socket.create_server(("127.0.0.1", 0)) as taken:
            base = taken.getsockname()[1] - 25
            if not 1024 < base < 59_000:
                pytest.skip("no lab can be built around the port that the system gave")
            done = running.postroom(["lab", "--ephemeral", "--base-port", str(base)], at_home(tmp_path))
        if str(base + 25) in done.stderr:
            break
    assert done.returncode == 1
    assert str(base + 25) in done.stderr
    assert "--base-port" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("account", ["carol", "carol@elsewhere.test:x"])
def test_an_account_that_cannot_be(tmp_path, account):
    done = running.postroom(["lab", "--ephemeral", "--account", account], at_home(tmp_path))
    assert done.returncode == 2
    assert account in done.stderr.replace(":x", "") or account.split(":")[0] in done.stderr


def test_what_a_person_sees(tmp_path):
    """Every command that it shows works as it is shown."""
    environ = at_home(tmp_path)
    command = [POSTROOM, "lab", "--ephemeral", "--base-port", "0"]
    log = tmp_path / "screen"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as lab,
    ):
        try:
            screen = until("the screen", lambda: (text := log.read_text()).count("Ctrl-C") and text)
            whole = screen.replace("|\n", "|")  # a line that goes on
            shown = re.findall(r"^ +((?:echo .*\| +)?\S*postroom .*)$", whole, re.MULTILINE)
            assert len(shown) >= 3
            assert shown[0].startswith("echo ")
            for line in shown:
                done = running.run(["sh", "-c", line], environ)
                assert done.returncode == 0, (line, done.stderr)
            assert "hamburger.test" in screen
            assert "crepes.test" in screen
        finally:
            lab.send_signal(signal.SIGINT)
    assert lab.returncode == 0
