"""On a slow line a window comes late, and what is typed meanwhile is meant for it: no key becomes a command, no focus is taken from where somebody writes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from web_window import BOB, hands_in, keys, rows, stay


def hold(page: Page, url: str, text: str = "") -> Callable[[], None]:
    """What is asked for there, with this in it, does not come until what is given here is called."""
    held: list[Route] = []
    over: list[bool] = []

    def wait(route: Route) -> None:
        if over or text not in (route.request.post_data or ""):
            route.continue_()
        else:
            held.append(route)

    def let_go() -> None:
        over.append(True)
        for route in held:
            route.continue_()

    page.route(url, wait)
    return let_go


def opened(page: Page, web_lab, subject: str) -> None:
    """Bob reads a message, and nothing that writing takes is loaded."""
    web_lab.send(BOB, subject, "Here.")
    stay(page, web_lab, stays=False)
    keys(page, subject)


@pytest.mark.parametrize(
    ("key", "dialog", "url", "text"),
    [
        ("r", "Re: Keys r", "**/jmap/api*", "fetchHTMLBodyValues"),
        ("f", "Fwd: Keys f", "**/mail/assets/*", ""),
        ("Shift+R", "Redirect", "**/mail/assets/*", ""),
    ],
)
def test_keys_that_are_pressed_before_a_window_is_there_are_no_commands(
    window: Page, web_lab, key: str, dialog: str, url: str, text: str
):
    subject = f"Keys {key}"
    opened(window, web_lab, subject)
    let_go = hold(window, url, text)
    with window.expect_request(lambda one: text in (one.post_data or "")):
        window.keyboard.press(key)
    window.keyboard.type("e#")
    let_go()
    expect(window.get_by_role("dialog", name=dialog)).to_be_visible()
    expect(rows(window, subject)).to_have_count(1)
    expect(window.get_by_text("Conversation archived")).to_have_count(0)


def test_an_editor_that_comes_late_leaves_the_cursor_where_somebody_writes(window: Page, web_lab):
    opened(window, web_lab, "Late editor")
    let_go = hold(window, "**/assets/squire-*.js")
    with window.expect_request("**/assets/squire-*.js"):
        window.keyboard.press("r")
    box = window.get_by_role("combobox", name="Search mail")
    box.fill("Early ")
    let_go()
    dialog = window.get_by_role("dialog", name="Re: Late editor")
    expect(dialog.get_by_role("toolbar", name="Formatting")).to_be_visible()
    window.keyboard.type("words")
    expect(box).to_have_value("Early words")


def test_a_conversation_that_comes_late_leaves_the_cursor_where_somebody_writes(window: Page, web_lab):
    web_lab.send(BOB, "Late conversation", "Here.")
    stay(window, web_lab, stays=False)
    let_go = hold(window, "**/jmap/api*", "fetchTextBodyValues")
    rows(window, "Late conversation").click()
    box = window.get_by_role("combobox", name="Search mail")
    box.fill("Early ")
    let_go()
    expect(window.get_by_role("article", name="Message from")).to_be_visible()
    window.keyboard.type("words")
    expect(box).to_have_value("Early words")


def test_a_row_that_is_drawn_late_leaves_the_cursor_where_somebody_writes(window: Page, web_lab):
    window.add_init_script("requestAnimationFrame = (draw) => setTimeout(draw, 1000);")
    web_lab.send(BOB, "Late row", "Here.")
    stay(window, web_lab, stays=False)
    expect(rows(window, "Late row")).to_be_visible()
    window.locator(".rows").focus()
    window.keyboard.press("ArrowDown")
    window.wait_for_timeout(300)
    box = window.get_by_role("combobox", name="Search mail")
    box.fill("Early ")
    window.wait_for_timeout(1000)
    window.keyboard.type("words")
    expect(box).to_have_value("Early words")


@pytest.mark.parametrize("to", ["alice@crepes.test", "nobody@hamburger.test"])
def test_a_message_whose_sending_ends_late_leaves_the_cursor_where_somebody_writes(
    window: Page, web_lab, to: str
):
    opened(window, web_lab, f"Read while {to} waits")
    window.get_by_role("button", name="Write").click()
    window.get_by_role("combobox", name="To").fill(to)
    window.get_by_label("Subject").fill("Ends late")
    dialog = window.get_by_role("dialog", name="Ends late")
    let_go = hold(window, "**/jmap/api*", "EmailSubmission/set")
    with window.expect_request(hands_in):
        dialog.get_by_role("button", name="Send", exact=True).click()
    box = window.get_by_role("combobox", name="Search mail")
    box.fill("Early ")
    let_go()
    if to.startswith("nobody"):
        expect(dialog.get_by_role("alert")).to_be_visible()
    else:
        expect(dialog).to_have_count(0)
    window.wait_for_timeout(100)  # what would take the focus does so a moment later
    window.keyboard.type("words")
    expect(box).to_have_value("Early words")
