"""The web mail on paper, in the reader's own colours, and at 400 %: what is there is there to be read."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from web_window import BOB, enter, rows

PARAGRAPHS = "".join(f"<p>{number}: {'ketchup and crêpes ' * 16}</p>" for number in range(100))
COLUMNS = "".join(f"<td nowrap>Column number {number}</td>" for number in range(20))


# How far its letters stand out from its own ground (WCAG 2.1, 1.4.3).
CONTRAST = """(one) => {
    const light = (written) => written.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const { color, backgroundColor } = getComputedStyle(one);
    const [low, high] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}"""


def pages(page: Page) -> int:
    """How many pages of paper it is."""
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


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


def test_a_long_message_is_on_paper_to_its_end(web_lab, sign_in, page):
    web_lab.send(BOB, "Lines", "One line.\n" * 250 + "The end.")
    sign_in()
    opened(page, "Lines")
    assert pages(page) > 4


def test_a_message_is_as_long_on_paper_from_any_window(web_lab, sign_in, page):
    web_lab.send(BOB, "Paragraphs", "Text.", html=PARAGRAPHS)
    sign_in()
    opened(page, "Paragraphs")
    found = set()
    for width in (390, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        expect(page.locator(".html-body")).not_to_have_css("block-size", "40px")
        found.add(pages(page))
    assert len(found) == 1
    assert found.pop() > 5


def test_a_wide_table_is_on_paper_to_its_last_column(web_lab, sign_in, page):
    web_lab.send(BOB, "Columns", "Text.", html=f"<table><tr>{COLUMNS}</tr></table>")
    sign_in()
    opened(page, "Columns")
    expect(page.locator(".html-body")).not_to_have_css("block-size", "40px")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    shown = page.locator(".html-body").evaluate(
        "(one) => [one.offsetWidth, one.getBoundingClientRect().width]"
    )
    assert shown[0] > 2000
    assert shown[1] <= 681


def test_what_is_being_written_is_not_on_the_paper_of_what_is_read(web_lab, sign_in, page):
    web_lab.send(BOB, "Read this", "Text.")
    sign_in()
    opened(page, "Read this")
    page.keyboard.press("c")
    window = page.get_by_role("dialog", name="New message")
    expect(window).to_be_visible()
    page.emulate_media(media="print")
    expect(window).not_to_be_visible()
    expect(page.get_by_role("heading", name="Read this")).to_be_visible()


@pytest.fixture
def strong(chromium: Browser, web_lab) -> Iterator[Page]:
    """Bob's list with the colours of a system in high contrast."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", forced_colors="active"
    )
    found = context.new_page()
    found.goto(web_lab.url())
    enter(found, web_lab, stays=False)
    yield found
    context.close()


def test_what_is_chosen_is_seen_in_high_contrast(web_lab, strong):
    for subject in ("Contrast one", "Contrast two"):
        web_lab.send(BOB, subject, "Text.")
    one = rows(strong, "Contrast one")
    opened(strong, "Contrast one")
    strong.mouse.move(900, 700)
    expect(one).not_to_have_class(re.compile("unread"))
    strong.wait_for_timeout(300)
    here = one.screenshot()
    opened(strong, "Contrast two")
    strong.mouse.move(900, 700)
    strong.wait_for_timeout(300)
    assert one.screenshot() != here


def test_a_choice_of_several_is_seen_in_high_contrast(strong):
    strong.locator(".top .popup button").last.click()
    options = strong.locator(".switch").first.locator("label")
    options.nth(1).click()
    chosen = options.nth(1).screenshot()
    options.nth(0).click()
    strong.mouse.move(900, 700)
    assert options.nth(1).screenshot() != chosen


def test_a_message_keeps_the_readers_colours_on_a_dark_screen(chromium: Browser, web_lab):
    web_lab.send(BOB, "Not turned round", "Text.", html=PARAGRAPHS)
    context = chromium.new_context(
        viewport={"width": 1280, "height": 800}, locale="en-GB", forced_colors="active", color_scheme="dark"
    )
    page = context.new_page()
    page.goto(web_lab.url())
    enter(page, web_lab, stays=False)
    opened(page, "Not turned round")
    frame = page.frame_locator(".html-body")
    expect(frame.get_by_text("99: ketchup")).to_be_visible()
    assert frame.locator("html").evaluate("(one) => getComputedStyle(one).filter") == "none"
    context.close()


@pytest.mark.parametrize(("width", "height"), [(320, 256), (640, 320)])
def test_what_one_writes_and_what_can_be_chosen_is_in_sight(width: int, height: int, sign_in, page):
    """At 400 % (WCAG 2.1, 1.4.10), and on a telephone that lies on its side."""
    sign_in()
    page.set_viewport_size({"width": width, "height": height})
    page.locator(".top .popup button").last.click()
    last = page.get_by_role("button", name="Sign out")
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport(ratio=0.9)
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)
    page.keyboard.press("c")
    window = page.get_by_role("dialog", name="New message")
    text = window.get_by_role("textbox", name="Text of the message")
    expect(text).to_have_attribute("contenteditable", "true")
    text.click()
    page.keyboard.type("Ketchup")
    word = page.evaluate(
        "(({ top, bottom }) => [top, bottom])(getSelection().getRangeAt(0).getBoundingClientRect())"
    )
    room = window.locator(".compose-scroll").evaluate(
        "(one) => [one.getBoundingClientRect().top, one.getBoundingClientRect().bottom]"
    )
    assert room[1] - room[0] >= 100
    assert 0 <= word[0] < word[1] <= height
    send = window.get_by_role("button", name="Send", exact=True)
    send.scroll_into_view_if_needed()
    expect(send).to_be_in_viewport(ratio=0.9)


def test_no_setting_is_wider_than_a_window_at_400_percent(chromium: Browser, web_lab):
    context = chromium.new_context(viewport={"width": 320, "height": 512}, locale="de-DE")
    page = context.new_page()
    page.goto(web_lab.url())
    page.locator("input[name=username]").fill(BOB)
    page.locator("input[name=password]").fill(web_lab.password(BOB))
    page.locator("button[type=submit]").click()
    page.locator(".list-head").wait_for()
    for part in ("appearance", "identities", "keyboard", "programs", "security"):
        page.goto(f"{web_lab.url()}settings/{part}")
        page.locator(".settings-section, .keyboard-part").first.wait_for()
        room = page.locator(".page").evaluate("(one) => [one.scrollWidth, one.clientWidth]")
        assert room[0] <= room[1], part
    context.close()


def test_what_was_found_and_what_can_be_pressed_stand_out(web_lab, sign_in, page):
    web_lab.send(BOB, "Found", "Where is the corkscrew?")
    sign_in()
    page.goto(f"{web_lab.url()}search/corkscrew")
    found = rows(page, "Found").locator("mark")
    expect(found).to_be_visible()
    assert found.evaluate(CONTRAST) >= 4.5
    page.emulate_media(color_scheme="dark")
    page.goto(f"{web_lab.url()}settings/identities")
    assert page.get_by_role("button", name="Open such links here").evaluate(CONTRAST) >= 4.5
