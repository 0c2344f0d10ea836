"""The methods of sharing: with whom, what, and what one is told of it."""
