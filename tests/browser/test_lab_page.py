"""The lab's page in Chromium: a first mail, everything that it causes line by line, explained, filtered, saved; switches; axe; the keyboard alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from running import Running, at_home
from web_lab import WebLab

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebLab]:
    """A lab of its own: what is shown is what these tests have done."""
    home = tmp_path_factory.mktemp("home")
    running = Running(["lab", "--json", "--ephemeral", "--base-port", "0"], at_home(home), home / "log")
    yield WebLab(running.facts)
    running.stop()


@pytest.fixture
def front(page: Page, lab: WebLab) -> Page:
    """The page, drawn."""
    page.goto(lab.facts["page"])
    expect(page.get_by_role("heading", name="hamburger.test")).to_be_visible()
    return page


def lines(page: Page, text: str | re.Pattern[str]) -> Locator:
    """The lines of the live view that have this text."""
    return page.locator("#lines button.line").filter(has_text=text)


def send(page: Page, subject: str) -> None:
    """The first mail, from the form; returns when it is where it is to be."""
    page.get_by_label("Subject").fill(subject)
    page.get_by_role("button", name="Send by SMTP").click()
    expect(page.locator("#send .said")).to_contain_text("The server said: 250 2.0.0 Ok: queued as J")
    expect(lines(page, "relayed to mail.hamburger.test")).not_to_have_count(0)


def test_who_is_who(front: Page, lab: WebLab) -> None:
    for address, password in lab.facts["accounts"].items():
        expect(front.locator("#servers")).to_contain_text(address)
        expect(front.locator("#servers")).to_contain_text(password)
    front.get_by_text("Ports").first.click()
    ports = lab.facts["domains"]["crepes.test"]
    expect(front.locator("#servers table").first).to_contain_text(str(ports["submission"]))
    with front.expect_popup() as opened:
        front.get_by_role("link", name="Web mail of hamburger.test").click()
    opened.value.get_by_label("Address").wait_for()
    opened.value.close()


def test_the_first_mail_and_all_that_it_causes(front: Page) -> None:
    front.get_by_label("Subject").fill("It's me")
    command = "echo 'Do you like ketchup?' | postroom mail --as alice@crepes.test send bob@hamburger.test --subject 'It'\\''s me'"
    expect(front.locator("#command")).to_have_text(command)
    send(front, "Ketchup")
    asked = lines(front, "MX hamburger.test = 10 mail.hamburger.test.").first
    expect(asked).to_contain_text("?")
    expect(lines(front, "STARTTLS").filter(has_text="<-")).not_to_have_count(0)
    expect(lines(front, "TLS from here on")).to_have_count(2)
    expect(lines(front, "RCPT TO:<bob@hamburger.test>").filter(has_text="<~")).to_have_count(2)
    expect(lines(front, "250 2.1.5").filter(has_text="~>")).to_have_count(2)
    grown = lines(front, "Authentication-Results so far").all_text_contents()
    assert [text.count(" pass") for text in grown] == [2, 5, 6]
    assert "dmarc pass" in grown[-1]
    expect(lines(front, "<bob@hamburger.test> filed in INBOX")).to_have_count(1)
    expect(front.locator("#newest")).to_be_hidden()  # the view follows what comes


def test_a_line_is_explained_with_its_section(front: Page) -> None:
    send(front, "Explained")
    line = lines(front, "RCPT TO:<bob@hamburger.test>").first
    line.click()
    row = line.locator("xpath=..")
    expect(row.locator(".means")).to_contain_text("Names one recipient.")
    link = row.get_by_role("link", name="RFC 5321 §4.1.1.3")
    expect(link).to_have_attribute("href", "https://www.rfc-editor.org/rfc/rfc5321#section-4.1.1.3")
    line.click()
    expect(row.locator(".means")).to_have_count(0)
    checked = lines(front, "dmarc pass").first
    checked.click()
    expect(front.locator(".means .field")).to_contain_text(
        "Authentication-Results: mail.hamburger.test; iprev=pass"
    )


def test_pause_filters_and_clear(front: Page, lab: WebLab) -> None:
    send(front, "Filtered")
    front.get_by_role("button", name="Pause", exact=True).click()
    before = front.locator("#lines li").count()
    lab.send("bob@hamburger.test", "While it is paused", "x")
    expect(front.locator("#state")).to_contain_text(re.compile(r"paused, [1-9]"))
    assert front.locator("#lines li").count() == before
    front.get_by_role("button", name="Go on").click()
    expect(lines(front, "While it is paused")).not_to_have_count(0)

    front.get_by_label("Protocol").select_option("dns")
    expect(front.locator("#lines li:not(.of-dns)")).to_have_count(0)
    front.get_by_label("Protocol").select_option("mail")
    front.locator("#by-server").select_option("crepes.test")
    expect(front.locator('#lines li:not([data-lane="0"])')).to_have_count(0)
    front.locator("#by-server").select_option("")
    whose = lines(front, "EHLO").last.locator(".whose").text_content() or ""
    front.locator("#by-connection").fill(whose.partition("#")[2])
    expect(lines(front, whose)).not_to_have_count(0)
    assert set(front.locator("#lines .whose").all_text_contents()) == {whose}
    front.locator("#by-connection").fill("")
    front.get_by_role("button", name="Messages' text").click()
    expect(front.locator("#lines li.content")).to_have_count(0)
    front.get_by_role("button", name="Messages' text").click()
    front.locator("#by-text").fill("nothing has this")
    expect(front.get_by_text("Nothing fits what is chosen above.")).to_be_visible()
    front.locator("#by-text").fill("")
    front.get_by_role("button", name="Clear").click()
    expect(front.get_by_text("Nothing has happened yet.")).to_be_visible()
    lab.send("bob@hamburger.test", "After that", "x")
    expect(lines(front, "After that")).not_to_have_count(0)


def test_it_is_saved_as_text_and_as_json(front: Page, tmp_path: Path) -> None:
    send(front, "Saved")
    front.get_by_label("Protocol").select_option("smtp")

    def saved(button: str) -> str:
        with front.expect_download() as waiting:
            front.get_by_role("button", name=button).click()
        waiting.value.save_as(tmp_path / button)
        return (tmp_path / button).read_text("utf-8")

    assert re.search(r"hamburger\.test smtp #\d+ +<~  RCPT TO:<bob@hamburger\.test>\n", saved("Save as text"))
    found = json.loads(saved("Save as JSON"))
    assert {one["service"] for one in found} <= {"smtp", "submission", "lmtp", "submissions"}
    assert any(one.get("source") == "RFC 5321 §4.1.1.3" for one in found)


def test_the_clock_is_moved(front: Page) -> None:
    expect(front.locator("#clock")).not_to_contain_text("moved")
    front.get_by_text("Faults and the clock").click()
    front.get_by_role("button", name="+1 h").click()
    expect(front.locator("#clock")).to_contain_text("moved ahead")


def test_faults_are_switched_on_and_off(front: Page, lab: WebLab) -> None:
    front.get_by_text("Faults and the clock").click()
    panel, on = front.locator("#panel"), front.locator("#on-now")
    expect(on).to_have_text("Nothing is wrong on purpose.")
    panel.get_by_label("A known trouble").select_option("no-mx@hamburger.test")
    panel.get_by_role("button", name="Switch on").first.click()
    expect(on).to_contain_text("no-mx@hamburger.test")
    expect(front.locator("#switched-on")).to_have_text("1 on")

    panel.get_by_label("At", exact=True).fill("rcpt")
    panel.get_by_label("Reply").fill("451 4.2.1 Not today")
    panel.get_by_label("So many times").fill("2")
    panel.get_by_label("Recipient").fill("bob@*")
    panel.get_by_label("Further").fill("domain=crepes.test")
    panel.get_by_role("button", name="Switch on").last.click()
    expect(on).to_contain_text("rcpt: reply 451 4.2.1 Not today")
    front.get_by_role("button", name="Send by SMTP").click()
    expect(front.locator("#send .said")).to_contain_text("451 4.2.1 Not today")
    expect(on).to_contain_text("happened once")

    panel.get_by_label("At", exact=True).fill("rctp")
    panel.get_by_role("button", name="Switch on").last.click()
    expect(front.locator("#fault-said")).to_contain_text("did you mean rcpt?")
    on.get_by_role("button", name="Switch off no-mx").click()
    expect(on).not_to_contain_text("no-mx@")
    on.get_by_role("button", name="All off").click()
    expect(front.locator("#switched-on")).to_have_text("all is well")


def test_a_refusal_is_said_with_the_servers_words(front: Page, lab: WebLab) -> None:
    front.get_by_label("To", exact=True).fill("bob@hamburger.test, nobody@crepes.test")
    front.get_by_role("button", name="Send by SMTP").click()
    expect(front.locator("#send .said")).to_contain_text("nobody@crepes.test was refused: 550 5.1.1")


FILL = """async ([one, most]) => {
    const { Live } = await import("/page/live.js");
    const live = new Live();
    live.came(Array.from({ length: most }, (_, at) => ({ ...one, seq: 1e6 + at })));
    window.more = () => live.came([{ ...one, seq: 1e6 + most }]);
}"""


def test_who_is_at_a_line_that_goes_stays_among_the_lines(front: Page) -> None:
    """The oldest goes when more than a thousand have come; and those of other connections with a key."""
    send(front, "Place")
    with front.expect_download() as waiting:
        front.get_by_role("button", name="Save as JSON").click()
    one = next(one for one in json.loads(waiting.value.path().read_text("utf-8")) if one["connection"])
    front.get_by_role("button", name="Pause", exact=True).click()  # the page's own lines come no more
    front.evaluate(FILL, [one, 2000])
    first = front.locator("#lines button.line").first
    expect(front.locator("#lines li")).to_have_count(1000)
    first.focus()
    gone = first.locator("..").get_attribute("data-seq")
    front.evaluate("window.more()")
    expect(front.locator(f"#lines li[data-seq='{gone}']")).to_have_count(0)
    expect(first).to_be_focused()
    line = front.locator("#lines button.line").nth(7)
    line.focus()
    seq = line.locator("..").get_attribute("data-seq")
    front.keyboard.press("o")
    expect(front.locator(f"#lines li[data-seq='{seq}'] button.line")).to_be_focused()


def test_by_the_keyboard_alone(front: Page) -> None:
    send(front, "Keys")
    front.get_by_role("button", name="Pause", exact=True).click()  # else the first go, and the last is not
    front.locator("#lines button.line[tabindex='0']").focus()
    front.keyboard.press("Home")
    front.keyboard.press("ArrowDown")
    second = front.locator("#lines li").nth(1).locator("button.line")
    expect(second).to_be_focused()
    front.keyboard.press("Enter")
    expect(second).to_have_attribute("aria-expanded", "true")
    front.keyboard.press("End")
    expect(front.locator("#lines li").last.locator("button.line")).to_be_focused()
    assert front.locator("#lines button.line[tabindex='0']").count() == 1


@pytest.mark.skipif(not AXE.exists(), reason="needs axe-core (npm ci in frontend/)")
@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]
)
def test_axe_finds_nothing(width: int, scheme: str, chromium: Browser, lab: WebLab) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(lab.facts["page"])
    lab.send("bob@hamburger.test", "For axe", "x")
    page.get_by_text("Faults and the clock").click()
    page.get_by_role("button", name="Large type").click()
    for line in (lines(page, "Authentication-Results so far").last, lines(page, "250 2.0.0").last):
        line.click()
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ['violations'] })).violations.flatMap("
        "(one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`))",
        TAGS,
    )
    assert found == []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    context.close()


def test_what_is_switched_on_is_seen_in_high_contrast(chromium: Browser, lab: WebLab) -> None:
    context = chromium.new_context(forced_colors="active", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(lab.facts["page"])
    pause = page.locator("#pause")
    page.locator("h1").click()
    before = pause.screenshot()
    pause.evaluate("(one) => one.setAttribute('aria-pressed', 'true')")
    assert pause.screenshot() != before
    context.close()


def test_one_click_into_both_web_mails(front: Page, lab: WebLab) -> None:
    """Alice and Bob side by side in one browser: signing one in does not sign the other out."""
    lab.send("alice@crepes.test", "For Alice", "x")
    lab.send("bob@hamburger.test", "For Bob", "x")
    windows = {}
    for address, subject in (("alice@crepes.test", "For Alice"), ("bob@hamburger.test", "For Bob")):
        with front.expect_popup() as opened:
            front.get_by_role("button", name=f"Read mail of {address}").click()
        windows[subject] = opened.value
        expect(opened.value.get_by_role("heading", name="Inbox")).to_be_visible(timeout=30_000)
        expect(opened.value.get_by_text(subject).first).to_be_visible()
        assert opened.value.url.startswith(lab.url(address))
    for subject, window in windows.items():
        window.reload()
        expect(window.get_by_text(subject).first).to_be_visible()
        window.close()


def test_one_click_that_does_not_work_says_why(front: Page, lab: WebLab) -> None:
    front.evaluate("window.open = () => null")
    front.get_by_role("button", name="Read mail of bob@hamburger.test").click()
    said = front.locator(".people li").filter(has_text="bob@hamburger.test").locator(".said")
    expect(said).to_contain_text(f"the browser has opened no window: {lab.url()}", timeout=30_000)
    front.route("**/page/sign-in", lambda route: route.fulfill(status=422, body="The server said no"))
    front.get_by_role("button", name="Read mail of bob@hamburger.test").click()
    expect(said).to_have_text("The server said no")
