"""The protocol between a mail server and its filters (milters), version 6: the server's end, and what both ends share."""
