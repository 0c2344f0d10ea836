"""A class in a lab: its roll, slips, attendance, and the scenarios of text-books."""
