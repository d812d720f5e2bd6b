"""Use cases: load, decide (pure), save, leave a message in the outbox, commit, return."""
