from postroom.proto.pop3.events import Code
from postroom.proto.pop3.replies import MOST_NOTED, NOTED_OF_LISTING, Replies


def test_answers_have_their_form() -> None:
    replies = Replies()
    replies.ok("2 320")
    replies.err("wait", Code.LOGIN_DELAY)
    replies.err("no such message")
    replies.challenge(b"")
    assert replies.take() == b"+OK 2 320\r\n-ERR [LOGIN-DELAY] wait\r\n-ERR no such message\r\n+ \r\n"
    assert replies.take() == b""


def test_what_waits_is_counted_in_octets() -> None:
    replies = Replies()
    replies.ok("é")
    replies.listing(["1 120"])
    replies.content(b"..")
    assert replies.queued == len("+OK é\r\n1 120\r\n..".encode())
    replies.take()
    assert replies.queued == 0


def test_a_long_listing_is_noted_in_short() -> None:
    replies = Replies()
    replies.listing(str(number) for number in range(NOTED_OF_LISTING + 5))
    assert replies.take_noted()[-1] == b">[5 more lines]"


def test_a_dialogue_that_nobody_takes_does_not_grow() -> None:
    replies = Replies()
    for _ in range(MOST_NOTED + 9):
        replies.ok("")
    assert len(replies.take_noted()) == MOST_NOTED
    assert replies.take_noted() == []


def test_only_faults_are_counted() -> None:
    replies = Replies()
    replies.err("no such message")
    replies.fault("unknown command")
    assert replies.faults == 1
