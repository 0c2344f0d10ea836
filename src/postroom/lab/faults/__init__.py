"""What goes wrong in a lab on purpose: by address, by rule, by name; at doors, in sessions, in the web, in the DNS."""
