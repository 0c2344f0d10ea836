"""Python's smtplib and poplib against the lab."""

import email
import email.policy
import poplib
import smtplib
import ssl
from email.message import EmailMessage

import pytest

from letters import letter, retrieved, stamp, traced


@pytest.fixture
def trust(lab) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=lab.ca)


@pytest.fixture
def submission(lab, sender, trust):
    with smtplib.SMTP("127.0.0.1", lab.port("submission", "crepes.test")) as smtp:
        smtp.starttls(context=trust)
        smtp.login(sender.address, sender.password)
        yield smtp


def test_starttls_and_login(submission, sender, bob, written):
    assert submission.sendmail(sender.address, bob.address, written) == {}
    assert traced(bob.arrived()[0])[1] == written


def test_implicit_tls(lab, sender, bob, written, trust):
    with smtplib.SMTP_SSL("127.0.0.1", lab.port("submissions", "crepes.test"), context=trust) as smtp:
        smtp.login(sender.address, sender.password)
        smtp.sendmail(sender.address, bob.address, written)
    assert traced(bob.arrived()[0])[1] == written


def test_lmtp(lab, sender, bob, written):
    with smtplib.LMTP("127.0.0.1", lab.port("lmtp")) as lmtp:
        assert lmtp.sendmail(sender.address, [bob.address], written) == {}
    assert traced(bob.arrived()[0])[1] == written


def test_what_is_announced(lab, submission):
    with smtplib.SMTP("127.0.0.1", lab.port("smtp")) as smtp:
        smtp.ehlo("crepes.test")
        here = set(smtp.esmtp_features)
    wanted = "pipelining size 8bitmime binarymime chunking smtputf8 dsn enhancedstatuscodes deliverby mt-priority limits"
    assert here >= {*wanted.split(), "starttls", "etrn"}
    assert set(submission.esmtp_features) >= {*wanted.split(), "auth", "futurerelease"}
    assert "starttls" not in submission.esmtp_features


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password(lab, sender, trust, password):
    with smtplib.SMTP_SSL("127.0.0.1", lab.port("submissions", "crepes.test"), context=trust) as smtp:
        smtp.user, smtp.password = sender.address, password
        smtp.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            smtp.auth("PLAIN", lambda _=None: f"\0{sender.address}\0{password}")
        assert refused.value.smtp_code == 535


def test_one_recipient_of_two_is_refused(lab, sender, bob, written):
    with smtplib.SMTP("127.0.0.1", lab.port("smtp")) as smtp:
        refused = smtp.sendmail(sender.address, [bob.address, "nobody@hamburger.test"], written)
    assert refused.keys() == {"nobody@hamburger.test"}
    assert len(bob.arrived()) == 1


def test_one_copy_however_often_a_mailbox_is_named(lab, sender, bob, written):
    with smtplib.SMTP("127.0.0.1", lab.port("smtp")) as smtp:
        assert smtp.sendmail(sender.address, [bob.address, bob.address.upper(), bob.address], written) == {}
    assert len(bob.arrived(1)) == 1


def test_a_report_can_be_answered(lab, alice, trust):
    """Whoever writes reports gets mail himself."""
    text = letter(alice.address, "permfail@hamburger.test", stamp())
    with smtplib.SMTP_SSL("127.0.0.1", lab.port("submissions", "crepes.test"), context=trust) as smtp:
        smtp.login(alice.address, alice.password)
        smtp.sendmail(alice.address, "permfail@hamburger.test", text)
    report = email.message_from_bytes(alice.arrived()[0], policy=email.policy.default)
    writer = report["From"].addresses[0].addr_spec
    with smtplib.SMTP("127.0.0.1", lab.port("smtp", "crepes.test")) as smtp:
        smtp.ehlo()
        smtp.mail("")
        assert smtp.rcpt(writer)[0] == 250


def test_an_international_letter(submission, sender, bob):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender.address, bob.address, "Crêpes für \N{SNOWMAN}"
    message.set_content("Où est la crêpe ?\n")
    message.add_attachment(
        b"\x00\xff" * 500, maintype="application", subtype="octet-stream", filename="crêpe.bin"
    )
    submission.send_message(message)
    found = email.message_from_bytes(bob.arrived()[0], policy=email.policy.default)
    assert found["Subject"] == message["Subject"]
    assert found.get_body().get_content() == "Où est la crêpe ?\r\n"
    (attached,) = found.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("crêpe.bin", b"\x00\xff" * 500)


def test_a_name_in_utf8_that_nobody_has(lab, alice, trust):
    """It goes to the next server, which does not know it; the report names it."""
    nobody = "jürgen@hamburger.test"
    message = letter(alice.address, nobody, stamp())
    with smtplib.SMTP_SSL("127.0.0.1", lab.port("submissions", "crepes.test"), context=trust) as smtp:
        smtp.login(alice.address, alice.password)
        smtp.sendmail(alice.address, nobody, message, mail_options=["SMTPUTF8"])
    report = email.message_from_bytes(alice.arrived()[0], policy=email.policy.default)
    words, status, returned = report.iter_parts()
    assert nobody in words.get_content()
    assert b"Final-Recipient: utf-8; j\\x{FC}rgen@hamburger.test" in bytes(status)
    assert returned.get_content_type() == "message/global"


@pytest.fixture
def drop(lab, sender, bob):
    """Bob's maildrop with two letters, before the login."""
    with smtplib.SMTP("127.0.0.1", lab.port("smtp")) as smtp:
        for number in range(2):
            smtp.sendmail(
                sender.address,
                bob.address,
                letter(sender.address, bob.address, stamp(), f"{number}\n.\nlast\n"),
            )
    bob.arrived(2)
    pop = poplib.POP3("127.0.0.1", lab.port("pop3"))
    yield pop
    pop.close()


def log_in(pop, person):
    pop.user(person.address)
    pop.pass_(person.password)


def test_stls(drop, bob, trust):
    assert "STLS" in drop.capa()
    drop.stls(context=trust)
    assert "STLS" not in drop.capa()
    log_in(drop, bob)
    assert drop.stat()[0] == 2


def test_unique_ids_last(drop, lab, bob):
    log_in(drop, bob)
    first = drop.uidl()[1]
    drop.dele(1)
    drop.quit()
    pop = poplib.POP3("127.0.0.1", lab.port("pop3"))
    log_in(pop, bob)
    assert pop.uidl(1).split()[2:] == [first[1].split()[1]]
    pop.quit()


def test_top_and_sizes(drop, bob):
    log_in(drop, bob)
    whole = retrieved(drop, 1)
    assert drop.list(1) == f"+OK 1 {len(whole)}".encode()
    header = whole.partition(b"\r\n\r\n")[0]
    for count, lines in ((0, []), (2, [b"0", b"."]), (9, [b"0", b".", b"last"])):
        assert drop.top(1, count)[1] == [*header.split(b"\r\n"), b"", *lines]


def test_only_quit_deletes(drop, bob):
    log_in(drop, bob)
    drop.dele(1)
    drop.close()
    assert bob.count() == 2


def test_reset(drop, bob):
    log_in(drop, bob)
    drop.dele(1)
    assert drop.stat()[0] == 1
    drop.rset()
    drop.quit()
    assert bob.count() == 2


def test_two_sessions_at_once(drop, lab, bob):
    log_in(drop, bob)
    other = bob.open()
    other.dele(1)
    other.quit()
    assert drop.stat()[0] == 2  # its own snapshot
    drop.dele(1)
    drop.quit()
    assert bob.count() == 1


def test_apop(lab, newcomer):
    change = ["account", "password", newcomer.address, "--at", newcomer.domain, "--apop"]
    lab.postroom(*change, "--password-stdin", stdin="tanstaaf\n")
    pop = poplib.POP3("127.0.0.1", lab.port("pop3"))
    assert pop.apop(newcomer.address, "tanstaaf").startswith(b"+OK")
    pop.quit()
    pop = poplib.POP3("127.0.0.1", lab.port("pop3"))
    with pytest.raises(poplib.error_proto, match="AUTH"):
        pop.apop(newcomer.address, newcomer.password)
    pop.close()
    lab.postroom(*change, "--off")


def test_utf8_mode(drop, bob):
    assert drop.utf8().startswith(b"+OK")
    log_in(drop, bob)
    assert drop.stat()[0] == 2
