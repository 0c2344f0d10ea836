"""Whether a step of a lesson is done, by what happens in a lab: typed right, typed wrong, typed elsewhere."""

import pytest

from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.attention import Attention, Seen
from postroom.lab.lessons.lesson import Connect, Consider, Type
from postroom.lab.lessons.signs import shown, sign_of
from postroom.lab.lessons.values import Values

VALUES = {"bob": "bob@hamburger.test", "bob_password": "hungry"}


def line(arrow, text, connection=7, *, server="hamburger.test", content=False):
    return Happening(
        1, 0, "line", server, "smtp", connection, arrow=arrow, text=text, content=content
    )  # fmt: skip


def attention(*signs, do=None, connection=7, values=None):
    known = values or Values(VALUES)
    return Attention([sign_of(one, known) for one in signs], known, connection, do or Type("x"))


def test_a_command_and_its_reply():
    step = attention("<- HELO .*", "-> 250 .*")
    assert step.heard(line("<-", "helo crepes.test")) is Seen.FITS
    assert not step.done
    assert step.heard(line("->", "250 mail.hamburger.test Hello")) is Seen.FITS
    assert step.done
    assert step.replies == ["250 mail.hamburger.test Hello"]


def test_what_others_do_is_not_the_students():
    step = attention("<- HELO .*")
    assert step.heard(line("<-", "HELO crepes.test", 8)) is Seen.OTHER
    assert step.heard(line("<~", "HELO crepes.test")) is Seen.MISTYPED  # nor is what is said under TLS
    assert not step.done


def test_another_command_and_a_refusal():
    step = attention("<- HELO .*", "-> 250 .*")
    assert step.heard(line("<-", "HELLO crepes.test")) is Seen.MISTYPED
    assert step.heard(line("->", "500 5.5.1 What?")) is Seen.REFUSED
    assert step.heard(line("<-", "HELO crepes.test")) is Seen.FITS
    assert step.heard(line("->", "421 4.3.2 Later")) is Seen.REFUSED
    assert step.heard(line("->", "250 late")) is Seen.OTHER  # the step begins again with its command
    assert step.missing == "<- HELO .*"


@pytest.mark.parametrize("words", ["-ERR no", "a1 NO no", "a1 BAD what", "550 5.1.1 nobody", "451-later"])
def test_refusals_of_all_protocols(words):
    assert attention("-> 250 .*").heard(line("->", words)) is Seen.REFUSED


def test_a_refusal_that_is_wanted():
    step = attention("<- RCPT .*", "-> 550 .*")
    step.heard(line("<-", "RCPT TO:<nobody@hamburger.test>"))
    assert step.heard(line("->", "550 5.1.1 No such user")) is Seen.FITS
    assert step.done


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        (
            ("<- \\S+ STORE .*", "-> \\* 9 FETCH .*", "-> \\S+ OK .*"),
            ("a5 STORE 1 x", "* 1 FETCH (x)", "a5 OK Stored"),
        ),
        (("<- MAIL .*", "-> 250 .*Hello.*"), ("MAIL FROM:<a>", "250-more", "250 2.1.0 Ok")),
    ],
)
def test_a_command_that_is_done_and_was_another(signs, said):
    """The answer is complete, and what the step looks for was not in it."""
    step = attention(*signs)
    assert step.heard(line("<-", said[0])) is Seen.FITS
    assert step.heard(line("->", said[1])) is Seen.OTHER
    assert step.heard(line("->", said[2])) is Seen.MISTYPED
    assert step.missing == signs[0]


def test_a_step_is_begun_again_by_its_first_sign():
    step = attention("<- MAIL .*", "<- RCPT .*", "-> 250 .*")
    step.heard(line("<-", "MAIL FROM:<a@crepes.test>"))
    step.heard(line("<-", "RCPT TO:<b@hamburger.test>"))
    assert step.heard(line("<-", "MAIL FROM:<c@crepes.test>")) is Seen.FITS
    assert step.missing == "<- RCPT .*"


def test_another_letter_than_the_one_of_the_step():
    step = attention("<- \\.\\.", "<- \\.", "-> 250 .*", do=Type("..\n."))
    step.heard(line("<-", "..", content=True))
    assert step.heard(line("->", "250 2.0.0 Ok")) is Seen.MISSED
    assert attention("<- \\.\\.", "<- \\.").heard(line("->", "250 2.0.0 Ok")) is Seen.OTHER


def test_another_letter_from_its_first_line_on():
    """Who has ended it with a period is told, or would wait for ever."""
    step = attention("<- From: .*", "<- \\.", "-> 250 .*", do=Type("From: a\n\nb\n."))
    assert step.heard(line("<-", "Do you like ketchup?", content=True)) is Seen.OTHER
    assert step.heard(line("<-", ".")) is Seen.OTHER
    assert step.heard(line("->", "250 2.0.0 Ok")) is Seen.MISSED


AT_ONCE = ("<- MAIL .*", "<- RCPT .*", "<- RCPT .*", "-> 250 1", "-> 250 2", "-> 550 3")
MAIL, RCPT = line("<-", "MAIL FROM:<a>"), line("<-", "RCPT TO:<b>")
YES, WELL, NO = line("->", "250 1"), line("->", "250 2"), line("->", "550 3")


@pytest.mark.parametrize(
    "happens",
    [
        (MAIL, RCPT, RCPT, YES, WELL, NO),
        (MAIL, YES, RCPT, RCPT, WELL, NO),  # telnet sends the first line ahead of the others
        (MAIL, RCPT, YES, WELL, RCPT, NO),
        (MAIL, YES, MAIL, RCPT, RCPT, YES, WELL, NO),
    ],
)
def test_commands_that_are_sent_together(happens):
    """Whether they were is seen by two that wait at the same time, however the network has cut them."""
    step = attention(*AT_ONCE, do=Type("MAIL\nRCPT\nRCPT", at_once=True))
    assert [step.heard(one) for one in happens] == [Seen.FITS] * len(happens)
    assert step.done


def test_commands_that_each_wait_for_their_answer():
    step = attention(*AT_ONCE, do=Type("MAIL\nRCPT\nRCPT", at_once=True))
    seen = [step.heard(one) for one in (MAIL, YES, RCPT, WELL, RCPT, NO)]
    assert seen == [Seen.FITS] * 5 + [Seen.MISSED]
    assert not step.done
    for one in (MAIL, RCPT, RCPT, YES, WELL, NO):
        step.heard(one)
    assert step.done


def test_the_connection_ends_as_it_should_and_as_it_should_not():
    closed = Happening(1, 0, "closed", "hamburger.test", "smtp", 7)
    step = attention("-> 221 .*", "closed")
    step.heard(line("->", "221 bye"))
    assert step.heard(closed) is Seen.FITS
    assert (step.done, step.connection) == (True, 0)
    step = attention("-> 221 .*", "closed")
    assert step.heard(closed) is Seen.CUT
    assert step.connection == 0


def test_connecting():
    step = attention("-> 220 .*", do=Connect("smtp"), connection=0)
    facts = {"peer": "127.0.0.2:1", "name": "mail.crepes.test", "port": 25}
    server = Happening(1, 0, "opened", "hamburger.test", "smtp", 8, facts=facts)
    assert step.heard(server) is Seen.OTHER  # a server's, no student's
    assert step.heard(Happening(1, 0, "opened", "hamburger.test", "pop3", 9)) is Seen.OTHER
    assert step.missing == "a connection to smtp of hamburger.test"
    assert step.heard(Happening(1, 0, "opened", "hamburger.test", "smtp", 10)) is Seen.FITS
    assert step.connection == 10
    step.heard(line("->", "220 hello", 10))
    assert step.done


def test_nothing_to_see():
    assert attention(do=Consider()).done


def test_elsewhere_and_the_dns():
    step = attention("crepes.test: ~> 421 .*", "dns hamburger\\.test MX NOERROR .*", connection=0)
    assert step.heard(line("~>", "421 later", 3)) is Seen.OTHER
    assert step.heard(line("~>", "421 later", 3, server="crepes.test")) is Seen.FITS
    facts = {"kind": "MX", "rcode": "NOERROR", "answers": ["MX 10 mail.hamburger.test."]}
    assert step.heard(Happening(1, 0, "dns", text="hamburger.test", facts=facts)) is Seen.FITS
    assert step.done


def test_what_is_caught_and_what_is_quoted():
    values = Values(VALUES)
    step = attention("-> \\+OK (?P<newest>\\d+) .*", values=values)
    step.heard(line("->", "+OK 12 3400"))
    assert values.fill("RETR $newest, not $newest_less or $newest_more") == "RETR 12, not 11 or 13"
    assert (
        attention("<- USER $bob", values=values).heard(line("<-", "USER bob@hamburgerXtest")) is Seen.MISTYPED
    )
    values.forget()
    with pytest.raises(KeyError):
        values.fill("$newest")


def test_shown():
    assert shown(Happening(1, 0, "secured", facts={"version": "TLSv1.3"})) == "secured TLSv1.3"
    assert (
        shown(Happening(1, 0, "noted", text="message.accepted", facts={"id": "J1"}))
        == "noted message.accepted id=J1"
    )
    assert shown(Happening(1, 0, "opened", service="smtp")) == "opened"


def test_the_connection_of_another_is_not_the_students():
    opened = Happening(1, 0, "opened", "hamburger.test", "smtp", 8, facts={"peer": "127.0.0.1:5000"})
    own = Happening(2, 0, "opened", "hamburger.test", "smtp", 9, facts={"peer": "127.0.0.1:5001"})
    step = Attention([], Values(VALUES), 0, Connect("smtp"), "127.0.0.1:5001")
    assert step.heard(opened) is Seen.OTHER
    assert not step.done
    assert step.heard(own) is Seen.FITS
    assert (step.connection, step.done) == (9, True)
    unknown = Attention([], Values(VALUES), 0, Connect("smtp"))
    assert unknown.heard(opened) is Seen.FITS
