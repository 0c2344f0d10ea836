"""sendmail's options, as programs really write them."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from postroom.app.sendmail.options import HELP, BadOption, Mode, parse_options
from postroom.message.envelope import Notify


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("bob@hamburger.test carol", {"recipients": ["bob@hamburger.test", "carol"]}),
        ("-t", {"header_recipients": True}),
        ("-t -i", {"header_recipients": True, "dot_ends": False}),
        ("-ti", {"header_recipients": True, "dot_ends": False}),
        ("-oi", {"dot_ends": False}),
        ("-o i", {"dot_ends": False}),
        ("-oi -oem -oeq -odb -om -oMrSMTP", {"dot_ends": False}),
        (
            "-oem -oi -f alice@crepes.test -- bob",
            {"dot_ends": False, "sender": "alice@crepes.test", "recipients": ["bob"]},
        ),
        (
            "-falice@crepes.test -F 'Alice A.' bob",
            {"sender": "alice@crepes.test", "name": "Alice A.", "recipients": ["bob"]},
        ),
        ("-f '' bob", {"sender": "", "recipients": ["bob"]}),
        ("-f '<>' bob", {"sender": "", "recipients": ["bob"]}),
        ("-r alice", {"sender": "alice"}),
        (
            "-itfalice bob",
            {"sender": "alice", "header_recipients": True, "dot_ends": False, "recipients": ["bob"]},
        ),
        ("-v -bm bob", {"verbose": True, "recipients": ["bob"]}),
        ("-bs", {"mode": Mode.SMTP}),
        ("-bp", {"mode": Mode.QUEUE}),
        ("-bi", {"mode": Mode.ALIASES}),
        ("-I", {"mode": Mode.ALIASES}),
        ("-bv bob", {"mode": Mode.VERIFY, "recipients": ["bob"]}),
        ("-bd -q30m", {"mode": Mode.DAEMON}),
        ("-bD", {"mode": Mode.DAEMON}),
        ("-q", {"mode": Mode.FLUSH}),
        ("-q30m", {"mode": Mode.FLUSH}),
        ("-qRhamburger.test", {"mode": Mode.FLUSH, "flush": "Rhamburger.test"}),
        ("-C /etc/x.toml", {"config": "/etc/x.toml"}),
        (
            "-Nsuccess,delay -R hdrs -V id",
            {"notify": Notify.SUCCESS | Notify.DELAY, "ret": "HDRS", "envid": "id"},
        ),
        ("-N never -Rfull", {"notify": Notify.NEVER, "ret": "FULL"}),
        ("-B8BITMIME -G -U -n -m -h 25 -p ESMTP:x -L tag -X /tmp/log -d0.1 -Am -O Timeout=1m", {}),
        ("-em", {}),
        ("-F J\udcf6rg", {"name": ""}),
        ("-- -bob", {"recipients": ["-bob"]}),
        ("-t bob -i", {"header_recipients": True, "recipients": ["bob", "-i"]}),
    ],
)
def test_options(line: str, expected: dict[str, Any]) -> None:
    options = parse_options(shlex.split(line))
    assert {name: getattr(options, name) for name in expected} == expected
    assert options.recipients == expected.get("recipients", [])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-Z", "-Z is not an option"),
        ("--help", "--help is not an option"),
        ("-f", "-f needs a value"),
        ("-bx", "-bx is not supported"),
        ("-bq", "-bq is not supported"),
        ("-b", "-b is not supported"),
        ("-N sometimes", "never, or some of"),
        ("-R body", "full or hdrs"),
        ("-B 9BIT", "7BIT or 8BITMIME"),
        ("-f j\udcf6rg@crepes.test", "write it in UTF-8"),
        ("-V \udcf6", "write it in UTF-8"),
    ],
)
def test_what_cannot_be_understood_is_named(line: str, words: str) -> None:
    with pytest.raises(BadOption, match=words):
        parse_options(shlex.split(line))


def test_what_the_help_names_is_understood() -> None:
    named = re.findall(r"^  (-[a-zA-Z]{1,2})(?: ([A-Za-z|]+))?  ", HELP, re.MULTILINE)
    assert len(named) == 15
    for option, value in named:
        given = {"full|hdrs": ["full"], "WHEN": ["never"], "": []}.get(value, ["x"])
        assert parse_options([option, *given, "bob"]).recipients == ["bob"]
