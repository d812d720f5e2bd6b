"""Read by every Python that is started with this folder first on PYTHONPATH: wraps commits,
publishing, renames, syncs, requests and the start of keepers. The product knows nothing of it.
"""

import importlib.machinery
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROLES = {"api", "conductor", "worker"}


def chain() -> None:
    """Run the sitecustomize that this one hides, if there is one."""
    rest = [place for place in sys.path if Path(place or ".").resolve() != HERE.resolve()]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def role() -> str:
    """Which command of ours this process is; empty for every other Python."""
    words = sys.orig_argv
    said = words[3] if len(words) > 3 and words[2:3] == ["paceline.cli.main"] else ""
    return said if said in ROLES else ""


def plant(who: str) -> None:
    """Put the points of this role where they belong."""
    if who == "worker":
        plant_files(who)
        plant_requests(who)
        plant_keepers()
        return
    from crash_points import around, caller  # type: ignore[import-not-found]  # noqa: PLC0415 - only when planted
    from sqlalchemy.engine.default import DefaultDialect  # noqa: PLC0415 - only in processes that are planted

    def commit(*_: Any) -> str:  # Any: the library's
        where = caller("app/services", "app/conductor") or caller("app/db")
        return f"{who} * the commit in {where}" if where else ""

    DefaultDialect.do_commit = around(DefaultDialect.do_commit, commit)  # type: ignore[method-assign]  # the plant
    if who == "conductor":
        from celery import Celery  # noqa: PLC0415 - only in processes that are planted

        Celery.send_task = around(
            Celery.send_task, lambda *_, **__: f"{who} * the publishing of a wake-up"
        )


def plant_files(who: str) -> None:
    from crash_points import around, caller  # noqa: PLC0415 - only in processes that are planted

    for name in ("rename", "replace", "link", "fsync"):

        def said(*_: object, word: str = name, **__: object) -> str:
            where = caller("workers", "paceline")
            return f"{who} * the {word} in {where}" if where else ""

        setattr(os, name, around(getattr(os, name), said))


def plant_requests(who: str) -> None:
    import httpx2  # noqa: PLC0415 - only in processes that are planted
    from crash_points import around  # noqa: PLC0415 - only in processes that are planted

    def said(_: object, request: Any, **__: object) -> str:  # Any: the library's
        path = re.sub(r"[0-9a-f-]{12,}|[0-9A-HJKMNP-TV-Z]{20,}", "ID", request.url.path)
        path = re.sub(r"(?<=/attempts/)[^/]+", "ID", path)
        return f"{who} * {request.method} {path}"

    httpx2.Client.send = around(httpx2.Client.send, said)  # type: ignore[method-assign]  # the plant


def plant_keepers() -> None:
    """Keepers ignore PYTHONPATH: start the same program through ours, which has points too."""
    start = subprocess.Popen.__init__

    def begin(self: Any, args: Any, **kwargs: Any) -> None:  # Any: Popen's own
        if isinstance(args, list) and args and str(args[-1]).endswith("workers/keeper.py"):
            args = [*args[:-1], str(HERE / "planted_keeper.py"), args[-1]]
        start(self, args, **kwargs)

    subprocess.Popen.__init__ = begin  # type: ignore[method-assign,assignment]  # the plant


chain()
if role():
    plant(role())
