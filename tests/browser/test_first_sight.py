"""What somebody meets in the first minutes who comes from another web mail: rows under the mouse, a phone, a draft that waits, names of two directions."""

import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import expect

BOB = "bob@hamburger.test"
WHITE = '<html><body><div style="background:#ffffff;color:#222"><table bgcolor="#FFFFFF"><tr><td>Bill</td></tr></table></div></body></html>'


@pytest.fixture
def row(page):
    """The row of a conversation by its subject."""
    return lambda subject: page.get_by_role("listitem").filter(has_text=subject)


def send_as(web_lab, name, subject, reply_to=""):
    message = EmailMessage()
    message["From"] = f'"{name}" <{abs(hash(name))}@crepes.test>'
    message["To"] = BOB
    message["Subject"] = subject
    message["Message-ID"] = made = f"<{abs(hash((name, subject)))}@crepes.test>"
    if reply_to:
        message["In-Reply-To"] = message["References"] = reply_to
    message.set_content("A few words.")
    with smtplib.SMTP("127.0.0.1", web_lab.facts["domains"]["hamburger.test"]["smtp"]) as smtp:
        smtp.send_message(message, "alice@crepes.test", [BOB])
    return made


def test_names_of_two_directions_keep_their_order(web_lab, sign_in, row):
    first = send_as(web_lab, "Ada Lovelace", "Two directions")
    send_as(web_lab, "محمد علي", "Re: Two directions", first)
    sign_in()
    names = row("Two directions").locator(".names bdi")
    expect(names).to_have_text(["Ada", "محمد"])
    first_box, second_box = (names.nth(at).bounding_box() for at in (0, 1))
    assert first_box["x"] + first_box["width"] < second_box["x"]


def test_the_mouse_finds_what_can_be_done_with_a_row(web_lab, sign_in, row):
    web_lab.send(BOB, "Under the mouse", "Archive it without opening it.")
    page = sign_in()
    expect(row("Under the mouse").get_by_role("button", name="Archive")).to_have_count(0)
    row("Under the mouse").hover()
    row("Under the mouse").get_by_role("button", name="Mark as read").click()
    expect(row("Under the mouse").get_by_role("button", name="Mark as unread")).to_be_visible()
    row("Under the mouse").get_by_role("button", name="Archive").click()
    expect(row("Under the mouse")).to_have_count(0)
    expect(page.get_by_text("No conversation selected")).to_be_visible()
    page.keyboard.press("z")
    expect(row("Under the mouse")).to_be_visible()


def test_on_a_phone_one_writes_from_the_list(sign_in, page):
    page.set_viewport_size({"width": 390, "height": 800})
    sign_in()
    page.get_by_role("button", name="New message").click()
    expect(page.get_by_role("textbox", name="Subject")).to_be_visible()


@pytest.mark.parametrize("width", [390, 768, 1024, 1280])
def test_it_is_seen_who_wrote(web_lab, sign_in, page, row, width):
    web_lab.send(BOB, f"Who wrote {width}", "Her name and her address are to be read whole.")
    page.set_viewport_size({"width": width, "height": 800})
    sign_in()
    row(f"Who wrote {width}").click()
    sender = page.get_by_role("article", name="Message from Alice").locator(".sender")
    for shown in (sender.locator("strong"), sender.locator(".address")):
        expect(shown).to_be_visible()
        assert shown.evaluate("(one) => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("width", [320, 360, 768])
def test_all_that_can_be_pressed_is_in_sight(web_lab, sign_in, page, row, width):
    web_lab.send(BOB, f"Pressed at {width}", "Words.", attachment=f"{'A very long name ' * 9}.txt")
    page.set_viewport_size({"width": width, "height": 800})
    sign_in()
    row(f"Pressed at {width}").click()
    buttons = page.locator(".toolbar button, .attachments :is(a, button), .message-head button")
    expect(page.get_by_role("button", name="Next conversation")).to_be_visible()
    beyond = "all => all.filter(one => one.getBoundingClientRect().right > innerWidth - 1).map(one => one.ariaLabel || one.textContent)"
    assert buttons.evaluate_all(beyond) == []


def test_a_draft_in_a_conversation_says_so(web_lab, sign_in, row):
    web_lab.send(BOB, "Half an answer", "What do you say?")
    page = sign_in()
    row("Half an answer").click()
    page.get_by_role("button", name="Reply", exact=True).first.click()
    page.locator(".compose-text[contenteditable=true]").click()
    page.keyboard.type("I would say")
    page.get_by_role("button", name="Save and close").click()
    expect(row("Half an answer").locator(".names")).to_have_text("Alice Crêpe, Draft")
    expect(page.locator(".message .sender strong.draft")).to_have_text("Draft")


def test_one_moves_nothing_among_drafts_by_mistake(web_lab, sign_in, row):
    web_lab.send(BOB, "Anywhere else", "But not among drafts.")
    page = sign_in()
    row("Anywhere else").get_by_role("checkbox").check()
    page.keyboard.press("v")
    choices = page.get_by_role("listbox", name="Move to").get_by_role("option")
    expect(choices.first).to_have_text("Archive")
    expect(choices.filter(has_text="Drafts")).to_have_count(0)
    page.keyboard.type("draf")
    expect(choices).to_have_text(["Drafts"])


def test_white_paper_is_the_dark_screens_paper(web_lab, sign_in, page, row):
    web_lab.send(BOB, "White paper", "plain", html=WHITE)
    page.emulate_media(color_scheme="dark")
    sign_in()
    row("White paper").click()
    page.frame_locator('iframe[title="Text of the message"]').get_by_text("Bill").wait_for()
    colours = page.locator("iframe.html-measure").evaluate(
        "(frame) => [...frame.contentDocument.querySelectorAll('div[style], table')].map((one) => frame.contentWindow.getComputedStyle(one).backgroundColor)"
    )
    assert colours == ["rgb(221, 226, 233)"] * 2


def test_the_page_itself_stays_where_it_is(web_lab, sign_in, row):
    first = web_lab.send(BOB, "Scrolled to", "One.")
    page = sign_in()
    row("Scrolled to").click()
    page.get_by_role("article", name="Message from Alice").wait_for()
    web_lab.send(BOB, "Re: Scrolled to", "Two.\n" * 80, first)
    page.reload()
    expect(page.get_by_text("Two.").last).to_be_attached()
    page.evaluate("document.body.scrollBy(0, 50); document.documentElement.scrollBy(0, 50)")
    page.locator(".message").last.evaluate("(one) => one.scrollIntoView({ block: 'start' })")
    assert page.evaluate("document.querySelector('.top').getBoundingClientRect().top") == 0


def test_the_keys_are_a_part_of_the_settings_like_the_others(sign_in):
    page = sign_in()
    page.goto(page.url.partition("/mail/")[0] + "/mail/settings/keyboard")
    parts = page.get_by_role("navigation", name="Settings")
    expect(parts.get_by_role("link", name="Keyboard")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("heading", name="Keyboard", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Other keys for: Archive")).to_be_visible()
    parts.get_by_role("link", name="Storage").click()
    expect(page.get_by_role("heading", name="Storage", level=1)).to_be_visible()
