"""The only sender of Celery messages."""
