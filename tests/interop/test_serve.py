"""A server of one's own: quickstart, a change to its file, serve, a stop, and serve again."""

import base64
import poplib
import signal
import smtplib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import running
from letters import letter, stamp, traced
from served import PASSWORD, Served, unverified


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "home", "carla@calzone.test")
    yield server
    if server.process is not None:
        server.process.kill()


def send(server: Served) -> bytes:
    """A letter from elsewhere."""
    text = letter("pat@pizza.test", server.owner, stamp())
    with smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp:
        assert smtp.sendmail("pat@pizza.test", server.owner, text) == {}
    return text


def test_mail_outlives_the_server(served):
    served.start()
    texts = [send(served)]
    before = served.maildrop.arrived()
    assert served.process.stop() == 0
    served.start()
    assert served.maildrop.all() == before
    texts.append(send(served))
    assert [traced(raw)[1] for raw in served.maildrop.arrived(2)] == texts
    assert served.process.stop() == 0
    log = served.process.log.read_text()
    assert '"level": "error"' not in log.replace('"level":"error"', '"level": "error"')


def test_what_quickstart_says(served):
    assert served.made["address"] == "carla@calzone.test"
    kinds = {record["type"] for record in served.made["records"]}
    assert kinds >= {"MX", "A"}


def test_a_second_one_is_refused_and_told_by_whom(served):
    first = served.start()
    arguments = ["serve", "--config", str(served.config)]
    second = running.postroom(arguments, served.environ)
    assert second.returncode == 1
    assert str(first.process.pid) in second.stderr
    assert send(served)


def test_quickstart_overwrites_nothing(served):
    done = running.postroom(["quickstart", "x@y.test", "--directory", str(served.home)], served.environ)
    assert done.returncode == 1
    assert str(served.config) in done.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("smtp = 0\n", "smtp = 0\nsmpt = 1\n"),
        ("smtp = 0\n", "smtp = 70000\n"),
        ("smtp = 0\n", "smtp = \n"),
    ],
)
def test_a_mistake_in_the_file_is_named(served, change, words):
    served.config.write_text(served.config.read_text().replace(change, words, 1))
    done = running.postroom(["serve", "--config", str(served.config)], served.environ)
    assert done.returncode != 0
    assert str(served.config) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(served, tmp_path):
    served.start()
    taken = served.port("pop3")
    other = Served(tmp_path / "other", "dora@dim-sum.test")
    other.config.write_text(other.config.read_text().replace("pop3 = 0", f"pop3 = {taken}"))
    done = running.postroom(["serve", "--config", str(other.config)], other.environ)
    assert done.returncode == 1
    assert str(taken) in done.stderr


def test_administration_while_it_runs(served):
    served.start()
    served.command("account", "add", "dora@calzone.test", "--password-stdin", stdin="secret\n")
    served.command("alias", "add", "all@calzone.test", "dora@calzone.test", "carla@calzone.test")
    with smtplib.SMTP("127.0.0.1", served.port("smtp")) as smtp:
        smtp.sendmail(
            "pat@pizza.test", "all@calzone.test", letter("pat@pizza.test", "all@calzone.test", stamp())
        )
    served.maildrop.arrived()
    assert "dora@calzone.test" in served.command("account", "list")
    served.command("check")


def test_no_open_relay(served):
    served.start()
    with (
        smtplib.SMTP("127.0.0.1", served.port("smtp")) as smtp,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
    ):
        smtp.sendmail("carla@calzone.test", "pat@pizza.test", b"x")
    assert refused.value.recipients["pat@pizza.test"][0] == 550


def test_no_login_without_tls(served):
    served.start()
    with smtplib.SMTP("127.0.0.1", served.port("submission")) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert smtp.docmd("AUTH", "PLAIN AGEAYg==")[0] == 538


def test_the_log_holds_no_secret(served):
    """Not at its most talkative, and not of those that were wrong."""
    served.config.write_text(served.config.read_text() + '\n[log]\nlevel = "debug"\n')
    served.start()
    served.submission().quit()
    send(served)
    served.maildrop.arrived()
    pop = poplib.POP3_SSL("127.0.0.1", served.port("pop3s"), context=unverified())
    pop.user(served.owner)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        pop.pass_("canary-5f2b9c")
    pop.close()
    served.process.stop()
    log = served.process.log.read_text()
    assert "message.accepted" in log
    for secret in (PASSWORD, "canary-5f2b9c"):
        assert secret not in log
        assert base64.b64encode(secret.encode()).decode() not in log
        assert base64.b64encode(f"\0{served.owner}\0{secret}".encode()).decode() not in log


def test_sendmail_while_it_is_down(served):
    """What is dropped then is delivered when it is up."""
    served.start()
    served.process.stop()
    environ = {**served.environ, "POSTROOM_CONFIG": str(served.config)}
    done = running.run(["sendmail", "-i", served.owner], environ, "Subject: x\n\nKetchup?\n")
    assert done.returncode == 0, done.stderr
    served.start()
    assert served.maildrop.arrived()[0].endswith(b"\r\n\r\nKetchup?\r\n")


@pytest.fixture
def hangups():
    """Says what a hang-up does to whatever is started from here on, however the tests themselves were."""
    before = signal.getsignal(signal.SIGHUP)
    yield lambda meaning: signal.signal(signal.SIGHUP, meaning)
    signal.signal(signal.SIGHUP, before)


def test_it_stops_in_order_when_its_terminal_has_gone(served, hangups):
    hangups(signal.SIG_DFL)
    served.start()
    served.process.process.send_signal(signal.SIGHUP)
    assert served.process.process.wait(30) == 0
    assert '"stopping"' in served.process.log.read_text()


def test_begun_by_nohup_it_goes_on_when_its_terminal_has_gone(served, hangups):
    hangups(signal.SIG_IGN)
    served.start()
    served.process.process.send_signal(signal.SIGHUP)
    send(served)
    assert served.maildrop.arrived()
    served.process.stop()


def test_the_store_is_whole_after_a_stop(served):
    served.start()
    send(served)
    served.maildrop.arrived()
    served.process.stop()
    store = served.home / "data" / "store"
    assert not list(store.glob("*-wal"))
    database = sqlite3.connect(f"file:{store / 'mail.db'}?immutable=1", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()
