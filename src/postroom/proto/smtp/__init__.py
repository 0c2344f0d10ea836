"""SMTP (RFC 5321) and LMTP (RFC 2033), both ends: grammar, replies, extensions and session state. No sockets."""
