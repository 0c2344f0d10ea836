"""The Authenticated Received Chain: what those on the way found out, sealed (RFC 8617)."""
