"""What travels: addresses, envelopes, headers, MIME trees, composed messages, DSNs and journey events. No I/O, no clock."""
