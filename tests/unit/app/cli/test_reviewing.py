"""What is wrong with a configuration is said before anything is opened, and by `config check` as by `serve`."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import Run
from postroom.app.control import MOST_OF_A_FILE, is_served, listen_at
from postroom.app.reviewing import problems
from postroom.app.server import Server
from postroom.app.settings.file import parse
from postroom.message.errors import TryLater

WRONG = [
    ('[server]\nhostname = ""', '[server] hostname = "": write a domain name such as mail.example.com'),
    ('[server]\nhostname = "x y"', '[server] hostname = "x y": write a domain name'),
    ('[server]\nhostname = "[192.0.2.1]"', "write a domain name"),
    ('[server]\nhostname = "mail.münchen.test"', "write it as the DNS has it, mail.xn--mnchen-3ya.test"),
    ('[server]\nhostname = "☃☃.test"', "[server] hostname"),
    ('[server]\ndomain = "a..b"', '[server] domain = "a..b": write a domain name such as example.com'),
    (
        '[server]\ndatabase = "postgresql+asyncpg://me:sesame@db/mail"',
        '[server] database = "postgresql+asyncpg://...": write postgresql://host/database',
    ),
    (
        '[server]\ndatabase = "sqlite:///srv/mail"',
        '[server] database = "sqlite:///srv/mail": write postgresql://host/database, or "" for the embedded one',
    ),
    ('[server]\ndatabase = "mysql://x"', '[server] database = "mysql://x": write postgresql://host/database'),
    ('[server]\nadministrator = "x"', "[server] administrator"),
    ('[listen]\naddresses = ["foo"]', '[listen] addresses: "foo" is no address'),
    ('[listen]\naddresses = ["fe80::1%lo"]', '[listen] addresses: "fe80::1%lo" is no address'),
    ('[listen]\naddresses = ["::ffff:192.0.2.1"]', "write it as 192.0.2.1"),
    (
        '[listen]\naddresses = ["127.0.0.1", "127.0.0.1"]',
        '[listen] addresses: "127.0.0.1" is there twice: leave one of them',
    ),
    ('[listen]\naddresses = ["::1", "0:0::1"]', '"0:0::1" is the same as "::1": leave one of them'),
    ('[listen]\naddresses = ["192.0.2.1", "0.0.0.0"]', '"192.0.2.1" is in "0.0.0.0": leave one of them'),
    ('[listen]\naddresses = ["::", "2001:db8::1"]', '"2001:db8::1" is in "::": leave one of them'),
    (
        "[listen]\nimap = 2525\nsmtp = 2525",
        "[listen] smtp and imap have one port, 2525: give each its own, or -1 to the one that is not to be served",
    ),
    (
        '[listen]\nlmtp = 25\naddresses = ["127.0.0.1"]',
        "[listen] smtp and lmtp have one port, 25",
    ),
    (f'[listen]\ncontrol = "/run/{"x" * 81}"', f'[listen] control: "{"x" * 81}" is longer than 80 octets'),
    (f'[listen]\ncontrol = "/run/{"ü" * 41}"', "write a shorter name"),
    ("[listen]\nlmtp = 24\nhttps = 24", "[listen] lmtp and https have one port, 24"),
    ('[acme]\ndirectory = "letsencrypt"', '[acme] directory = "letsencrypt": write the URL'),
    ('[acme]\ndirectory = "http://ca.test/dir"', '[acme] directory = "http://ca.test/dir": write the URL'),
    ('[acme]\ndirectory = "https:///dir"', '[acme] directory = "https:///dir": write the URL'),
    ('[acme]\ndirectory = "https://ca.test:port/dir"', "write the URL"),
    ('[acme]\ndirectory = "https://[::1/dir"', "write the URL"),
    ('[dns]\nservers = ["foo"]', "[dns] servers: foo is no address of a name server"),
    ('[tls]\ncertificates = ["a"]', "[tls] 1 certificates but 0 keys"),
    ('[login]\nmechanisms = ["FOO"]', "[login] mechanisms: 'FOO'"),
    ("[limits]\nimap_messages = 5", "[limits] imap_messages = 5"),
    ('[guard]\nproxies = ["300.1.1.1"]', "[guard] proxies"),
    ('[milters."m"]\nsocket = "x"', '[milters."m"] socket'),
    ('[lists."x.test"]\nanswers = ["x"]', "[lists] 'x' is no answer of a list"),
    ('[lists."x test"]', '[lists."x test"]: write the name of a list in the DNS'),
    ("".join(f'[lists."x{n}.test"]\n' for n in range(21)), "[lists] 21 lists: at most 20 are asked"),
    (
        "[guard]\ngreylist_wait = 7200\ngreylist_window = 7200",
        "[guard] greylist_wait = 7200 must be less than greylist_window = 7200",
    ),
    ('[authentication]\nmost = "shout"', '[authentication] most = "shout"'),
    ('[authentication]\nexempt = ["x"]', "[authentication] exempt"),
    ('[reports]\nsender = "x"', '[reports] sender = "x"'),
    ("[signing]\noverlap_days = 1\nlife_days = 7", "[signing] overlap_days"),
    (
        "[limits]\nmessage_bytes = 300_000_000",
        "[limits] bodies_in_flight = 268435456 is less than message_bytes",
    ),
    ('[mta_sts]\nmx = ["https://mx.test"]', '[mta_sts] mx: "https://mx.test" is no host'),
    ('[mta_sts]\nmx = ["bücher.test"]', '[mta_sts] mx: "bücher.test" is no host'),
    ('[mta_sts]\nmx = ["mx.test."]', '[mta_sts] mx: "mx.test." is no host'),
    ('[web]\nnames = ["https://mail.test"]', '[web] names = "https://mail.test": write a domain name'),
    ('[acme]\nnames = ["*.mail.test"]', '[acme] names = "*.mail.test": write a domain name'),
    ('[acme]\nnames = ["bücher.test"]', "write it as the DNS has it, xn--bcher-kva.test"),
    (
        '[routes."*"]\nhost = "smtp.test:587"',
        '[routes."*"] host = "smtp.test:587": write a name or an address',
    ),
    ('[routes."*"]\nhost = "[192.0.2.1]"', '[routes."*"] host = "[192.0.2.1]": write a name or an address'),
    ('[routes."*"]\nhost = "h"\nusername = "u"', '[routes."*"] username needs a password_file'),
    ('[routes."a.test"]\nhost = "h"\ntls = "maybe"', '[routes."a.test"] tls = "maybe"'),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_what_a_server_would_refuse(text: str, words: str) -> None:
    [problem] = problems(parse(text))
    assert words in problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('certificates = ["nope.pem"]\nkeys = ["nope.key"]', "nope.pem: No such file"),
        ('certificates = ["empty.pem"]\nkeys = ["empty.pem"]', "empty.pem"),
        ('client_authorities = "nope.pem"', "nope.pem: No such file"),
        ('authorities = "nope.pem"', "nope.pem: No such file"),
    ],
)
def test_files_that_a_server_cannot_use(run: Run, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.toml"
    (tmp_path / "empty.pem").touch()
    path.write_text(f'[server]\nhostname = "mail.r.test"\ndata = "d"\n[tls]\n{text}\n')
    for line in (f"config check {path}", f"serve --config {path}"):
        ran = run(line)
        assert ran.code == 1
        assert f"[tls] {text.partition(' ')[0]}" in ran.err
        assert words in ran.err
    assert not (tmp_path / "d").exists()


def test_a_password_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"\xff\xfe")
    [problem] = problems(parse(f'[routes."*"]\nhost = "h"\nusername = "u"\npassword_file = "{path}"'))
    assert problem.startswith('[routes."*"] password_file: ')


@pytest.mark.parametrize(
    "host", ["smtp.test", "smtp.test.", "a_relay", "192.0.2.1", "2001:db8::1", "bücher.test"]
)
def test_a_next_server_that_can_be_found(host: str) -> None:
    assert problems(parse(f'[routes."*"]\nhost = "{host}"')) == []


def test_the_longest_name_of_a_control_socket(tmp_path: Path) -> None:
    """It is listened at, and called, in a directory of any depth."""
    path = tmp_path / ("d" * 200) / ("x" * MOST_OF_A_FILE)
    assert problems(parse(f'[listen]\ncontrol = "{path}"')) == []
    with listen_at(path):
        assert is_served(path)


def test_the_defaults_and_a_real_server_are_right() -> None:
    assert problems(parse("")) == []
    assert (
        problems(parse('[server]\nhostname = "mail.xn--mnchen-3ya.test"\n[listen]\naddresses = ["::"]')) == []
    )


@pytest.mark.parametrize(
    "text",
    [
        '[listen]\naddresses = ["0.0.0.0", "::"]\nlmtp = 24',
        '[listen]\naddresses = ["192.0.2.1", "192.0.2.2"]\nlmtp = 25',  # which stands on loopback
        "[listen]\nsmtp = 0\nimap = 0\npop3 = -1\npop3s = -1",
        '[acme]\ndirectory = "https://acme-v02.api.letsencrypt.org/directory"',
        '[acme]\ndirectory = "https://localhost:14000/dir"',
    ],
)
def test_places_and_authorities_that_can_be(text: str) -> None:
    assert problems(parse(text)) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[tls]\ncertificates = ["a\\u0000.pem"]\nkeys = ["b.pem"]', "[tls] certificates"),
        ('[server]\ndata = "\\u0000"', "[server] data"),
        ('[routes."*"]\nhost = "h"\nusername = "\\u0000"', '[routes."*"] username'),
        ('[acme]\nnames = ["a", "\\u0000"]', "[acme] names"),
    ],
)
def test_a_null_character_is_nowhere(run: Run, tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(f"{text}\n")
    for line in (f"config check {path}", f"serve --config {path}", f"account list --config {path}"):
        ran = run(line)
        assert ran.code == 1
        assert f"{path}: {where}: a null character (U+0000) is in it: take it out" in ran.err
        assert "Traceback" not in ran.err


def test_check_says_all_that_is_wrong(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[server]\nadministrator = "x"\n[guard]\nxclient = ["y"]\n')
    ran = run(f"config check {path}")
    assert ran.code == 1
    assert f"{path}: [server] administrator" in ran.err
    assert f"{path}: [guard] xclient" in ran.err


def test_serve_refuses_the_same_and_makes_nothing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[server]\nhostname = "münchen.test"\ndata = "d"\n')
    ran = run(f"serve --config {path}")
    assert ran.code == 1
    assert "xn--mnchen-3ya.test" in ran.err
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize("line", ["check", "check --repair", "backup {0}/copy"])
def test_a_mistyped_directory_is_neither_whole_nor_copied(run: Run, tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text('[server]\nhostname = "mail.example.com"\ndata = "tpyo"\n')
    ran = run(f"{line.format(tmp_path)} --config {path}")
    assert ran.code == 1
    assert f"there is no mail in {tmp_path / 'tpyo'}" in ran.err
    assert not (tmp_path / "tpyo").exists()


def test_a_store_that_goes_away_while_a_server_starts_is_said(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> Server:
        raise TryLater(detail="the connection was closed")

    monkeypatch.setattr(Server, "open", away)
    path = tmp_path / "x.toml"
    path.write_text('[server]\nhostname = "mail.r.test"\ndata = "d"\n')
    ran = run(f"serve --config {path}")
    assert (ran.code, "start.refused" in ran.err) == (1, True)
    assert "the connection was closed" in ran.err
