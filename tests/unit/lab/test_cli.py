"""What `postroom lab` leaves for other commands and shows to people."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from postroom.agent import accounts, runtime
from postroom.app.cli.program import run
from postroom.app.control import ControlServer
from postroom.app.locate import Here, lab_servers
from postroom.lab.cli.screen import FAULTS_SHOWN, SHOWN, Wishes, announce, warning
from postroom.lab.cli.screen import screen as screen_of
from postroom.lab.cli.word import keep_word, leads_to_a_lab, leave_word, stands, take_back, word
from postroom.lab.control import LAB
from postroom.lab.dns.notes import furnished
from postroom.lab.plan import HOUSES, houses_at
from postroom.lab.settling import Inhabitant

PORTS = {
    "smtp": 25,
    "submission": 587,
    "submissions": 465,
    "lmtp": 24,
    "pop3": 110,
    "pop3s": 995,
    "imap": 143,
    "imaps": 993,
    "http": 80,
    "https": 443,
}


@pytest.fixture
def running(tmp_path: Path) -> SimpleNamespace:
    """As much of a lab as is asked for."""
    domains = ("hamburger.test", "crepes.test")
    controls = {domain: tmp_path / domain / "control" for domain in domains}
    people = ("alice@crepes.test", "bob@hamburger.test", "bob@crepes.test")
    return SimpleNamespace(
        inhabitants=[Inhabitant(address, f'"{address}"') for address in people],
        ports={domain: dict(PORTS) for domain in domains},
        names=SimpleNamespace(port=53),
        ca=SimpleNamespace(path=tmp_path / "ca.pem"),
        control=SimpleNamespace(path=tmp_path / "control"),
        controls=lambda: controls,
        address_of=lambda domain: {"hamburger.test": "127.0.0.3"}.get(domain, "127.0.0.2"),
        describe=lambda: {"dns": 53},
        printed={},
        clock=SimpleNamespace(offset=0.0),
        front=SimpleNamespace(url="http://127.0.0.1:10088/"),
    )


def test_other_commands_find_it(running, tmp_path):
    directory = tmp_path / runtime.NAME
    runtime.publish(word(running), directory)
    servers = lab_servers(Here({"XDG_RUNTIME_DIR": str(tmp_path)}))
    assert {server.name: server.control for server in servers} == running.controls()
    known = accounts.load(directory / runtime.ACCOUNTS)
    assert accounts.choose(known, "").address == "alice@crepes.test"
    assert accounts.choose(known, "bob").address == "bob@hamburger.test"
    other = accounts.choose(known, "bob@crepes.test")
    assert (other.secret(), other.authorities) == ('"bob@crepes.test"', str(tmp_path / "ca.pem"))
    assert (other.smtp.port, other.pop3.port, other.smtp.server_name) == (587, 110, "mail.crepes.test")
    assert (other.imap.port, other.imap.tls, other.imap.server_name) == (143, "starttls", "mail.crepes.test")


def test_two_labs_of_one_user(running, tmp_path):
    directory = tmp_path / runtime.NAME
    running.clock.on_move = []
    leave_word(running, directory)
    later = SimpleNamespace(**{**vars(running), "control": SimpleNamespace(path=tmp_path / "later")})
    runtime.publish(word(later), directory)
    for move in running.clock.on_move:
        move()
    take_back(running, directory)
    assert (directory / LAB).read_text("utf-8") == str(tmp_path / "later")
    take_back(later, directory)
    assert not directory.exists()


@pytest.mark.parametrize("end", ["stops", "is killed"])
async def test_the_earlier_of_two_labs_is_found_when_the_later_is_gone(end, running, tmp_path, monkeypatch):
    monkeypatch.setattr("postroom.lab.cli.word.LOOK_SECONDS", 0.01)
    directory = tmp_path / runtime.NAME
    running.clock.on_move = []
    leave_word(running, directory)
    keeping = asyncio.create_task(keep_word(running, directory))
    later = SimpleNamespace(**{**vars(running), "control": SimpleNamespace(path=tmp_path / "later")})
    control = ControlServer(later.control.path, lambda *_: None)
    await control.start()
    runtime.publish(word(later), directory)
    assert await asyncio.to_thread(leads_to_a_lab, running, directory)
    if end == "stops":
        take_back(later, directory)
    await control.stop()
    async with asyncio.timeout(60):
        while not stands(running, directory):
            await asyncio.sleep(0.01)
    keeping.cancel()


async def test_who_moves_in_later_is_found_too(running, tmp_path, monkeypatch):
    monkeypatch.setattr("postroom.lab.cli.word.LOOK_SECONDS", 0.01)
    directory = tmp_path / runtime.NAME
    running.clock.on_move = []
    leave_word(running, directory)
    keeping = asyncio.create_task(keep_word(running, directory))
    await asyncio.sleep(0)
    running.inhabitants = [*running.inhabitants, Inhabitant("carol@hamburger.test", "secret")]
    async with asyncio.timeout(60):
        while "carol" not in accounts.load(directory / runtime.ACCOUNTS).accounts:
            await asyncio.sleep(0.01)
    keeping.cancel()


@pytest.mark.parametrize("option", ["--data", "XDG_RUNTIME_DIR"])
def test_where_nothing_can_be_written(option, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    data = tmp_path / "data"
    if option == "--data":
        data = tmp_path / "file" / "data"
    else:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file" / "run"))
    assert run(["lab", "--base-port", "0", "--data", str(data)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "Not a directory" in told.err
    assert option in told.err


def test_a_screen_for_people(running, tmp_path):
    wishes = Wishes(False, 0, [], tmp_path, True)
    screen = "\n".join(screen_of(running, wishes))
    for one in running.inhabitants:
        assert one.address in screen
        assert one.password in screen
    for words in (
        "smtp 25",
        "pop3 110 (TLS 995)",
        "web mail http://127.0.0.1:80/mail/",
        "DNS 127.0.0.1 port 53",
        "read and watch mail at http://127.0.0.1:10088/",
        "Ctrl-C",
        str(tmp_path / "ca.pem"),
    ):
        assert words in screen


def test_the_screen_fits_a_terminal_and_names_what_to_try(running, monkeypatch):
    running.inhabitants = running.inhabitants[:2]
    running.ports = {domain: dict.fromkeys(PORTS, 3525) for domain in running.ports}
    monkeypatch.setattr("sys.argv", [".venv/bin/postroom"])
    running.ca.path = Path("/home/alice/.local/state/postroom/lab/ca/ca.pem")
    home = Path("/home/alice/.local/state/postroom/lab")
    screen = screen_of(running, Wishes(False, 0, [], home, False, houses=furnished(HOUSES)))
    assert len(screen) <= 22  # of 24: what was typed, and the cursor
    assert max(map(len, screen)) <= 80
    words = "\n".join(screen)
    assert "lab clock +5h" in words
    assert all(f"{fault}@" in words for fault in FAULTS_SHOWN)
    assert "lab faults list" in words


def test_commands_are_named_as_they_can_be_typed(running, tmp_path, monkeypatch):
    """Whoever has started it by `python -m postroom` has no program of that name, perhaps."""
    monkeypatch.setattr("sys.argv", ["/somewhere/site-packages/postroom/__main__.py"])
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    words = screen_of(running, Wishes(False, 0, [], tmp_path, True))
    assert "  python3 -m postroom journey --last" in words


def test_a_line_for_machines(running, tmp_path, capsys):
    announce(running, Wishes(True, 0, [], tmp_path, True))
    out = capsys.readouterr().out
    assert out.endswith("\n")
    assert msgspec.json.decode(out) == {"dns": 53}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--account", "carol"], "carol"),
        (["--base-port", "70000"], "--base-port"),
        (["--bse-port", "1"], "--bse-port"),
        (["--domain", "uni.edu"], "uni.test"),
        (["--accounts", "none"], "none"),
        (["--bind", "192.0.2.77"], "192.0.2.77"),
        (["--play"], "--scenario"),
    ],
)
def test_a_command_line_that_is_wrong(words, named, capsys):
    assert run(["lab", *words]) == 2
    assert named in capsys.readouterr().err


def test_a_class_does_not_fill_the_screen(running, tmp_path):
    running.inhabitants = [Inhabitant(f"student{number:02}@hamburger.test", "x") for number in range(30)]
    words = "\n".join(screen_of(running, Wishes(False, 0, [], tmp_path, True)))
    assert words.count("student") == SHOWN
    assert f"and {30 - SHOWN} more" in words
    assert "lab slips" in words
    running.inhabitants = running.inhabitants[:SHOWN]
    assert "more" not in "\n".join(screen_of(running, Wishes(False, 0, [], tmp_path, True)))


def test_other_names_are_on_the_screen(running, tmp_path):
    words = "\n".join(
        screen_of(running, Wishes(False, 0, [], tmp_path, True, houses=houses_at(["uni.test"])))
    )
    assert "send bob@uni.test" in words
    assert "slow@uni.test" in words


def test_a_lab_that_is_open_says_so(running, tmp_path):
    words = "\n".join(screen_of(running, Wishes(False, 0, [], tmp_path, True, bind="192.0.2.2")))
    assert "WARNING: open to others at 192.0.2.2" in words
    assert "192.0.2.2" in warning("192.0.2.2")
    assert max(map(len, warning("192.168.100.100").splitlines())) <= 120
