"""HELP, out of the tables."""

import msgspec

from postroom.proto.smtp.commands import VERBS
from postroom.proto.smtp.config import ServerConfig, Service
from postroom.proto.smtp.extensions import Offer, Offers
from postroom.proto.smtp.help import help_reply


def offer(*verbs: str, service: Service = Service.MX) -> Offer:
    made = Offers(ServerConfig("mx.l.test", lambda: 0, service=service)).at(tls=False, authenticated=False)
    return msgspec.structs.replace(made, verbs=frozenset(verbs))


def test_all_that_is_offered() -> None:
    text = help_reply("", offer(*VERBS)).text
    assert all(verb in text for verb in VERBS)
    assert "STARTTLS" not in help_reply("", offer("HELP", "NOOP")).text


def test_one_command() -> None:
    assert help_reply("NOOP", offer(*VERBS)).lines == ("Syntax: NOOP", "Does nothing")
    assert help_reply("RCPT", offer()).code == 504
    assert help_reply("COFFEE", offer(*VERBS)).code == 504


def test_the_command_as_it_will_be_said() -> None:
    for topic in ("rcpt to", "Rcpt TO:<bob>"):
        assert help_reply(topic, offer(*VERBS)).lines[0].startswith("Syntax: RCPT TO:")


def test_parameters_are_those_that_are_taken_here() -> None:
    assert help_reply("RCPT", offer(*VERBS)).lines[-1] == "Parameters: NOTIFY ORCPT"
    mx, submission = (
        help_reply("MAIL", offer(*VERBS, service=service)).lines[-1]
        for service in (Service.MX, Service.SUBMISSION)
    )
    assert mx.startswith("Parameters: SIZE BODY SMTPUTF8 RET ENVID ")
    assert "HOLDFOR" in submission
    assert "HOLDFOR" not in mx
