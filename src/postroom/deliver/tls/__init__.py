"""What security a connection to a next hop must have, and whether it has it: DANE, MTA-STS, REQUIRETLS, the administrator's word."""
