"""Faults that are switched on."""

from __future__ import annotations

from typing import Any

import pytest

from postroom.lab.faults.rules import BadFault, FaultRule, FaultRules


def test_the_next_that_match() -> None:
    rules = FaultRules()
    rule = rules.add(FaultRule("rcpt", reply="451", times=2, sender="*@a.test", recipient="bob@*"))
    assert rules.turn("mail", "x@a.test", ()) is None
    assert rules.turn("rcpt", "x@b.test", ["bob@l.test"]) is None
    assert rules.turn("rcpt", "x@a.test", ["alice@l.test"]) is None
    assert [rules.turn("rcpt", "X@A.test", ["Bob@l.test"]) for _ in range(3)] == [rule, rule, None]
    assert (rule.hits, rule.spent, str(rule)) == (2, True, "rcpt: 451, 2 times")


def test_the_fault_of_one_server() -> None:
    rules = FaultRules()
    rule = rules.add(FaultRule("mail", drop=True, domain="a.test"))
    assert rules.turn("mail", "", (), "b.test") is None
    assert rules.turn("mail", "", (), "a.test") is rule


def test_the_first_that_matches_has_its_turn() -> None:
    rules = FaultRules()
    first = rules.add(FaultRule("mail", drop=True, times=1))
    second = rules.add(FaultRule("mail", delay=1.5))
    assert [rules.turn("mail", "", ()) for _ in range(3)] == [first, second, second]
    rules.remove(second)
    rules.remove(second)
    assert rules.turn("mail", "", ()) is None
    assert list(rules) == [first]
    rules.clear()
    assert list(rules) == []


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        ("451 4.3.0 Come back later", (451, "4.3.0", "Come back later")),
        ("550 5.1.1", (550, "5.1.1", "As asked for by a fault of the lab")),
        ("452", (452, "4.0.0", "As asked for by a fault of the lab")),
        ("552 Too much", (552, "5.0.0", "Too much")),
    ],
)
def test_replies(reply: str, told: tuple[int, str, str]) -> None:
    refusal = FaultRule("data", reply=reply).refusal()
    assert refusal is not None
    assert (refusal.code, str(refusal.status), refusal.public) == told


@pytest.mark.parametrize(
    "terms",
    [
        {"at": "bannner", "reply": "451"},
        {"at": "imap", "drop": True},
        {"at": "rcpt bob", "drop": True},
        {"at": "rcpt", "service": "smtp", "drop": True},
        {"at": "connect", "reply": "421 No"},
        {"at": "connect", "drop": True, "service": "smpt"},
        {"at": "tls", "certificate": "old"},
        {"at": "tls", "reply": "451"},
        {"at": "imap FETCH", "reply": "451 4.3.0 Later"},
        {"at": "pop3 RETR", "reply": "NO Later"},
        {"at": "jmap Email/get", "reply": "Server fail"},
        {"at": "http /jmap/*", "reply": "200 OK"},
        {"at": "dns", "reply": "NOERROR"},
        {"at": "dns", "drip": 0.1},
        {"at": "rcpt", "drip": -0.1},
        {"at": "rcpt"},
        {"at": "rcpt", "reply": "250 Fine"},
        {"at": "rcpt", "reply": "451 5.3.0 Mixed"},
        {"at": "rcpt", "reply": "45"},
        {"at": "rcpt", "reply": "451 a\r\n250 b"},
        {"at": "rcpt", "delay": -1.0},
        {"at": "rcpt", "drop": True, "times": -1},
        {"at": "rcpt", "delay": float("inf")},
        {"at": "rcpt", "delay": float("nan")},
        {"at": "rcpt", "reply": 451},
        {"at": "rcpt", "drop": "yes"},
        {"at": "rcpt", "drop": True, "sender": 5},
        {"at": "rcpt", "drop": True, "domain": ["crepes.test"]},
        {"at": "dns", "drop": True, "name": 5},
        {"at": "imap FETCH", "drop": True, "containing": b"x"},
    ],
)
def test_faults_that_cannot_be(terms: dict[str, Any]) -> None:
    with pytest.raises(BadFault):
        FaultRule(**terms)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"at": "rpct", "drop": True}, "did you mean rcpt"),
        ({"at": "rcpt", "recipients": "bob@*", "drop": True}, "did you mean recipient"),
        ({"at": "connect", "drop": True, "service": "smpt"}, "did you mean smtp"),
        ({"at": "imap FETCH", "reply": "OK"}, r"NO \[UNAVAILABLE\] Come back later"),
        ({"at": "imap", "drop": True}, "imap FETCH"),
        ({"at": "xyz", "drop": True}, "there are connect, banner, tls"),
    ],
)
def test_errors_name_the_remedy(terms: dict[str, Any], words: str) -> None:
    with pytest.raises(BadFault, match=words):
        FaultRule(**terms)


@pytest.mark.parametrize("times", [0, 1, 2])
def test_so_many_times(times: int) -> None:
    rules = FaultRules()
    rule = rules.add(FaultRule("imap FETCH", drop=True, times=times))
    turns = [rules.at_command("imap", "imap", "l.test", ("UID FETCH", "UID FETCH 1 FLAGS")) for _ in range(3)]
    assert turns == ([rule] * 3 if not times else [rule] * times + [None] * (3 - times))
    assert rules.any_at("imap") is not bool(times)


@pytest.mark.parametrize(
    ("at", "protocol", "verb", "turn"),
    [
        ("imap FETCH", "imap", "FETCH", True),
        ("imap FETCH", "imap", "UID FETCH", True),
        ("imap UID FETCH", "imap", "FETCH", False),
        ("imap fetch", "pop3", "FETCH", False),
        ("smtp ST*", "smtp", "STARTTLS", True),
        ("auth", "imap", "LOGIN", True),
        ("auth", "pop3", "PASS", True),
        ("auth", "pop3", "USER", False),
        ("auth", "smtp", "AUTH", True),
    ],
)
def test_commands(at: str, protocol: str, verb: str, turn: bool) -> None:
    rules = FaultRules()
    rules.add(FaultRule(at, drop=True))
    assert (rules.at_command(protocol, protocol, "l.test", (verb, verb)) is not None) is turn


@pytest.mark.parametrize(
    ("name", "kind", "turn"),
    [
        ("l.test", "MX", True),
        ("mail.l.test", "MX", True),
        ("xl.test", "MX", False),
        ("test", "MX", False),
        ("l.test", "A", False),
    ],
)
def test_questions(name: str, kind: str, turn: bool) -> None:
    rules = FaultRules()
    rules.add(FaultRule("dns", reply="SERVFAIL", name="L.test.", kind="mx"))
    assert (rules.at_question(name, kind) is not None) is turn


def test_a_reply_is_for_those_who_speak_so() -> None:
    rules = FaultRules()
    rules.add(FaultRule("auth", reply="NO [UNAVAILABLE] Later"))
    assert rules.at_command("pop3", "pop3", "l.test", ("PASS", "PASS x")) is None
    assert rules.at_command("imap", "imaps", "l.test", ("LOGIN", "LOGIN a b")) is not None


def test_the_words_of_a_command() -> None:
    rules = FaultRules()
    rules.add(FaultRule("smtp RCPT", drop=True, containing="Bob@"))
    assert rules.at_command("smtp", "smtp", "l.test", ("RCPT", "RCPT TO:<alice@l.test>")) is None
    assert rules.at_command("smtp", "smtp", "l.test", ("RCPT", "RCPT TO:<bob@l.test>")) is not None


def test_connections_of_other_servers_are_refused_in_their_turn() -> None:
    """The same order as for whoever connects by himself; what comes late is made, and reset then."""
    rules = FaultRules()
    dropped = rules.add(FaultRule("connect", drop=True, times=1))
    refused = rules.add(FaultRule("connect", refuse=True, times=1))
    late = rules.add(FaultRule("connect", refuse=True, delay=3))
    assert not rules.refuses_next("smtp", "crepes.test")
    assert rules.at_connection("connect", "smtp", "crepes.test") is dropped
    assert rules.refuses_next("smtp", "crepes.test")
    assert refused.spent
    assert not rules.refuses_next("smtp", "crepes.test")
    assert late.hits == 0
