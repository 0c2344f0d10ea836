"""Where a connection breaks, an answer is lost, or a session ends: what somebody has written, sent or done is not lost, and not done twice."""

import re
import urllib.request

import pytest
from playwright.sync_api import Locator, Page, expect

from web_window import (
    BOB,
    begin,
    emails,
    enter,
    hands_in,
    hide,
    hold_sending,
    kept,
    keys,
    rows,
    stay,
    taken_over,
)


@pytest.mark.service_worker
def test_what_is_being_written_outlives_a_reload_without_a_connection(window: Page, web_lab):
    stay(window, web_lab)
    taken_over(window)
    window.on("dialog", lambda dialog: dialog.accept())
    window.keyboard.press("c")  # loads what writing takes
    window.get_by_role("dialog", name="New message").get_by_role("button", name="Save and close").click()
    window.context.set_offline(True)
    begin(window, "First of two", "An hour of work.")
    begin(window, "Second of two", "Another hour.")
    window.reload()
    expect(window.get_by_text("You are offline.")).to_be_visible()
    for subject in ("First of two", "Second of two"):
        expect(window.get_by_role("dialog", name=subject)).to_be_visible()
    hide(window)
    window.reload()
    expect(window.get_by_role("dialog", name="First of two")).to_contain_text("An hour of work.")
    expect(window.get_by_role("dialog", name="Second of two")).to_contain_text("Another hour.")
    window.context.set_offline(False)
    for subject in ("First of two", "Second of two"):
        window.get_by_role("dialog", name=subject).get_by_role("button", name="Save and close").click()
        expect(window.get_by_role("dialog", name=subject)).to_have_count(0)
    window.get_by_role("link", name="Drafts").click()
    expect(rows(window, "First of two")).to_have_count(1)
    expect(rows(window, "Second of two")).to_have_count(1)


def test_a_draft_that_cannot_be_fetched_now_is_open_after_the_next_reload(window: Page, web_lab):
    stay(window, web_lab, stays=False)
    begin(window, "Fetched later", "It is on the server.")
    expect(window.get_by_text("Saved", exact=True)).to_be_visible()
    window.route(
        "**/jmap/api*",
        lambda route: (
            route.fulfill(status=503, body="")
            if "fetchHTMLBodyValues" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    with window.expect_response(lambda answer: answer.status == 503):
        window.reload()
    hide(window)
    window.unroute("**/jmap/api*")
    window.reload()
    expect(window.get_by_role("dialog", name="Fetched later")).to_contain_text("It is on the server.")


def test_an_answer_in_which_nothing_was_written_is_no_draft(window: Page, web_lab):
    web_lab.send(BOB, "To be answered perhaps", "Words.")
    stay(window, web_lab, stays=False)
    made: list[str] = []
    window.on(
        "request",
        lambda request: made.append(request.url) if '"$draft"' in (request.post_data or "") else None,
    )
    keys(window, "To be answered perhaps", "r")
    dialog = window.get_by_role("dialog", name="Re: To be answered perhaps")
    expect(dialog.get_by_role("textbox", name="Text of the message")).to_be_focused()
    expect(dialog.get_by_role("toolbar")).to_be_visible()
    hide(window)
    dialog.get_by_role("button", name="Save and close").click()
    expect(dialog).to_have_count(0)
    window.get_by_role("link", name="Drafts").click()
    expect(window.get_by_role("heading", name="Drafts")).to_be_visible()
    assert not made


@pytest.mark.service_worker
def test_what_is_sent_without_a_connection_leaves_with_one(window: Page, web_lab):
    stay(window, web_lab)
    taken_over(window)
    window.keyboard.press("c")  # loads what writing takes
    window.get_by_role("dialog", name="New message").get_by_role("button", name="Save and close").click()
    window.context.set_offline(True)
    window.keyboard.press("c")
    dialog = window.get_by_role("dialog", name="New message")
    dialog.get_by_role("combobox", name="To").fill("bob@hamburger.test")
    dialog.get_by_label("Subject").fill("From the train")
    window.get_by_role("textbox", name="Text of the message").click()
    window.keyboard.type("No signal here.")
    window.keyboard.press("Control+Enter")
    expect(window.get_by_text("The message leaves when the connection is back.")).to_be_visible()
    expect(window.get_by_text("1 message waits.")).to_be_visible()
    window.reload()
    window.get_by_role("link", name="Outbox 1").click()
    expect(window.get_by_role("heading", name="Outbox")).to_be_visible()
    window.get_by_role("button", name="Take back and edit").click()
    text = window.get_by_role("textbox", name="Text of the message")
    expect(text).to_have_text("No signal here.")
    window.keyboard.press("Control+Enter")
    expect(window.get_by_text("1 message waits.")).to_be_visible()
    window.context.set_offline(False)
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(window.get_by_role("link", name="Outbox 1")).to_have_count(0)
    window.get_by_role("link", name="Sent").click()
    expect(rows(window, "From the train")).to_have_count(1)
    window.get_by_role("link", name="Drafts").click()
    expect(window.get_by_role("heading", name="Drafts")).to_be_visible()
    expect(rows(window, "From the train")).to_have_count(0)


def send_offline(page: Page, web_lab, subject: str) -> None:
    """Bob, who stays, sends himself something without a connection."""
    stay(page, web_lab)
    taken_over(page)
    page.keyboard.press("c")  # loads what writing takes
    page.get_by_role("dialog", name="New message").get_by_role("button", name="Save and close").click()
    page.context.set_offline(True)
    begin(page, subject, "No signal here.", BOB)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 message waits.")).to_be_visible()


def end_session(page: Page, web_lab) -> None:
    """On another device."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    headers = {"x-postroom": "1", "cookie": cookies}
    urllib.request.urlopen(urllib.request.Request(f"{web_lab.url()}sign-out", method="POST", headers=headers))


@pytest.mark.service_worker
@pytest.mark.parametrize("reloaded", [False, True])
def test_what_waits_outlives_a_session_that_ends_by_itself(window: Page, web_lab, reloaded: bool):
    subject = f"Before the end {reloaded}"
    star = f"Star {reloaded}"
    web_lab.send(BOB, star, "Here.")
    send_offline(window, web_lab, subject)
    keys(window, star, "s")
    expect(window.get_by_text("1 change waits.")).to_be_visible()
    end_session(window, web_lab)
    if reloaded:
        window.goto("about:blank")
    window.context.set_offline(False)
    if reloaded:
        window.goto(web_lab.url())
    window.get_by_role("heading", name="Sign in to your mail").wait_for()
    window.wait_for_function("() => localStorage['postroom.stay'] === undefined")
    assert kept(window) == 0
    enter(window, web_lab, stays=False)
    window.get_by_role("link", name="Sent").click()
    expect(rows(window, subject)).to_have_count(1)
    window.get_by_role("link", name="Starred").click()
    expect(rows(window, star)).to_have_count(1)
    expect(window.get_by_text("already exists")).to_have_count(0)  # the page begins once
    window.wait_for_function(
        "async () => !(await indexedDB.databases()).length"
    )  # nothing stays where nobody stays


@pytest.mark.service_worker
def test_what_waits_is_not_made_for_somebody_else(window: Page, web_lab):
    send_offline(window, web_lab, "Of Bob alone")
    end_session(window, web_lab)
    window.context.set_offline(False)
    window.get_by_role("heading", name="Sign in to your mail").wait_for()

    def as_carol(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "username": "carol@hamburger.test"})

    window.route("**/jmap/session*", as_carol)
    enter(window, web_lab, stays=True)
    expect(window).to_have_title(re.compile("carol@hamburger.test"))
    window.get_by_role("link", name="Sent").click()
    expect(window.get_by_role("heading", name="Sent")).to_be_visible()
    window.wait_for_load_state("networkidle")
    expect(rows(window, "Of Bob alone")).to_have_count(0)
    expect(window.get_by_role("link", name="Outbox 1")).to_have_count(0)


@pytest.mark.service_worker
def test_who_signs_out_is_asked_when_something_waits(window: Page, web_lab):
    send_offline(window, web_lab, "Nearly lost")
    window.route("**/jmap/api*", lambda route: route.abort())
    window.context.set_offline(False)
    asked = []
    window.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    window.get_by_role("button", name="Account").click()
    with window.expect_event("dialog"):
        window.get_by_role("button", name="Sign out").click()
    assert asked == ["1 change or message still waits for the connection, and would be lost. Sign out?"]
    window.on("dialog", lambda dialog: dialog.accept())
    window.get_by_role("button", name="Account").click()
    window.get_by_role("button", name="Sign out").click()
    window.get_by_role("heading", name="Sign in to your mail").wait_for()
    assert window.evaluate("async () => (await indexedDB.databases()).length") == 0


def lose_the_answer(page: Page) -> None:
    """The server does what the next sending asks for, and its answer is lost."""
    left = [True]

    def lose(route):
        if not hands_in(route.request) or not left:
            return route.continue_()
        left.clear()
        route.fetch()
        return route.abort()

    page.route("**/jmap/api*", lose)


def answer_to(page: Page, web_lab, subject: str) -> None:
    """An answer to Alice that is saved as a draft."""
    web_lab.send(BOB, subject, "What do you say?")
    keys(page, subject, "r")
    dialog = page.get_by_role("dialog", name=f"Re: {subject}")
    expect(dialog.get_by_role("textbox", name="Text of the message")).to_be_focused()
    page.keyboard.type("My answer.")
    expect(dialog.get_by_text("Saved", exact=True)).to_be_visible()


def expect_sent_once(page: Page, subject: str) -> None:
    """It is among what was sent once, its draft is gone, and what it answers is marked."""
    page.get_by_role("link", name="Drafts").click()
    expect(page.get_by_role("heading", name="Drafts")).to_be_visible()
    expect(rows(page, subject)).to_have_count(0)
    page.get_by_role("link", name="Sent").click()
    expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
    expect(rows(page, subject)).to_have_count(1)
    found = emails(page, subject, "keywords", "subject")
    assert sorted(("$answered" in one["keywords"], one["subject"]) for one in found) == [
        (False, f"Re: {subject}"),
        (True, subject),
    ]


def with_a_lost_answer(page: Page, web_lab, subject: str) -> Locator:
    """The window of a message that has left, as nobody knows there."""
    stay(page, web_lab, stays=False)
    answer_to(page, web_lab, subject)
    lose_the_answer(page)
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name=f"Re: {subject}")
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    return dialog


def test_a_message_whose_answer_was_lost_is_not_sent_twice(window: Page, web_lab):
    dialog = with_a_lost_answer(window, web_lab, "Lost on the way back")
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(dialog).to_have_count(0)
    expect_sent_once(window, "Lost on the way back")


def test_what_was_added_after_a_lost_answer_is_not_lost(window: Page, web_lab):
    dialog = with_a_lost_answer(window, web_lab, "Afterthought")
    window.on("dialog", lambda question: question.accept())
    window.reload()
    text = dialog.get_by_role("textbox", name="Text of the message")
    text.click()
    window.keyboard.type("Another thing. ")
    window.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alertdialog")).to_contain_text("as it was before your last changes")
    expect(text).to_contain_text("Another thing.")
    dialog.get_by_role("button", name="Send anyway").click()
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_a_message_of_the_outbox_whose_answer_was_lost_is_done_with(window: Page, web_lab):
    stay(window, web_lab)
    answer_to(window, web_lab, "Lost from the outbox")
    lose_the_answer(window)
    window.keyboard.press("Control+Enter")
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(window.get_by_role("link", name="Outbox 1")).to_have_count(0)
    expect_sent_once(window, "Lost from the outbox")


@pytest.mark.service_worker
def test_a_message_that_is_leaving_is_not_taken_back(window: Page, web_lab):
    send_offline(window, web_lab, "Too late")
    held = hold_sending(window)
    with window.expect_request(hands_in):
        window.context.set_offline(False)
    window.get_by_role("button", name="Undo").click()
    window.wait_for_timeout(300)
    held[0].continue_()
    expect(window.get_by_text("The message has left already.")).to_be_visible()
    expect(window.locator(".compose")).to_have_count(0)
    window.get_by_role("link", name="Sent").click()
    expect(rows(window, "Too late")).to_have_count(1)
