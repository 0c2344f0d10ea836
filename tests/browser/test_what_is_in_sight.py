"""Keys and buttons are about what somebody sees, and what is shown is what the server has: also while mail comes, a page is open, or a request fails."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from web_window import BOB, enter, rows

REFUSED = "**/jmap/api*"


@pytest.fixture
def open_one(web_lab, sign_in) -> Callable[[str], Page]:
    """Sends a letter, signs in, and opens it."""

    def work(subject: str) -> Page:
        web_lab.send(BOB, subject, "Some words.")
        page: Page = sign_in()
        rows(page, subject).click()
        expect(page.get_by_role("heading", name=subject)).to_be_visible()
        return page

    return work


def failing(window: Page, method: str) -> None:
    """Requests with a method of this name are refused from now on."""
    window.route(
        REFUSED,
        lambda route: (
            route.fulfill(status=503, body="")
            if method in (route.request.post_data or "")
            else route.continue_()
        ),
    )


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def test_a_new_folder_that_is_taken_back_takes_no_mail_along(window: Page, web_lab):
    web_lab.send(BOB, "Into the new folder", "Not to be lost.")
    window.goto(web_lab.url())
    enter(window, web_lab, stays=False)
    rows(window, "Into the new folder").wait_for()
    window.get_by_role("button", name="New folder").click()
    window.get_by_label("Name").fill("Hasty")
    window.keyboard.press("Enter")
    expect(toast(window, "Hasty")).to_be_visible()
    rows(window, "Into the new folder").click()
    window.keyboard.press("v")
    window.keyboard.type("Hasty")
    window.keyboard.press("Enter")
    expect(toast(window, "Conversation moved to Hasty")).to_be_visible()
    toast(window, "Folder Hasty made").get_by_role("button", name="Undo").click()
    expect(toast(window, "There is mail in it")).to_be_visible()
    window.get_by_role("link", name="Hasty").click()
    expect(rows(window, "Into the new folder")).to_be_visible()
