"""HTML mail, as somebody reads it who does not want its sender to know."""

import base64
import re

from playwright.sync_api import expect

from web_window import stay

BOB = "bob@hamburger.test"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DOOR = {
    "content-type": "image/png",
    "cross-origin-resource-policy": "cross-origin",
}  # as `web.pictures` answers
HOSTILE = """<html><head><style>p{background:url(http://style.evil.test/a.png)} @import "http://import.evil.test/";</style>
<link rel=stylesheet href="http://link.evil.test/x.css"><meta http-equiv=refresh content="0;url=http://refresh.evil.test/"></head>
<body onload="parent.document.title='taken'"><script>parent.document.title="taken"</script><h1>Menu of the week</h1>
<p>Crepes and more</p><img src="https://pics.evil.test/a.png" width=200 height=100 alt="A crepe"><img src="http://track.evil.test/p" width=1 height=1>
<iframe src="http://frame.evil.test/"></iframe><video src="http://video.evil.test/v"></video><form action="http://form.evil.test/"><input name=x></form>
<a href="https://crepes.test/menu">the menu</a><div class=gmail_quote>Bob wrote:<blockquote>Any news of crepes?</blockquote></div></body></html>"""


def opened(page, subject):
    page.get_by_role("listitem").filter(has_text=subject).click()
    return page.frame_locator('iframe[title="Text of the message"]')


def own(page):
    return re.match(r"https?://[^/]+", page.url)[0]


def test_nothing_is_fetched_from_anywhere(web_lab, sign_in):
    web_lab.send(BOB, "Hostile menu", "plain", html=HOSTILE)
    page = sign_in()
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    text = opened(page, "Hostile menu")
    expect(text.get_by_role("heading", name="Menu of the week")).to_be_visible()
    expect(text.get_by_role("link", name="the menu")).to_have_attribute("rel", re.compile("noopener"))
    expect(page.get_by_text(re.compile(r"pictures? from .*pics\.evil\.test.* not shown"))).to_be_visible()
    expect(text.get_by_text("Any news of crepes?")).to_have_count(0)
    page.get_by_role("button", name="Show what is quoted").click()
    expect(text.get_by_text("Any news of crepes?")).to_be_visible()
    frame = page.locator('iframe[title="Text of the message"]')
    expect(frame).to_have_attribute("sandbox", "allow-popups allow-popups-to-escape-sandbox")
    assert frame.bounding_box()["height"] > 200  # all of it is seen, without a bar
    assert "taken" not in page.title()
    foreign = [url for url in asked if not url.startswith((own(page), "data:", "blob:", "about:"))]
    assert (foreign, [url for url in asked if "/mail/image/" in url]) == ([], [])


def test_pictures_come_through_our_own_door(web_lab, window):
    """In a window whose complaints do not count: of frames that are replaced at once it says that their pictures were blocked."""
    web_lab.send(BOB, "Picture menu", "plain", html=HOSTILE)
    web_lab.submit(BOB, "Another menu", HOSTILE)
    page = window
    stay(page, web_lab)
    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.context.route("**/mail/image/**", lambda route: route.fulfill(body=PNG, headers=DOOR))
    text = opened(page, "Picture menu")
    with page.expect_request("**/mail/image/**") as request:
        page.get_by_role("button", name="Show pictures").click()
    assert request.value.url.startswith(own(page))
    expect(text.get_by_role("img", name="A crepe")).to_be_visible()
    expect(page.get_by_role("button", name="Always for alice@crepes.test")).to_have_count(0)
    page.get_by_role("listitem").filter(has_text="Another menu").click()
    page.get_by_role("button", name="Always for alice@crepes.test").click()
    expect(
        page.get_by_text(re.compile(r"Pictures from .*pics\.evil\.test.* came by way of your server"))
    ).to_be_visible()
    web_lab.send(BOB, "False menu", "plain", html=HOSTILE)
    page.get_by_role("listitem").filter(has_text="False menu").click()
    expect(page.get_by_role("button", name="Show pictures")).to_be_visible()  # it only says that it is hers
    page.get_by_role("listitem").filter(has_text="Another menu").click()
    page.get_by_role("button", name="No longer for alice@crepes.test").click()
    expect(page.get_by_role("button", name="Show pictures")).to_be_visible()
    assert not [url for url in asked if "evil.test" in url.split("/mail/image/")[0]]


def test_as_plain_text_and_back(web_lab, sign_in):
    web_lab.send(BOB, "Two forms", "The plain form", html="<p>The rich form</p>")
    page = sign_in()
    text = opened(page, "Two forms")
    expect(text.get_by_text("The rich form")).to_be_visible()
    page.get_by_role("button", name="More about this message").click()
    page.get_by_role("button", name="Show as plain text").click()
    expect(
        page.get_by_role("article", name="Message from Alice Crêpe").get_by_text("The plain form")
    ).to_be_visible()
    page.get_by_role("button", name="More about this message").click()
    page.get_by_role("button", name="Show formatted").click()
    expect(text.get_by_text("The rich form")).to_be_visible()


def photo(between: str, *fields: str) -> bytes:
    """A letter as telephones write them: a photo between two texts."""
    text = [f"Content-Type: text/{between}", "", "Look!"]
    picture = [
        "Content-Type: image/png; name=IMG_1.png",
        "Content-Transfer-Encoding: base64",
        *fields,
        "",
        base64.b64encode(PNG).decode(),
    ]
    head = [
        f"Subject: A photo in {between}",
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=b",
        "",
    ]
    return "\r\n".join([*head, "--b", *text, "--b", *picture, "--b", *text, "--b--", ""]).encode()


def test_no_photo_is_left_out(web_lab, sign_in):
    inline = "Content-Disposition: inline; filename=IMG_1.png"
    web_lab.hand_in(BOB, photo("plain", inline))
    web_lab.hand_in(BOB, photo("html", inline, "Content-ID: <one@x.test>"))
    page = sign_in()
    file = page.get_by_role("link", name="IMG_1.png")
    for subject in ("A photo in plain", "A photo in html"):
        page.get_by_role("listitem").filter(has_text=subject).click()
        expect(page.get_by_role("heading", name=subject)).to_be_visible()
        expect(file).to_be_visible()
    page.get_by_role("button", name="Forward", exact=True).last.click()
    dialog = page.get_by_role("dialog", name="Fwd: A photo in html")
    expect(dialog.get_by_text("IMG_1.png")).to_be_visible()


def test_words_in_a_table_stay_whole(web_lab, sign_in):
    rows = "".join(
        f"<tr>{''.join(f'<td>Quantity{row}{column}</td>' for column in range(12))}</tr>" for row in range(3)
    )
    web_lab.send(BOB, "Wide prices", "plain", html=f"<p>{'W' * 400}</p><table>{rows}</table>")
    page = sign_in()
    cell = opened(page, "Wide prices").get_by_role("cell", name="Quantity00")
    expect(cell).to_be_visible()
    lines = "one => one.getClientRects()[0].height / parseFloat(getComputedStyle(one).lineHeight)"
    assert cell.evaluate(lines) < 1.5
    paragraph = opened(page, "Wide prices").locator("p")
    assert paragraph.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_way_within_a_message_leads_nowhere_else(web_lab, sign_in):
    html = "<p><a href='#end'>To the end</a></p><h2><a name=end>The end</a></h2>"
    web_lab.send(BOB, "Contents first", "plain", html=html)
    page = sign_in()
    text = opened(page, "Contents first")
    before = page.evaluate("history.length")
    text.get_by_text("To the end").click()
    page.wait_for_timeout(500)
    expect(text.get_by_role("heading", name="The end")).to_be_visible()
    assert page.evaluate("history.length") == before
