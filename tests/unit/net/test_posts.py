"""POSTs to addresses that strangers have named."""

import pytest

from postroom.net.https import NotFetched
from postroom.net.posts import MAX_ANSWER, post_form
from postroom.proto.http.client import Request, Response


class Asked:
    """In place of a `Web`: what was asked, and an answer."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def ask(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(302, {"location": "https://elsewhere.test/"})


async def test_a_post_is_small_and_says_nothing_of_who_asks() -> None:
    web = Asked()
    assert await post_form(web, "https://list.test/u?x=1", b"List-Unsubscribe=One-Click") == 302
    (request,) = web.requests  # nothing is followed
    assert (request.host, request.target, request.method, request.most) == (
        "list.test",
        "/u?x=1",
        "POST",
        MAX_ANSWER,
    )
    octets = request.octets().decode()
    assert octets.endswith("Content-Length: 26\r\n\r\nList-Unsubscribe=One-Click")
    for word in ("Cookie", "Referer", "Authorization"):
        assert word not in octets


@pytest.mark.parametrize(
    "url",
    ["http://list.test/", "https://list.test:22/", "https://u:p@list.test/", "https://[::1]/", "ftp://x.test/", "https://", "https://a b/"],
)  # fmt: skip
async def test_what_is_not_posted_to(url: str) -> None:
    web = Asked()
    with pytest.raises(NotFetched):
        await post_form(web, url, b"")
    assert web.requests == []
