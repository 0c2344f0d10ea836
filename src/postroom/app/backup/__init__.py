"""Backups: made, listed, and brought back."""
