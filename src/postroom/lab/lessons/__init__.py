"""Lessons about mail: what to type, what really happens then, what it means. Each runs unattended too, and is a test that way."""
