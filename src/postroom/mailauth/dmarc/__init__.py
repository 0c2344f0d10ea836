"""DMARC (RFC 9989, RFC 7489): whether the author's domain stands behind a message, and what it asks for when it does not."""
