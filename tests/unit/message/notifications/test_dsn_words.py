"""Every status has words; those that this system itself gives have words of their own."""

import pytest

from postroom.message import errors
from postroom.message.errors import EnhancedStatus
from postroom.message.notifications.dsn_words import meaning


@pytest.mark.parametrize(
    ("status", "part"),
    [
        ((5, 1, 1), "no mailbox of this name"),
        ((4, 2, 2), "full"),
        ((5, 2, 2), "full"),
        ((5, 4, 7), "the time that this system keeps trying, or that your message allowed"),
        ((5, 1, 99), "address"),
    ],
)
def test_meaning(status, part):
    assert part in meaning(EnhancedStatus(*status)).what


@pytest.mark.parametrize(
    "status", [EnhancedStatus(5, subject, detail) for subject in range(10) for detail in (0, 1, 999)]
)
def test_whole_sentences(status):
    assert all(words.endswith(".") and words[0].isupper() for words in meaning(status))


def test_permanent_errors_of_ours_have_their_own_words():
    bounced = [
        errors.NoSuchUser,
        errors.NoSuchDomain,
        errors.NullMx,
        errors.MailboxDisabled,
        errors.OverQuota,
        errors.MessageTooBig,
    ]
    bounced += [errors.RoutingLoop, errors.Expired, errors.ConversionRequired, errors.NonAsciiAddress]
    general = {meaning(EnhancedStatus(5, subject, 999)) for subject in range(8)}
    assert not general & {meaning(error.status) for error in bounced}
