"""Bodies of messages: objects that never change, in rows or as files."""
