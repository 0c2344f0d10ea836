"""What happens in a lab in a terminal: one line each, chosen, coloured, explained, or as JSON."""

from __future__ import annotations

import io
import json

import pytest

from postroom.lab.cli.shown import FAMILIES, USUAL, BadChoice, Choice, Shown, family_of, parse_choice

RECORDS = [
    {"seq": 1, "at": 1_000, "kind": "opened", "server": "b.test", "service": "smtp", "connection": 1, "facts": {"peer": "127.0.0.2:9", "name": "mail.a.test", "port": 25}},
    {"seq": 2, "at": 2_000, "kind": "line", "server": "b.test", "service": "smtp", "connection": 1, "arrow": "<-", "text": "EHLO \x1b[31mx", "means": "The client says its name.", "source": "RFC 5321 §4.1.1.1"},
    {"seq": 3, "at": 3_000, "kind": "secured", "server": "b.test", "service": "smtp", "connection": 1, "facts": {"version": "TLSv1.3", "cipher": "AES"}},
    {"seq": 4, "at": 4_000, "kind": "line", "server": "b.test", "service": "smtp", "connection": 1, "arrow": "<~", "text": "Hello", "content": True, "means": "Text."},
    {"seq": 5, "at": 5_000, "kind": "dns", "text": "a.test", "facts": {"kind": "MX", "rcode": "NOERROR", "answers": ["MX 10 mail.a.test."]}},
    {"seq": 6, "at": 6_000, "kind": "dns", "text": "x.test", "facts": {"kind": "A", "rcode": "NXDOMAIN", "answers": []}},
    {"seq": 7, "at": 7_000, "kind": "checked", "server": "b.test", "text": "Authentication-Results: ...", "facts": {"results": [{"method": "spf", "result": "pass", "because": "x"}]}},
    {"seq": 8, "at": 8_000, "kind": "journey", "server": "a.test", "text": "<b@b.test> delayed", "facts": {"id": "J1"}},
    {"seq": 9, "at": 9_000, "kind": "noted", "server": "a.test", "text": "message.accepted", "facts": {"size": 3}},
    {"seq": 10, "at": 10_000, "kind": "closed", "server": "b.test", "service": "smtp", "connection": 1, "text": "done"},
]  # fmt: skip


def shown(choice: Choice, *, color: bool = False, as_json: bool = False, width: int = 0) -> str:
    out = io.StringIO()
    Shown(choice, color=color, json=as_json, out=out, width=width).show(RECORDS)
    return out.getvalue()


def test_a_line_each() -> None:
    lines = shown(parse_choice("all")).splitlines()
    assert len(lines) == len(RECORDS)
    assert (
        lines[0]
        == "00:00:00.001 b.test smtp#1              +  connection from mail.a.test [127.0.0.2:9] to port 25"
    )
    assert "<- EHLO \\x1b[31mx" in lines[1]
    assert lines[2].endswith("=  TLS from here on: TLSv1.3, AES")
    assert lines[4].endswith("?  MX a.test = 10 mail.a.test.")
    assert lines[5].endswith("?  A x.test = NXDOMAIN")
    assert lines[6].endswith("!  Authentication-Results so far: spf=pass")
    assert lines[7].endswith("*  <b@b.test> delayed [J1]")
    assert lines[8].endswith("i  message.accepted size=3")
    assert lines[9].endswith("x  connection closed (done)")


def test_chosen_by_protocol_and_server() -> None:
    assert len(shown(parse_choice("dns")).splitlines()) == 2
    assert len(shown(parse_choice("smtp, steps")).splitlines()) == 6
    assert len(shown(parse_choice("", "a.test")).splitlines()) == 1  # without its log
    assert parse_choice("").families == USUAL
    services = {
        "submissions": "smtp",
        "lmtp": "smtp",
        "pop3s": "pop3",
        "pop3": "pop3",
        "imaps": "imap",
        "https": "web",
    }
    assert {name: family_of({"kind": "line", "service": name}) for name in services} == services
    assert set(services.values()) < set(FAMILIES)


@pytest.mark.parametrize(("only", "named"), [("smpt", "did you mean smtp?"), ("qqq", "there are dns, smtp")])
def test_a_protocol_that_there_is_not(only: str, named: str) -> None:
    with pytest.raises(BadChoice, match=named):
        parse_choice(only)


def test_explained_within_the_width() -> None:
    lines = shown(parse_choice("smtp", explain=True), width=75).splitlines()
    assert [line.strip() for line in lines[2:4]] == ["The client says its name. (RFC", "5321 §4.1.1.1)"]
    assert not any("Text." in line for line in lines)  # content needs no words
    assert "Text." not in shown(parse_choice("smtp"))


def test_colour_and_json() -> None:
    assert "\x1b[1;36m<-\x1b[0m" in shown(parse_choice("all"), color=True)
    assert "\x1b" not in shown(parse_choice("all"))
    assert [json.loads(line) for line in shown(parse_choice("all"), as_json=True).splitlines()] == RECORDS
