"""The full-text index, on both engines, and what is asked of it."""
