"""The loop that relays the outbox, sweeps expired leases, reviews rounds and applies the
autopilot."""
