"""New identifiers, for use cases that name what they store; the database's ring makes them
(app/db/identifiers.py)."""

from app.db.identifiers import new_id

__all__ = ["new_id"]
