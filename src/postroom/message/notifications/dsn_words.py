"""What an enhanced status means to the person who wrote the letter, and what that person can do.

RFC 3463 §3 (the subjects and details), RFC 7505 §4.2 (5.1.10), RFC 6531 §3.5 (X.6.7). A table of words, no logic but the look-up.
Not here: what the remote server said.
"""

from __future__ import annotations

from typing import NamedTuple

from postroom.message.errors import EnhancedStatus


class Meaning(NamedTuple):
    """What happened, and the remedy; whole sentences."""

    what: str
    remedy: str


_CHECK_ADDRESS = "Check the address, letter by letter, or ask the recipient for it by other means."
_ASK_RECIPIENT = "Tell the recipient by other means, or try again later."
_WAIT = "Nothing was wrong with your message; try again later."
_ASK_POSTMASTER = "Ask the postmaster of this system, or of the recipient's, and show this report."

_MEANINGS = {
    (1, 1): Meaning("There is no mailbox of this name at the recipient's system.", _CHECK_ADDRESS),
    (1, 2): Meaning("The part after the @ names no system that receives mail.", _CHECK_ADDRESS),
    (1, 3): Meaning("This is not a valid mail address.", _CHECK_ADDRESS),
    (1, 6): Meaning(
        "The mailbox has moved, and left no new address.", "Ask the recipient for the new address."
    ),
    (1, 7): Meaning(
        "The recipient's system does not accept your own address.",
        "Check the sender address in your mail program.",
    ),
    (1, 8): Meaning(
        "The recipient's system does not accept your own address.",
        "Check the sender address in your mail program.",
    ),
    (1, 10): Meaning("The part after the @ says of itself that it receives no mail.", _CHECK_ADDRESS),
    (2, 1): Meaning("The mailbox is closed at present.", _ASK_RECIPIENT),
    (2, 2): Meaning("The recipient's mailbox is full.", _ASK_RECIPIENT),
    (2, 3): Meaning(
        "The message is too big for this mailbox.", "Send less, or share large files in another way."
    ),
    (2, 4): Meaning("The mailing list could not be expanded.", "Ask the owner of the list."),
    (3, 1): Meaning("The recipient's mail system is full.", _WAIT),
    (3, 4): Meaning(
        "The message is too big for the recipient's system.",
        "Send less, or share large files in another way.",
    ),
    (4, 1): Meaning("The recipient's mail server did not answer.", _WAIT),
    (4, 2): Meaning("The connection to the recipient's mail server broke off.", _WAIT),
    (4, 3): Meaning("The directory or name service needed for the delivery did not answer.", _WAIT),
    (4, 4): Meaning("No way to the recipient's mail server was found.", _CHECK_ADDRESS),
    (4, 6): Meaning(
        "The message went round in a circle: two systems each hold the other responsible.", _ASK_POSTMASTER
    ),
    (4, 7): Meaning(
        "It could not be delivered in the time that this system keeps trying, or that your message allowed.",
        "Try again later, or reach the recipient by other means.",
    ),
    (5, 3): Meaning("The message had too many recipients.", "Send it to fewer at a time."),
    (6, 1): Meaning("The recipient's system does not take this kind of content.", "Send it in another form."),
    (6, 3): Meaning(
        "The recipient's system cannot take this content, and it could not be converted.",
        "Send it in another form.",
    ),
    (6, 7): Meaning(
        "The recipient's system does not know addresses outside plain ASCII.",
        "Use an ASCII address, for the recipient or for yourself.",
    ),
    (7, 1): Meaning("The recipient's system refused the message by its rules.", _ASK_POSTMASTER),
    (7, 8): Meaning("The recipient's system wants a login that this system does not have.", _ASK_POSTMASTER),
    (7, 23): Meaning(
        "The recipient's system found that the message did not come from where it should (SPF).",
        _ASK_POSTMASTER,
    ),
    (7, 26): Meaning("The recipient's system could not verify the sender (DKIM, SPF).", _ASK_POSTMASTER),
}
_BY_SUBJECT = {
    1: Meaning("Something is wrong with the address.", _CHECK_ADDRESS),
    2: Meaning("The mailbox did not take the message.", _ASK_RECIPIENT),
    3: Meaning("The recipient's mail system did not take the message.", _WAIT),
    4: Meaning("The message did not get through the network.", _WAIT),
    5: Meaning("The two mail servers did not understand each other.", _ASK_POSTMASTER),
    6: Meaning("The content of the message was not accepted.", "Send it in another form."),
    7: Meaning("The message was refused for reasons of security or policy.", _ASK_POSTMASTER),
}
_LATE = Meaning("No attempt to deliver it has succeeded so far.", _WAIT)  # the end is 5.4.7
_UNKNOWN = Meaning("The recipient's mail system did not take the message.", _ASK_POSTMASTER)


def meaning(status: EnhancedStatus) -> Meaning:
    """The words for a status; for a detail without words of its own those of its subject."""
    if status == (4, 4, 7):
        return _LATE
    return _MEANINGS.get((status.subject, status.detail)) or _BY_SUBJECT.get(status.subject) or _UNKNOWN
