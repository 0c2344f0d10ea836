"""SMTP, submission and LMTP sessions."""
