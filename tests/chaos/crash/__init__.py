"""Deaths at named points: before and after each commit, publish, rename, sync, request
and start."""
