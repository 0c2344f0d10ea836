"""The structure of a message: its parts, what they are, and their text."""
