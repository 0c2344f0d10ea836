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


def until(page: Page, true: Callable[[], bool]) -> None:
    """Waits while requests go on; 10 s at most."""
    for _ in range(500):
        if true():
            return
        page.wait_for_timeout(20)
    raise AssertionError("10 s were not enough")


def toast(page: Page, text: str) -> Locator:
    return page.locator(".toast").filter(has_text=text)


def test_the_cursor_stays_with_its_conversation_when_mail_comes(web_lab, sign_in):
    for subject in ("Cursor below", "Cursor here", "Cursor above"):
        web_lab.send(BOB, subject, "Words.")
    page = sign_in()
    rows(page, "Cursor above").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows(page, "Cursor here")).to_have_class(re.compile("cursor"))
    web_lab.send(BOB, "Cursor newcomer", "First of all now.")
    expect(rows(page, "Cursor newcomer")).to_be_visible()
    expect(rows(page, "Cursor here")).to_have_class(re.compile("cursor"))
    page.keyboard.press("e")
    expect(rows(page, "Cursor here")).to_have_count(0)
    expect(rows(page, "Cursor above")).to_be_visible()
    expect(rows(page, "Cursor below")).to_have_class(re.compile("cursor"))


def test_mail_that_comes_leaves_what_is_looked_at_where_it_is(web_lab, sign_in):
    """Also where the cursor, far above, goes along with its conversation: only who moves it wants to see where it is."""
    for number in range(40):
        web_lab.send(BOB, f"Sight {number:02}", "Words.")
    page = sign_in()
    rows(page, "Sight 39").click()
    expect(page.get_by_role("heading", name="Sight 39")).to_be_visible()
    page.evaluate("() => document.querySelector('.rows').scrollTo({ top: 20 * 76 })")
    sight = rows(page, "Sight 15")
    expect(sight).to_be_visible()
    before = sight.bounding_box()
    web_lab.send(BOB, "Sight newcomer", "Above all.")
    page.wait_for_function("() => document.querySelector('.rows').scrollTop !== 20 * 76")
    page.wait_for_timeout(250)
    assert sight.bounding_box() == before
    page.keyboard.press("k")
    expect(rows(page, "Sight newcomer")).to_be_in_viewport()


def test_a_part_of_the_list_that_comes_late_takes_nothing_away(web_lab, sign_in):
    """It was asked for before a letter came above it, so it does not say what is where now."""
    for number in range(40):
        web_lab.send(BOB, f"Late {number:02}", "Words.")
    page = sign_in()
    rows(page, "Late 39").wait_for()
    held = []

    def hold(route):
        if not held and '"position":30' in (route.request.post_data or ""):
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route(REFUSED, hold)
    page.evaluate("() => document.querySelector('.rows').scrollTo({ top: 20 * 76 })")
    shown = rows(page, "Late 15").element_handle()
    page.wait_for_function("() => document.querySelector('.row.waiting')")
    web_lab.send(BOB, "Late newcomer", "Above all.")
    page.wait_for_function("() => document.querySelector('.rows').scrollTop !== 20 * 76")
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(rows(page, "Late 06")).to_be_visible()
    assert shown.evaluate("(row) => row.isConnected")


def test_a_star_stays_while_an_answer_is_older_than_it(web_lab, sign_in):
    """What reading has changed is asked about before the star is set, and told after it."""
    web_lab.send(BOB, "Starred at once", "Words.")
    page = sign_in()
    held = []

    def hold(route):
        if not held and "Email/changes" in (route.request.post_data or ""):
            held.append((route, route.fetch()))
        elif "$flagged" in (route.request.post_data or ""):
            held.append((route, None))
        else:
            route.continue_()

    page.route(REFUSED, hold)
    rows(page, "Starred at once").click()
    expect(page.get_by_role("heading", name="Starred at once")).to_be_visible()
    star = rows(page, "Starred at once").locator(".star.on")
    until(page, lambda: len(held) == 1)
    page.keyboard.press("s")
    expect(star).to_be_visible()
    until(page, lambda: len(held) == 2)
    (first, answer), (setting, _) = held
    first.fulfill(response=answer)
    page.wait_for_timeout(200)
    assert star.is_visible()
    setting.continue_()
    expect(star).to_be_visible()


def test_keys_of_mail_do_nothing_where_a_page_hides_the_mail(open_one):
    page = open_one("Hidden by the settings")
    page.evaluate(
        "history.pushState(null, '', '/mail/settings/storage'); dispatchEvent(new PopStateEvent('popstate'))"
    )
    page.get_by_role("heading", name="Storage").first.wait_for()
    for key in ("#", "e", "s", "Delete"):
        page.keyboard.press(key)
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(rows(page, "Hidden by the settings")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)


def test_escape_closes_a_menu_and_not_what_is_behind_it(open_one):
    page = open_one("Behind the menu")
    page.get_by_role("button", name="More about this message").click()
    expect(page.locator(".menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)
    expect(page.get_by_role("heading", name="Behind the menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("No conversation selected")).to_be_visible()


def test_what_an_input_method_takes_chooses_nothing(open_one):
    page = open_one("Typed in Japanese")
    for key in ("v", "l"):
        page.keyboard.press(key)
        page.keyboard.type("arch")
        page.evaluate(
            "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
        )
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".toast")).to_have_count(0)


def test_the_same_search_again_is_a_list_still(web_lab, sign_in):
    web_lab.send(BOB, "Sought twice", "Words.")
    page = sign_in()
    box = page.get_by_role("combobox", name="Search mail")
    for _ in range(2):
        box.fill("sought")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Search: sought")).to_be_visible()
        expect(rows(page, "Sought twice")).to_be_visible()


def test_an_address_that_is_none_breaks_nothing(web_lab, sign_in):
    page = sign_in()
    for path in ("folder/%ff", "search/%e0%a4", "settings/constructor"):
        page.goto(web_lab.url() + path)
        page.get_by_role("link", name="Inbox").wait_for()


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


def test_what_could_not_be_put_aside_stays_in_its_list(window: Page, web_lab):
    web_lab.send(BOB, "Not put aside", "Words.")
    window.goto(web_lab.url())
    enter(window, web_lab, stays=False)
    rows(window, "Not put aside").click()
    failing(window, "Snooze/set")
    window.keyboard.press("b")
    window.get_by_role("button", name="Tomorrow").first.click()
    expect(window.locator(".toast.problem")).to_be_visible()
    expect(rows(window, "Not put aside")).to_be_visible()


def test_a_list_outlives_a_time_without_answers(window: Page, web_lab):
    web_lab.send(BOB, "There before", "Words.")
    window.goto(web_lab.url())
    enter(window, web_lab, stays=False)
    rows(window, "There before").wait_for()
    failing(window, "Email/")
    web_lab.send(BOB, "Come meanwhile", "Words.")
    expect(window.locator(".toast.problem").first).to_be_visible()
    expect(rows(window, "There before")).to_be_visible()
    window.get_by_role("link", name="Sent").click()
    expect(window.get_by_role("heading", name="Sent")).to_be_visible()
    window.get_by_role("link", name="Inbox").click()
    expect(rows(window, "There before")).to_have_count(0)
    window.unroute(REFUSED)
    web_lab.send(BOB, "Come afterwards", "Words.")
    for subject in ("There before", "Come meanwhile", "Come afterwards"):
        expect(rows(window, subject)).to_be_visible()


def test_thousands_of_recipients_leave_the_text_in_sight(web_lab, sign_in):
    everybody = ", ".join(f"somebody{number}@crepes.test" for number in range(3000))
    head = f"From: alice@crepes.test\r\nTo: bob@hamburger.test\r\nCc: {everybody}\r\nSubject: To everybody\r\nMessage-ID: <everybody@crepes.test>"
    web_lab.hand_in(BOB, f"{head}\r\n\r\nWhat it is about.\r\n".replace(", ", ",\r\n ").encode())
    page = sign_in()
    rows(page, "To everybody").click()
    expect(page.locator(".body.text")).to_be_in_viewport()


def test_one_recipient_takes_one_line(web_lab, sign_in):
    web_lab.send(BOB, "For one", "Words.")
    page = sign_in()
    rows(page, "For one").click()
    who = page.locator(".recipients summary span")
    expect(who).to_have_text("to me")
    line_height = who.evaluate("(line) => parseFloat(getComputedStyle(line).lineHeight)")
    assert who.bounding_box()["height"] == pytest.approx(line_height, abs=2)


def test_a_page_of_short_quotations_is_drawn_at_once(web_lab, sign_in):
    head = "From: alice@crepes.test\r\nTo: bob@hamburger.test\r\nSubject: Quoted by turns\r\nMessage-ID: <quotations@crepes.test>"
    text = "a\r\n>b\r\n" * 40_000
    web_lab.hand_in(BOB, f"{head}\r\n\r\n{text}".encode())
    page = sign_in()
    rows(page, "Quoted by turns").click()
    expect(page.locator(".body.text")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("heading", name="Quoted by turns")).to_be_focused()


def test_every_message_of_a_long_conversation_can_be_read(web_lab, sign_in):
    first = web_lab.send(BOB, "Long story", "The beginning of it.")
    for number in range(1, 220):
        web_lab.send(BOB, "Re: Long story", f"Part {number} of it.", first)
    page = sign_in()
    rows(page, "Long story").click()
    expect(page.locator(".message")).to_have_count(220)
    page.locator(".message .sender").first.click()
    expect(page.locator(".message").first).to_contain_text("The beginning of it.")
    expect(page.locator(".message").first.locator(".body.text")).to_be_visible()


def test_cursor_and_mark_go_along_when_an_answer_comes(web_lab, sign_in):
    first = web_lab.send(BOB, "Answered meanwhile", "A question.")
    web_lab.send(BOB, "Above the answered", "Words.")
    page = sign_in()
    rows(page, "Above the answered").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    web_lab.send(BOB, "Re: Answered meanwhile", "An answer.", first)
    expect(page.locator(".row").first).to_contain_text("Answered meanwhile")
    expect(rows(page, "Answered meanwhile")).to_have_class(re.compile("cursor"))
    expect(rows(page, "Answered meanwhile").get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(rows(page, "Answered meanwhile")).to_have_count(0)
    expect(rows(page, "Above the answered")).to_be_visible()
