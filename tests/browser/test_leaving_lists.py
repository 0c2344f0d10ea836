"""One click off a mailing list (RFC 8058): the button, the POST that arrives, and whom it is not offered for."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from https_site import HttpsSite
from laboratory import LabThread

BOB, ALICE = "bob@hamburger.test", "alice@crepes.test"
URL = "https://news.list.test/off?who=bob"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    """A lab in this process, so that a web server can be in it."""
    thread = LabThread(tmp_path_factory.mktemp("lab"))
    yield thread
    thread.close()


@pytest.fixture
def site(here: LabThread) -> Iterator[HttpsSite]:
    found = HttpsSite()
    here.do(found.open(here.lab, "news.list.test", "127.0.0.40"))
    yield found
    here.do(found.close())


def newsletter(subject: str, **fields: str) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = ALICE, BOB, subject
    made["List-Unsubscribe"] = f"<{URL}>"
    made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    for name, value in fields.items():
        made[name] = value
    made.set_content("All about butter.")
    return made


def signed(here: LabThread, letter: EmailMessage) -> None:
    """By crepes.test, whose server Alice sends it through."""
    password = next(one.password for one in here.lab.inhabitants if one.address == ALICE)
    with smtplib.SMTP("127.0.0.1", here.lab.ports["crepes.test"]["submission"], "here.test") as smtp:
        smtp._host = "mail.crepes.test"  # what the certificate is held against
        smtp.starttls(context=ssl.create_default_context(cafile=str(here.lab.ca.path)))
        smtp.login(ALICE, password)
        smtp.send_message(letter, ALICE, [BOB])


def unsigned(here: LabThread, letter: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", here.lab.ports["hamburger.test"]["smtp"], "crepes.test") as smtp:
        smtp.send_message(letter, ALICE, [BOB])


@pytest.fixture
def inbox(page: Page, here: LabThread) -> Page:
    """Bob's."""
    page.goto(f"http://127.0.0.1:{here.lab.ports['hamburger.test']['http']}/mail/")
    page.get_by_label("Address").fill(BOB)
    page.get_by_label("Password").fill(
        next(one.password for one in here.lab.inhabitants if one.address == BOB)
    )
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    return page


def opened(page: Page, subject: str) -> None:
    page.get_by_role("listitem").filter(has_text=subject).click(timeout=40_000)
    expect(page.get_by_role("heading", name=subject)).to_be_visible()


def test_one_click(here: LabThread, site: HttpsSite, inbox: Page) -> None:
    signed(here, newsletter("Butter weekly"))
    opened(inbox, "Butter weekly")
    inbox.get_by_role("button", name="Unsubscribe").click()
    expect(inbox.get_by_text("You have left the list.").first).to_be_visible()
    ((head, body),) = site.asked
    request, *fields = head.strip().split("\r\n")
    assert request == "POST /off?who=bob HTTP/1.1"
    assert body == b"List-Unsubscribe=One-Click"
    told = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in fields)}
    assert told["host"] == "news.list.test"
    assert told["content-type"] == "application/x-www-form-urlencoded"
    assert not {"cookie", "authorization", "referer"} & set(told)  # RFC 8058 §3.2


def test_without_a_signature_there_is_no_click(here: LabThread, site: HttpsSite, inbox: Page) -> None:
    unsigned(here, newsletter("Butter hourly"))
    opened(inbox, "Butter hourly")
    expect(inbox.get_by_role("link", name="Unsubscribe on the list's page")).to_have_attribute("href", URL)
    expect(inbox.get_by_role("button", name="Unsubscribe", exact=True)).to_have_count(0)
    assert site.asked == []
