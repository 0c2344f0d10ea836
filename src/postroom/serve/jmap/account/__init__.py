"""The methods of one's own account: how it is come into, what it may hold, how it is shown."""
