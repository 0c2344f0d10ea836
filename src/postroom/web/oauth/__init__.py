"""OAuth 2.1 for mail programs: how a program gets a bearer token without ever seeing the password."""
