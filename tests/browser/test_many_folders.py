"""Hundreds of folders are like ten: what is in sight is drawn, keys reach all of them, and mail that comes draws one line."""

import imaplib
import re

import pytest
from playwright.sync_api import Page, Route, expect

from web_lab import WebLab
from web_window import rows

ALICE = "alice@crepes.test"
NUMBER = 400


@pytest.fixture(scope="module", autouse=True)
def folders(web_lab: WebLab) -> None:
    """Ten with each thirty-nine in them."""
    ports = web_lab.facts["domains"]["crepes.test"]
    imap = imaplib.IMAP4("127.0.0.1", ports["imap"])
    imap.login(ALICE, web_lab.password(ALICE))
    for number in range(NUMBER):
        above, below = number // 40, number % 40
        imap.create(f'"Shelf {above}/Folder {below:02d}"' if below else f'"Shelf {above}"')
    imap.logout()


@pytest.fixture
def page_of_alice(sign_in) -> Page:
    page: Page = sign_in(ALICE)
    expect(page.get_by_role("link", name="Shelf 0")).to_be_visible()
    return page


def lines(page: Page) -> int:
    return page.locator(".sidebar li").count()


def scroll(page: Page, top: int) -> None:
    page.locator(".sidebar").evaluate("(element, top) => element.scrollTo(0, top)", top)


def test_the_list_waits_for_no_folder(page, web_lab):
    held = []
    all_of_them = re.compile(r'"Mailbox/get",{"accountId":"[^"]*","ids":null')

    def hold(route: Route) -> None:
        (held.append if all_of_them.search(route.request.post_data or "") else Route.continue_)(route)

    page.route("**/jmap/api*", hold)
    web_lab.send(ALICE, "Before the folders", "Text.")
    page.goto(web_lab.url(ALICE))
    page.get_by_label("Address").fill(ALICE)
    page.get_by_label("Password").fill(web_lab.password(ALICE))
    page.get_by_role("button", name="Sign in").click()
    expect(rows(page, "Before the folders")).to_be_visible()
    expect(page.get_by_role("link", name="Shelf 0")).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.get_by_role("link", name="Shelf 0")).to_be_visible()


def test_only_what_is_near_the_window_is_drawn(page_of_alice):
    page = page_of_alice
    height = page.locator(".sidebar").evaluate("element => element.scrollHeight")
    assert height > NUMBER * 30
    assert lines(page) < 120
    scroll(page, height)
    expect(page.get_by_role("link", name="Folder 39").last).to_be_in_viewport()
    assert lines(page) < 120
    assert abs(page.locator(".sidebar").evaluate("element => element.scrollHeight") - height) < 10
    scroll(page, 0)
    expect(page.get_by_role("link", name="Shelf 0")).to_be_in_viewport()


def test_keys_reach_every_folder(page_of_alice):
    page = page_of_alice
    page.get_by_role("link", name="Shelf 0").focus()
    reached = set()
    for _ in range(300):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.closest('.sidebar li')?.innerText.trim()"))
    assert {f"Folder {number:02d}" for number in range(1, 40)} | {"Shelf 1", "Shelf 2"} <= reached
    assert page.evaluate("document.activeElement.closest('.sidebar') !== null")


def test_a_folded_one_hides_what_is_in_it(page_of_alice):
    page = page_of_alice
    page.get_by_role("button", name="Shelf 0", exact=False).and_(page.locator(".fold")).click()
    expect(page.get_by_role("link", name="Shelf 1")).to_be_in_viewport()
    page.get_by_role("button", name="Shelf 0", exact=False).and_(page.locator(".fold")).press("Enter")
    expect(page.get_by_role("link", name="Folder 01").first).to_be_in_viewport()


def test_mail_that_comes_draws_one_line(page_of_alice, web_lab):
    page = page_of_alice
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.post_data or ""))
    page.evaluate(
        """() => {
          window.drawn = new Set();
          new MutationObserver((changes) => {
            for (const { target } of changes) window.drawn.add((target.parentElement ?? target).closest("li")?.innerText);
          }).observe(document.querySelector(".sidebar"), { subtree: true, childList: true, characterData: true, attributes: true });
        }"""
    )
    web_lab.send(ALICE, "One more", "Words.")
    rows(page, "One more").wait_for()
    expect(page.locator(".sidebar .count").first).to_be_visible()
    assert [line.split("\n")[0] for line in page.evaluate("[...window.drawn]")] == ["Inbox"]
    assert not any('"ids":null' in one and "Mailbox/get" in one for one in asked)


def test_the_menu_for_moving_finds_one_among_all_and_draws_some(page_of_alice, web_lab):
    page = page_of_alice
    web_lab.send(ALICE, "To be moved", "Words.")
    rows(page, "To be moved").click()
    page.get_by_role("heading", name="To be moved").wait_for()
    page.keyboard.press("v")
    choices = page.locator("#choices [role=option]")
    expect(choices.first).to_be_visible()
    assert choices.count() < 150
    page.locator("#choices").evaluate("element => element.scrollTo(0, element.scrollHeight)")
    expect(choices.nth(150)).to_be_attached()
    page.keyboard.type("shelf 9 / folder 39")
    expect(choices).to_have_count(1)
    page.keyboard.press("Enter")
    expect(rows(page, "To be moved")).to_have_count(0)
