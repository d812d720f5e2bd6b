"""From a URL to a store: `file://`, a path, or `s3://bucket/prefix`."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.stores.folder import FolderStore
from app.stores.store import BadKey, Store, StoreUnusable, checked_key

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def open_store(url: str) -> Store:
    """Raises StoreUnusable where this installation cannot open it."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return _s3_store(url, parts.netloc, parts.path.strip("/"))
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        raise StoreUnusable(
            f"--store {url}: checkpoints go into file:///a/folder or s3://bucket/prefix"
        )
    root = Path(unquote(parts.path) if parts.scheme else url).resolve()
    root.mkdir(parents=True, exist_ok=True)
    return FolderStore(url if parts.scheme else root.as_uri(), root)


def _s3_store(url: str, bucket: str, prefix: str) -> Store:
    try:
        checked_key(f"{bucket}/{prefix}" if prefix else bucket)
    except BadKey as error:
        raise StoreUnusable(f"--store {url}: not of the form s3://bucket/prefix") from error
    try:
        from app.stores.s3 import open_bucket  # noqa: PLC0415 - its library is an extra
    except ModuleNotFoundError as error:
        raise StoreUnusable(
            f"--store {url}: s3:// stores need the extra s3: pip install 'paceline[s3]'"
        ) from error
    endpoint = next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), "")
    return open_bucket(url, bucket, prefix, is_plain_http=endpoint.startswith("http://"))
