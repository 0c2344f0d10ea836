"""Searching, doing something to all that is found, labels, and the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

BOB = "bob@hamburger.test"
ALICE = "alice@crepes.test"


@pytest.fixture
def row(page):
    """The row of a conversation by its subject."""
    return lambda subject: page.get_by_role("listitem").filter(has_text=subject)


@pytest.fixture
def box(page):
    """The search box."""
    return page.get_by_role("combobox", name="Search mail")


def test_text_and_form_are_the_same_search(web_lab, sign_in, row, box, page):
    web_lab.send(BOB, "Gherkins with paper", "About gherkins.", attachment="gherkin.pdf")
    web_lab.send(BOB, "Gherkins alone", "Green gherkins without paper.")
    sign_in()
    page.keyboard.press("/")
    page.keyboard.type("gherkins su")
    page.get_by_role("option", name="subject:").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("gherkins subject:")
    page.keyboard.type("alone")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="What is searched for")).to_contain_text("“alone” in the subject")
    expect(row("Gherkins alone").locator("mark").first).to_have_text("Gherkins")
    expect(row("Gherkins with paper")).to_have_count(0)
    page.get_by_role("button", name="Search by form").click()
    expect(page.get_by_label("Subject", exact=True)).to_have_value("alone")
    page.get_by_label("Subject", exact=True).fill("")
    page.get_by_label("Has an attachment").check()
    expect(box).to_have_value("gherkins has:attachment")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(row("Gherkins with paper")).to_be_visible()
    expect(row("Gherkins alone")).to_have_count(0)
    page.reload()
    expect(row("Gherkins with paper")).to_be_visible()
    expect(box).to_have_value("gherkins has:attachment")
    row("Gherkins with paper").click()
    expect(page.get_by_role("heading", name="Gherkins with paper")).to_be_visible()


def test_a_mistake_is_told_where_it_is(sign_in, box, page):
    sign_in()
    box.fill("ketchup form:alice")
    expect(page.locator("#search-mistakes mark")).to_have_text("form:alice")
    expect(page.locator("#search-mistakes")).to_contain_text("from:")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_all_that_matches_is_moved_and_comes_back(web_lab, sign_in, row, box, page):
    for number in range(65):
        web_lab.send(ALICE, f"Pancake {number}", "Flat.")
    web_lab.send(ALICE, "Waffle", "Not flat.")
    sign_in(ALICE)
    box.fill("pancake")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Search: pancake").wait_for()
    row("Pancake 64").wait_for()
    page.get_by_label("Select all that are loaded").check()
    page.get_by_role("button", name="Select all 65 conversations in Search: pancake").click()
    expect(page.get_by_text("All 65 messages in Search: pancake are selected.")).to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_text("65 messages changed")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(row("Waffle")).to_be_visible()
    expect(row("Pancake")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row("Pancake 63")).to_be_visible()
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Recent changes of many messages").click()
    expect(page.get_by_role("dialog")).to_contain_text("taken back")


def test_by_the_keyboard_alone(web_lab, sign_in, row, page):
    web_lab.send(BOB, "Keys only", "No mouse.")
    sign_in()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next conversation")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("subject:keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search: subject:keys")).to_be_visible()
    expect(row("Keys only")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Keys only")).to_be_visible()
    page.keyboard.press("l")
    page.keyboard.type("Errands")
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Labels")).to_contain_text("Errands")
    page.keyboard.press("s")
    expect(row("Keys only").get_by_role("button", name="Star")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("u")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Starred")).to_be_visible()
    expect(row("Keys only")).to_contain_text("Errands")
    page.get_by_role("navigation", name="Mailboxes").get_by_role("link", name="Errands").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Errands")).to_be_visible()
    expect(row("Keys only")).to_be_visible()


def test_other_keys_in_every_browser(web_lab, sign_in, row, page, chromium):
    web_lab.send(BOB, "Other keys", "Archived by q.")
    sign_in()
    page.keyboard.press("g")
    page.keyboard.press("k")
    page.get_by_role("button", name="Other keys for: Archive").click()
    page.keyboard.press("j")
    expect(page.get_by_text("These keys belong to: Next conversation")).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.press("q")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Conversations")).to_contain_text(re.compile("Archive.*q"))
    other = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
    other.goto(web_lab.url())
    other.get_by_label("Address").fill(BOB)
    other.get_by_label("Password").fill(web_lab.password(BOB))
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("listitem").filter(has_text="Other keys").click()
    expect(other.get_by_role("toolbar").get_by_role("button", name="Archive", exact=True)).to_have_attribute(
        "aria-keyshortcuts", "q"
    )
    other.keyboard.press("e")
    other.keyboard.press("q")
    expect(other.get_by_text("Conversation archived")).to_be_visible()
    other.context.close()
    page.get_by_role("button", name="The usual keys for: Archive").click()
    page.get_by_label("Letters, digits and signs are keys of commands").uncheck()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Keyboard", level=1)).to_be_visible()
    page.get_by_label("Letters, digits and signs are keys of commands").check()


def test_put_aside_and_back(web_lab, sign_in, row, page):
    web_lab.send(BOB, "Not now", "Later.")
    sign_in()
    row("Not now").click()
    expect(page.get_by_role("heading", name="Not now")).to_be_visible()
    page.keyboard.press("b")
    page.get_by_role("button", name="Tomorrow").click()
    expect(row("Not now")).to_have_count(0)
    page.get_by_role("link", name="Snoozed").click()
    expect(row("Not now")).to_contain_text("until")
    row("Not now").click()
    page.get_by_role("button", name="Bring back now").click()
    expect(row("Not now")).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Inbox")).click()
    expect(row("Not now")).to_be_visible()
    expect(row("Not now")).not_to_have_class(re.compile("unread"))
    page.evaluate(SNOOZE_A_SECOND)
    expect(row("Not now")).to_have_class(re.compile("unread"))  # the server has woken it


# What no clock of a form offers: until the next second.
SNOOZE_A_SECOND = """async () => {
  const session = await (await fetch("/jmap/session", { headers: { "x-postroom": "1" } })).json();
  const accountId = session.primaryAccounts["urn:ietf:params:jmap:mail"];
  const call = async (...methodCalls) => (await (await fetch("/jmap/api", {
    method: "POST", headers: { "x-postroom": "1", "content-type": "application/json" },
    body: JSON.stringify({ using: Object.keys(session.capabilities), methodCalls }),
  })).json()).methodResponses[0][1];
  const { ids } = await call(["Email/query", { accountId, filter: { subject: "Not now" } }, "q"]);
  const until = new Date(Date.now() + 2000).toISOString().slice(0, 19) + "Z";
  await call(["Snooze/set", { accountId, create: { k: { emailId: ids[0], until } } }, "s"]);
}"""
