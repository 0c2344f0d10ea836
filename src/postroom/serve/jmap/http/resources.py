"""JMAP over HTTP, whole: the application with all its resources."""

from __future__ import annotations

from postroom.serve.jmap.http import eventsource, transfer, websocket, zipped
from postroom.serve.jmap.http.http import JmapApp
from postroom.serve.jmap.methods.call import JmapService


def jmap_app(service: JmapService) -> JmapApp:
    """The application that a server mounts."""
    return JmapApp(
        service, {**transfer.RESOURCES, **zipped.RESOURCES, **eventsource.RESOURCES, **websocket.RESOURCES}
    )
