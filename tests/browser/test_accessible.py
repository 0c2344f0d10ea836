"""Every screen as axe-core sees it, wide and on a phone, light and dark, from left to right and from right to left; and a walk by the keyboard alone."""

import imaplib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

ALICE = "alice@crepes.test"
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HTML = "<p>Hello <b>Bob</b>, see <a href='https://crepes.test/'>the menu</a>.</p>"

VARIANTS = {
    "wide-light-en": ("en-GB", 1280, "light"),
    "wide-dark-ar": ("ar", 1280, "dark"),
    "phone-light-ar": ("ar", 390, "light"),
    "phone-dark-de": ("de-DE", 390, "dark"),
}


def violations(page: Page) -> list[str]:
    """What axe finds, each with its place."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations.flatMap("
        "(one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`))",
        TAGS,
    )
    return list(found)


def enter(page: Page, web_lab: Any) -> None:
    """Signs Alice in, whatever language the page speaks."""
    page.locator("input[name=username]").fill(ALICE)
    page.locator("input[name=password]").fill(web_lab.password(ALICE))
    page.locator("input[name=stay]").check()
    page.locator("button[type=submit]").click()
    page.locator(".list-head").wait_for()


def fill(web_lab: Any) -> None:
    """A message of several parts, a conversation of several messages, a folder with one in it."""
    web_lab.send(ALICE, "For everybody", "Plain text.\n\n> quoted\n", html=HTML, attachment="menu.pdf")
    first = web_lab.send(ALICE, "At length", "One.")
    for text in ("Two.", "Three."):
        web_lab.send(ALICE, "Re: At length", text, reply_to=first)
    imap = imaplib.IMAP4("127.0.0.1", web_lab.facts["domains"]["crepes.test"]["imap"])
    imap.login(ALICE, web_lab.password(ALICE))
    imap.create("Above/Below")
    imap.logout()


def open_menu(page: Page) -> None:
    """The menu of the account."""
    page.locator(".top .popup button").last.click()
    page.locator(".menu").wait_for()


def a_conversation(page: Page) -> None:
    """The first of the list, opened."""
    page.goto(page.url.partition("/mail/")[0] + "/mail/folder/inbox")
    page.locator(".row:not(.waiting)").first.click()
    page.locator(
        ".message.open .body:not([aria-busy]), .message.open iframe:not([aria-hidden])"
    ).first.wait_for()


def a_contact(page: Page) -> None:
    """A contact with something of everything."""
    page.goto(page.url.partition("/mail/")[0] + "/mail/contacts/new")
    fields = page.locator(".contact-form input")
    fields.nth(0).fill("Dagobert")
    fields.nth(1).fill("Duck")
    page.locator(".contact-form .lines .tool").nth(0).click()
    page.locator(".line-field input").first.fill("dagobert@x.test")
    page.locator(".contact-form .primary").click()
    page.locator(".contact-head").wait_for()


def go_to(path: str, what: str) -> Callable[[Page], None]:
    """A step: an address, and what shows that it is there."""

    def step(page: Page) -> None:
        page.goto(page.url.partition("/mail/")[0] + "/mail/" + path)
        page.locator(what).first.wait_for()

    return step


def import_dialog(page: Page) -> None:
    """The window for files of contacts."""
    page.goto(page.url.partition("/mail/")[0] + "/mail/contacts")
    page.locator(".contact-list .popup button").click()
    page.locator(".menu button").nth(1).click()
    page.locator("dialog[open]").wait_for()


def marked(page: Page) -> None:
    """A list of which something is marked."""
    go_to("folder/inbox", ".row:not(.waiting)")(page)
    page.locator(".list-head input").check()


def a_long_conversation(page: Page) -> None:
    """One of several messages, all of them open."""
    go_to("folder/inbox", ".row:not(.waiting)")(page)
    page.locator(".row", has_text="At length").first.click()
    page.locator(".message.open .recipients").first.wait_for()
    while (folded := page.locator(".message:not(.open) .message-head")).count():
        folded.first.click()
    page.locator(".message.open .recipients").nth(2).wait_for()


def writing(page: Page) -> None:
    """A window in which a message is written, over the list."""
    go_to("folder/inbox", ".row:not(.waiting)")(page)
    page.locator(".compose-button:visible, .floating-write:visible").first.click()
    page.locator(".compose [role=toolbar]").wait_for()


def the_keys(page: Page) -> None:
    """The keys, over the list."""
    go_to("folder/inbox", ".row:not(.waiting)")(page)
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()


SCREENS: dict[str, Callable[[Page], None]] = {
    "list": go_to("folder/inbox", ".row:not(.waiting)"),
    "marked": marked,
    "conversation": a_conversation,
    "menu": open_menu,
    "empty": go_to("folder/trash", ".empty"),
    "contact": a_contact,
    "contacts": go_to("contacts", ".contact-row"),
    "form": go_to("contacts/new", ".contact-form"),
    "import": import_dialog,
    "long conversation": a_long_conversation,
    "keys": the_keys,
    "settings": go_to("settings/security", ".settings h2"),
    "writing": writing,
}


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core (npm ci in frontend/)")
@pytest.mark.parametrize("variant", VARIANTS)
def test_axe_finds_nothing(variant: str, chromium: Browser, web_lab: Any) -> None:
    language, width, scheme = VARIANTS[variant]
    fill(web_lab)
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        locale=language,
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(web_lab.url(ALICE))
    page.locator("input[name=username]").wait_for()
    found = {"sign-in": violations(page)}
    enter(page, web_lab)
    for name, step in SCREENS.items():
        step(page)
        found[name] = violations(page)
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, f"{name} is wider than its window"
    context.close()
    assert not any(found.values()), "\n".join(
        f"{name}: {one}" for name, each in found.items() for one in each
    )


def test_by_the_keyboard_alone(web_lab: Any, sign_in: Callable[..., Page]) -> None:
    web_lab.send(ALICE, "Keys first", "One.")
    web_lab.send(ALICE, "Keys second", "Two.")
    page = sign_in(ALICE)
    a_contact(page)
    page.goto(web_lab.url(ALICE))
    page.get_by_text("Keys second").first.wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the list")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keys first")).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Contacts")).to_be_visible()
    page.locator(".contact-row").first.wait_for()
    page.get_by_role("searchbox", name="Find a contact").focus()
    for _ in range(2 if page.get_by_label("Which contacts are shown").count() else 1):
        page.keyboard.press("Tab")
    expect(page.locator(".contact-row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".contact-head")).to_be_visible()
    rows = page.locator(".row")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(rows.first).to_have_attribute("aria-posinset", "1")
    assert int(rows.first.get_attribute("aria-setsize") or 0) >= 2


def test_the_focus_stays_near_when_a_menu_or_a_conversation_is_closed(
    web_lab: Any, sign_in: Callable[..., Page]
) -> None:
    web_lab.send(ALICE, "Focus first", "One.")
    page = sign_in(ALICE)
    page.get_by_role("listitem").filter(has_text="Focus first").click()
    expect(page.get_by_role("heading", name="Focus first")).to_be_focused()
    menu = page.get_by_role("button", name="More about this message")
    menu.press("Enter")
    page.evaluate("window.print = () => undefined")
    page.get_by_role("button", name="Print").press("Enter")
    expect(menu).to_be_focused()
    page.keyboard.press("u")
    expect(page.get_by_role("link", name="Focus first")).to_be_focused()
    account = page.get_by_role("button", name="Account")
    account.press("Enter")
    page.get_by_role("button", name="Show the keys").press("Enter")
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(account).to_be_focused()


def test_the_mailboxes_of_a_phone_by_the_keyboard(sign_in: Callable[..., Page]) -> None:
    page = sign_in(ALICE)
    page.set_viewport_size({"width": 390, "height": 800})
    button = page.get_by_role("button", name="Show mailboxes")
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("link", name="Inbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.locator(".sidebar")).not_to_be_visible()
    button.press("Enter")
    page.get_by_role("link", name="Sent").press("Enter")
    expect(page.get_by_role("heading", name="Sent")).to_be_visible()
    expect(page.locator(".sidebar")).not_to_be_visible()
    expect(button).to_be_focused()


@pytest.mark.parametrize("by", ["Enter", "button"])
def test_the_focus_stays_where_it_was_when_one_is_not_let_in(page: Page, web_lab: Any, by: str) -> None:
    page.goto(web_lab.url(ALICE))
    page.get_by_label("Address").fill(ALICE)
    password = page.get_by_label("Password")
    password.fill("wrong")
    button = page.get_by_role("button", name="Sign in", exact=True)
    (password if by == "Enter" else button).press("Enter")
    expect(page.get_by_role("alert")).not_to_be_empty()
    expect(password if by == "Enter" else button).to_be_focused()


def test_the_focus_of_the_list_shows_on_rows_that_are_marked(
    web_lab: Any, sign_in: Callable[..., Page]
) -> None:
    web_lab.send(ALICE, "Marked and focused", "One.")
    page = sign_in(ALICE)
    row = page.locator(".row:not(.waiting)").first.bounding_box()
    assert row is not None
    edge: FloatRect = {"x": row["x"] + 1, "y": row["y"] + row["height"] / 2, "width": 1, "height": 1}
    page.locator(".list-head input").press("Space")
    expect(page.locator(".row.on").first).to_be_visible()
    before = page.screenshot(clip=edge)
    page.locator(".rows").focus()
    assert page.screenshot(clip=edge) != before
