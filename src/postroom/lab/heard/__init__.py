"""Everything that happens in a lab, as it is told to a page, a terminal, a lesson or a capture file."""
