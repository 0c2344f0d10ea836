"""The DNS of a lab: its zones, the server that answers with them, what its domains publish."""
