"""The header: its raw fields, and the structured ones, both ways."""
