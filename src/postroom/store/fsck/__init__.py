"""Whether the store agrees with itself, and putting right what can be rebuilt."""
