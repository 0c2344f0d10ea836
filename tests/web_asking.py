"""Requests to a whole server by HTTP: `await ask(server, Ask("/mail/"))`."""

from __future__ import annotations

import http.client
import ssl
from typing import NamedTuple

from whole_server import Running, thread


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    body: str


class Ask(NamedTuple):
    """A request, and how it is sent."""

    path: str
    host: str = "mail.l.test"
    method: str = "GET"
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()


async def ask(server: Running, question: Ask, service: str = "http") -> Answer:
    def work() -> Answer:
        port = server.ports[service]
        if service == "https":
            context = ssl._create_unverified_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "localhost", port, timeout=60, context=context
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Host": question.host, **dict(question.headers)}
        connection.request(question.method, question.path, question.body, headers)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        found = Answer(response.status, names, response.read().decode())
        connection.close()
        return found

    answer: Answer = await thread(work)
    return answer
