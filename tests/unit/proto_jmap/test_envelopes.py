"""Envelopes that messages give, parameters, and replies on one line (RFC 8621 §7)."""

import pytest

from postroom.message.headers.header import Header
from postroom.proto.jmap.envelopes import (
    MOST_PARAMETERS,
    Endpoint,
    authors,
    misshapen,
    one_line,
    parameter_text,
    read_recipients,
    recipients,
)
from postroom.proto.jmap.errors import Refused


def header(*fields: str) -> Header:
    return Header.parse("".join(f"{one}\r\n" for one in (*fields, "")).encode())


@pytest.mark.parametrize(
    ("fields", "sender", "wrong"),
    [
        (["From: Joe <joe@a.test>"], "joe@a.test", ()),
        (["From: joe@a.test", "Sender: jane@a.test"], "jane@a.test", ()),
        (["From: joe@a.test, jane@a.test", "Sender: jane@a.test"], "jane@a.test", ()),
        (["From: joe@a.test, jane@a.test"], "None", ("from",)),
        (["From: joe@a.test", "From: joe@a.test"], "None", ("from",)),
        (["From: joe@a.test", "Sender: a@a.test", "Sender: b@a.test"], "None", ("sender",)),
        (["From: joe@a.test", "Sender: a@a.test, b@a.test"], "None", ("sender",)),
        (["From: nonsense", "Sender: nonsense"], "None", ("from", "sender")),
        (["To: joe@a.test"], "None", ("from",)),
    ],
)
def test_authors(fields: list[str], sender: str, wrong: tuple[str, ...]) -> None:
    found = authors(header(*fields))
    assert (str(found.sender), found.wrong) == (sender, wrong)


def test_fields_that_cannot_be_sent_so() -> None:
    assert (
        misshapen(
            header(
                "From: a@a",
                "To: b: ;",
                "Date: Fri, 21 Nov 1997 09:55:06 -0600",
                "Message-ID: <a@b>",
                "Subject: =?x",
            )
        )
        == ()
    )
    twice = ("To: a@a", "In-Reply-To: x", "References: y", "Subject: z")
    assert misshapen(header(*twice, *twice)) == ("to", "inReplyTo", "references", "subject")
    assert misshapen(header("Cc: a", "Bcc: b@", "Date: x", "Message-ID: <a@b> <c@d>")) == (
        "cc",
        "bcc",
        "sentAt",
        "messageId",
    )


def test_recipients_each_once() -> None:
    found = recipients(
        header(
            "To: A <a@a.test>, team: b@a.test;",
            "Cc: a@A.test, nonsense",
            "Bcc: c@a.test, Ali <ali>",
            "To: undisclosed:;",
        )
    )
    assert [one.email for one in found] == ["a@a.test", "b@a.test", "nonsense", "c@a.test", "ali"]


@pytest.mark.parametrize(
    ("given", "kind"),
    [([], "noRecipients"), (["a@a"] * 3, "tooManyRecipients"), (["a@a", "b"], "invalidRecipients")],
)
def test_recipients_that_are_refused(given: list[str], kind: str) -> None:
    with pytest.raises(Refused) as caught:
        read_recipients([Endpoint(one) for one in given], 2)
    assert caught.value.error.kind == kind


def test_parameters_are_encoded_again() -> None:
    given = {"RET": "HDRS", "ENVID": "a+b", "SMTPUTF8": None, "auth": "x@a=b"}
    assert parameter_text(given) == "RET=HDRS ENVID=a+2Bb SMTPUTF8 auth=x@a+3Db"
    assert parameter_text({"ORCPT": "rfc822;a+b@c"}) == "ORCPT=rfc822;a+2Bb@c"
    assert parameter_text(None) == ""
    assert parameter_text({f"X{n}": None for n in range(MOST_PARAMETERS)})
    with pytest.raises(ValueError, match="at most"):
        parameter_text({f"X{n}": None for n in range(MOST_PARAMETERS + 1)})


def test_replies_on_one_line() -> None:
    """The example of RFC 8621 §7."""
    lines = ["550-5.7.1 Our system has detected that this message is", "550 5.7.1 likely spam."]
    assert one_line(lines) == "550 5.7.1 Our system has detected that this message is likely spam."
    assert one_line(["250 2.0.0 Ok"]) == "250 2.0.0 Ok"
    assert one_line(["550-5.7.1 Our", "550 5.7.1 Other"]) == "550 5.7.1 Our Other"
    assert one_line([]) == ""
