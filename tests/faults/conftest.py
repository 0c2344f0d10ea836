"""A sorting office on each engine."""

from post import office, store, store_url

__all__ = ["office", "store", "store_url"]
