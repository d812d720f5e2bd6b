"""Long polls of claims: one poller in this process asks the database for everybody who waits."""

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from prometheus_client import Histogram
from starlette.concurrency import run_in_threadpool

from app.api.looks import Looks
from app.domain.reports import ClaimRequest
from app.services.claims import Claimed, claim, gpu_counts_waiting
from app.services.context import Context

LOOK_SECONDS = 0.05  # how soon a ring of the bell is noticed
ASK_SECONDS = 0.5  # how often the database is asked when nobody rang

IsGone = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    request: ClaimRequest
    is_gone: IsGone
    answer: "asyncio.Future[Claimed | None]"
    place: Hashable


class Waiters:
    """Whoever waits for work. A client that went away claims nothing; what was claimed for one
    that goes at that moment is found again under its request id, or its lease lapses."""

    def __init__(self, context: Context, claim_seconds: Histogram) -> None:
        self._context, self._claim_seconds = context, claim_seconds
        self._waiting: list[_Waiter] = []
        self._poller: asyncio.Task[None] | None = None
        self.is_stopping: Callable[[], bool] = lambda: False
        """Whether the server is asked to end: then nobody is kept waiting (app/main.py)."""

    @property
    def count(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def claim(self, request: ClaimRequest, is_gone: IsGone) -> Claimed | None:
        """The claim at once, or as soon as there is work within `wait_seconds`."""
        claimed = await self._try(request)
        if claimed is not None or request.wait_seconds == 0:
            return claimed
        waiter = _Waiter(request, is_gone, _future(), place_of(request))
        self._waiting.append(waiter)
        self._poller = self._poller or asyncio.create_task(
            self._poll(),
            context=contextvars.Context(),  # it serves many: no request's ids in its logs
        )
        try:
            return await asyncio.wait_for(waiter.answer, request.wait_seconds)
        except TimeoutError:
            return None
        finally:
            self._waiting.remove(waiter)

    async def _try(self, request: ClaimRequest) -> Claimed | None:
        began = time.perf_counter()
        claimed = await run_in_threadpool(claim, self._context, request)
        outcome = "nothing" if claimed is None else "claimed"
        self._claim_seconds.labels(outcome).observe(time.perf_counter() - began)
        return claimed

    async def _poll(self) -> None:
        looks = Looks()
        try:
            while self._waiting and not self.is_stopping():
                await self._pause()
                sizes = await run_in_threadpool(gpu_counts_waiting, self._context)
                looks.news = (self._context.bell.rings, *sizes)
                looks.forget({waiter.place for waiter in self._waiting}, time.monotonic())
                for waiter in [w for w in self._waiting if sizes and _may_fit(w, sizes)]:
                    if looks.is_due(waiter.place, time.monotonic()):
                        await self._serve(waiter, looks)
        finally:
            self._poller = None
            self._send_away()

    async def _pause(self) -> None:
        """Until the bell rings, or it is time to ask anyway."""
        rings, bell = self._context.bell.rings, self._context.bell
        for _ in range(round(ASK_SECONDS / LOOK_SECONDS)):
            await asyncio.sleep(LOOK_SECONDS)
            if bell.rings != rings or self.is_stopping():
                return

    async def _serve(self, waiter: _Waiter, looks: Looks) -> None:
        if waiter.answer.done():
            return
        if await waiter.is_gone():
            waiter.answer.set_result(None)
            return
        claimed = await self._try(waiter.request)
        if claimed is None:
            looks.was_in_vain(waiter.place, time.monotonic())
        elif not waiter.answer.done():
            waiter.answer.set_result(claimed)

    def _send_away(self) -> None:
        """The poller ended with people waiting: the server stops, or the database failed. They ask
        again."""
        for waiter in self._waiting:
            if not waiter.answer.done():
                waiter.answer.set_result(None)


def place_of(request: ClaimRequest) -> Hashable:
    """All that decides what a claim finds: what one slot of a place finds, each of them finds."""
    offers, after = request.offers, request.after
    runs = (offers.gpus, offers.commands, *offers.entrypoints)
    labels = frozenset(offers.labels.items())
    return (request.worker, request.study_id, after and after.attempt_id, runs, labels)


def _future() -> "asyncio.Future[Claimed | None]":
    return asyncio.get_running_loop().create_future()


def _may_fit(waiter: _Waiter, sizes: list[int]) -> bool:
    return min(sizes) <= waiter.request.offers.gpus
