"""Faults thrown at a whole running fleet, judged by a ledger that the product knows nothing of."""
