"""How methods are done, whatever their type, and what they all work with."""
