"""DKIM: signatures of domains over messages, verified and made (RFC 6376, RFC 8301, RFC 8463)."""
