"""The checkpoint store: there, writable, and the one that the API has."""

import tempfile
import uuid
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.stores.store import Store, Wanted
from paceline.checks import Check, fail, ok, warn
from workers.checkpoints import worker_store
from workers.checks.subject import Subject

SHARE = "give API, conductor and workers the same --store"


def folder_of_store(subject: Subject) -> Path | None:
    """Where the checkpoints lie, if that is a folder."""
    options = subject.options
    if not options.store:
        return options.state_dir.resolve() / "checkpoints"
    parts = urlsplit(options.store)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


def store_takes_checkpoints(subject: Subject) -> Check:
    """Put, fetched and dropped again, as a checkpoint is; a folder that is not there is not made:
    that may be a mount which is away."""
    said, folder = subject.options.store, folder_of_store(subject)
    if folder is not None and not folder.is_dir():
        if not said:
            return ok("store", f"{folder} will be made when the worker starts")
        seen = f"--store {said} is not there; a worker would begin an empty one"
        return warn("store", seen, f"mkdir {folder}, or mount its disk first")
    try:
        store = worker_store(said, subject.options.state_dir)
        is_whole = _goes_and_comes_back(store)
    except (OSError, ValueError) as error:
        hint = "check --store, its credentials and its mount: docs/checkpoints.md"
        return fail("store", f"{said or folder}: {error}", hint)
    if not is_whole:
        return fail("store", f"{store.url} lost a checkpoint that was just put there", SHARE)
    return ok("store", f"{store.url} takes checkpoints and gives them back")


def _goes_and_comes_back(store: Store) -> bool:
    """Under a key that is shorter than any checkpoint's, so that nobody takes it for one."""
    key = f"doctor/{uuid.uuid4().hex}/probe"
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "probe"
        source.write_text(key)
        stored = store.put(source, key)
        wanted = Wanted(key, stored.size_bytes, stored.sha256)
        copy = store.fetch(wanted, Path(scratch) / "back")
        store.drop(key)
        return copy is not None and copy.read_text() == key


def store_is_shared(subject: Subject) -> Check:
    """A store that was named and is another one is a mistake; one's own is a choice."""
    name, folder = "shared store", folder_of_store(subject)
    is_there = folder is None or folder.is_dir()
    theirs, said = subject.told, subject.options.store
    if theirs.mark is None:
        return warn(name, "not compared: the service did not tell its store's mark", SHARE)
    nonce = worker_store(said, subject.options.state_dir).read_nonce() if is_there else None
    if nonce is not None and sha256(nonce.encode()).hexdigest() == theirs.mark:
        return ok(name, "the API's own")
    if not said:
        seen = "this node's own: trials that come from other nodes start at step 0 here"
        return warn(name, seen, f"with more than one node: --store {theirs.store}")
    found = "has no mark of any API" if nonce is None else "is that of another installation"
    return fail(name, f"--store {said} {found}; the API's is {theirs.store}", SHARE)
