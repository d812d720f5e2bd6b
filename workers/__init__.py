"""Processes beside the GPU: wake, claim, supervise, report over HTTP."""
