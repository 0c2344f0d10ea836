"""How a server comes to its certificates: wanted, asked for, renewed, shown."""
