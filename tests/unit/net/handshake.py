"""Two ends of TLS in one process."""

from postroom.net.tls.layer import TlsLayer


def shake(client: TlsLayer, server: TlsLayer, cut: int = 1 << 16) -> None:
    """Carries records between the two until both are done, in pieces of `cut` octets."""
    client.begin()
    for _ in range(10):
        for one, other in ((client, server), (server, client)):
            data = one.data_to_send()
            for at in range(0, len(data), cut):
                assert other.receive(data[at : at + cut]) == b""
    assert client.facts is not None
    assert server.facts is not None
