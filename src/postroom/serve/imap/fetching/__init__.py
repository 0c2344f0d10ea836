"""FETCH, and what it sends."""
