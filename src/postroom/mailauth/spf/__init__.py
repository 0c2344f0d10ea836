"""The Sender Policy Framework (RFC 7208): which hosts may use a domain's name in HELO and MAIL FROM."""
