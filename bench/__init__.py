"""`make bench`: how fast Postroom is, beside Postfix and Dovecot on the same disk, in alternating runs. See `bench.__main__`."""
