"""The journey of a message: its events, and the ways in which it is told, drawn and captured."""
