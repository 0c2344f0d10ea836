"""From accepted to delivered: acceptance, routing, local and remote delivery, the runner, retries and DSNs."""
