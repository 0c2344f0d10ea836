"""The configuration file and its sections as frozen values."""
