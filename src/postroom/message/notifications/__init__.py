"""Notifications of what became of a message: of its delivery (DSN) and of its disposition (MDN), both ways."""
