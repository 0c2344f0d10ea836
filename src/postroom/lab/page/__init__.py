"""The lab's page in the browser."""
