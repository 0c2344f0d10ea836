"""HELP, out of the table."""

from postroom.proto.smtp.commands import VERBS
from postroom.proto.smtp.help import help_reply


def test_all_that_is_offered() -> None:
    text = help_reply("", frozenset(VERBS)).text
    assert all(verb in text for verb in VERBS)
    assert "STARTTLS" not in help_reply("", frozenset({"HELP", "NOOP"})).text


def test_one_command() -> None:
    assert help_reply("RCPT", frozenset(VERBS)).lines[0].startswith("Syntax: RCPT TO:")
    assert help_reply("RCPT", frozenset()).code == 504
    assert help_reply("COFFEE", frozenset(VERBS)).code == 504
