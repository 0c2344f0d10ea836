"""Certificates from an authority, and what it asks for meanwhile."""
