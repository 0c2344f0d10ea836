"""JMAP: the methods over the store and the doors, and the HTTP resources of RFC 8620."""
