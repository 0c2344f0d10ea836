"""JMAP over HTTP: the resources."""
