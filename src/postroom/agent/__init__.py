"""User agents at a terminal: send, list, read, reply and forward against any mail server."""
