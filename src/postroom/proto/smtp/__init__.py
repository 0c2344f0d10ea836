"""SMTP and LMTP, both ends, as machines without I/O (RFC 5321, RFC 2033)."""
