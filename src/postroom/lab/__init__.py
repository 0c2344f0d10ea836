"""The Internet in one process: two mail domains with their own DNS, CA, clock and faults, on loopback."""
