"""The worker against a real HTTP server, with real training processes."""
