"""The methods of address books and their cards."""
