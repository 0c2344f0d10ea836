"""Faults by address in the lab: what the queue says of them, what the sender hears, and what comes of it in the end."""

import json

import pytest

from letters import letter, stamp, traced
from running import until


@pytest.fixture
def queue(lab):
    def waiting(**wanted):
        done = lab.postroom("queue", "list", "--json", "--at", "crepes.test", *_options(wanted))
        return [json.loads(line) for line in done.stdout.splitlines()]

    return waiting


def _options(wanted):
    return [word for name, value in wanted.items() for word in (f"--{name}", value)]


@pytest.fixture
def send(lab, program):
    """Alice's mail program hands a letter in."""

    def run(person, recipient):
        text = letter(person.address, recipient, stamp())
        who = [
            f"--from={person.address}",
            f"--user={person.address}",
            f"--passwordeval=echo {person.password}",
        ]
        where = ["--host=127.0.0.1", f"--port={lab.port('submissions', 'crepes.test')}", "--tls=on"]
        trust = [f"--tls-trust-file={lab.ca}", "--tls-starttls=off", "--auth=plain"]
        program(["msmtp", *where, *who, *trust, recipient], stdin=text.decode().replace("\r\n", "\n"))
        return text

    return run


@pytest.mark.parametrize(
    ("name", "reason"),
    [("tempfail", "451 4.3.0"), ("452", "452 4.5.3"), ("drop-after-data", "connection was lost")],
)
def test_it_waits_in_the_queue(send, queue, lab, alice, name, reason):
    send(alice, f"{name}@hamburger.test")

    def tried():
        return [job for job in queue(sender=alice.address) if job["attempts"]]

    (job,) = until("an attempt", tried)
    (recipient,) = job["recipients"]
    assert recipient["address"] == f"{name}@hamburger.test"
    assert reason in recipient["status"]
    assert job["state"] == "waiting"
    assert job["due"] > job["accepted"]
    assert job["id"] in lab.postroom("mailq").stdout
    assert reason in lab.postroom("queue", "show", job["id"], "--at", "crepes.test").stdout
    lab.postroom("queue", "drop", "--id", job["id"], "--at", "crepes.test", "--yes")
    assert queue(id=job["id"]) == []


def test_permfail_comes_back(send, queue, alice):
    text = send(alice, "permfail@hamburger.test")
    report = alice.arrived()[0]
    assert traced(report)[0][0] == b"Return-Path: <>\r\n"
    for words in (
        b"multipart/report; report-type=delivery-status",
        b"Final-Recipient: rfc822; permfail@hamburger.test\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        b"550 5.1.1 A permanent failure, as asked for by this address",
        text.partition(b"\r\n\r\n")[0],
    ):
        assert words in report
    assert queue(sender=alice.address) == []


def test_given_up_by_hand_comes_back(send, queue, lab, alice):
    send(alice, "tempfail@hamburger.test")
    (job,) = until("an attempt", lambda: [job for job in queue(sender=alice.address) if job["attempts"]])
    lab.postroom("queue", "fail", "--id", job["id"], "--at", "crepes.test", "--yes")
    report = alice.arrived()[0]
    assert b"Action: failed" in report
    assert b"tempfail@hamburger.test" in report


def test_a_lost_reply_makes_one_duplicate_for_each_attempt(lab, send, queue, alice):
    """The message was taken, which its sender cannot know; the next attempt hands it in once more."""
    text = send(alice, "drop-after-data@hamburger.test")

    def attempts():
        (job,) = queue(sender=alice.address)
        return job if job["state"] == "waiting" and job["attempts"] else None

    job = until("an attempt", attempts)
    house = lab.person("bob@hamburger.test")
    assert [traced(raw)[1] for raw in house.all()].count(text) == 1
    lab.postroom("queue", "retry", "--id", job["id"], "--at", "crepes.test", "--yes")
    again = until(
        "another attempt", lambda: (found := attempts()) and found["attempts"] > job["attempts"] and found
    )
    assert [traced(raw)[1] for raw in house.all()].count(text) == again["attempts"]
    lab.postroom("queue", "drop", "--id", job["id"], "--at", "crepes.test", "--yes")


def test_slow_arrives(lab, send, queue, alice):
    text = send(alice, "slow@hamburger.test")
    person = lab.person("bob@hamburger.test")
    until("the letter", lambda: any(traced(raw)[1] == text for raw in person.all()))
    until("an empty queue", lambda: not queue(sender=alice.address))
