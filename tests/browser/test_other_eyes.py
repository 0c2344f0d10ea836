"""The web mail on paper, in the reader's own colours, and at 400 %: what is there is there to be read."""

import re

from playwright.sync_api import Locator, Page, expect

from web_window import BOB, rows


def opened(page: Page, subject: str) -> Locator:
    """A conversation is pressed, and its text is there."""
    rows(page, subject).first.click()
    message = page.locator(".message.open").last
    expect(message.locator(".body:not([aria-busy]), .html-body").first).to_be_visible()
    return message


def test_a_label_has_its_colour_after_somebody_has_written(web_lab, sign_in, page):
    web_lab.send(BOB, "Coloured", "Text.")
    sign_in()
    opened(page, "Coloured")
    page.keyboard.press("l")
    page.get_by_role("combobox").last.fill("Garden")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    chip = rows(page, "Coloured").locator(".chip")
    look = (
        "(one) => [getComputedStyle(one).backgroundColor, one.offsetHeight, getComputedStyle(one).fontSize]"
    )
    before = chip.evaluate(look)
    page.keyboard.press("c")
    page.get_by_role("dialog", name="New message").get_by_role("combobox", name="To").press_sequentially(
        "alice@crepes.test,"
    )
    expect(page.get_by_role("button", name=re.compile("alice@crepes.test")).first).to_be_visible()
    assert chip.evaluate(look) == before
