"""The schema's history: expand, backfill, contract; one head; never edited after a release."""
