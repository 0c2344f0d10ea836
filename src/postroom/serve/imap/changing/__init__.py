"""Commands that bring, copy, mark and remove messages."""
