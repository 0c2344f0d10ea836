"""POP3 (RFC 1939) and its extensions, both ends: commands, responses and session state. No sockets, no mailbox."""
