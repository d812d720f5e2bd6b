"""Who shares the API's store: whoever reads its mark there, whatever the store is made of."""

from pathlib import Path

from app.db.database import Database
from app.domain.ids import WorkerId
from app.domain.reports import Registration, SlotOffer
from app.services.context import Context
from app.services.workers import register_worker, write_store_nonce
from app.settings import Settings
from app.stores.opening import open_store
from tests.integration.stores.conftest import Yard


def test_a_worker_that_reads_the_mark_shares_the_store(yard: Yard, database_url: str) -> None:
    settings = Settings(database_url=database_url, store=yard.store.url)
    context = Context(Database(database_url), settings)
    try:
        assert not shares(context, open_store(yard.store.url).read_nonce()), "no mark yet"
        assert not write_store_nonce(context)
        assert not write_store_nonce(context)  # every API process does so at its start
        assert shares(context, open_store(yard.store.url).read_nonce())
        assert not shares(context, "of another service")
        yard.take_away()
        assert not shares(context, open_store(yard.store.url).read_nonce())
    finally:
        context.database.close()


def test_an_api_with_another_store_than_the_first_one_is_noticed(
    tmp_path: Path, database_url: str
) -> None:
    database = Database(database_url)
    first, other = (
        Context(database, Settings(database_url=database_url, store=f"file://{tmp_path}/{name}"))
        for name in ("first", "other")
    )
    try:
        assert not write_store_nonce(first)
        assert write_store_nonce(other)
        assert not write_store_nonce(first)
    finally:
        database.close()


def shares(context: Context, nonce: str | None) -> bool:
    said = Registration(
        worker=WorkerId("w1"),
        boot_id="boot",
        name="node",
        version="0",
        slots=(SlotOffer("0"),),
        store=context.settings.resolved_store,
        store_nonce=nonce,
    )
    return register_worker(context, said).worker.shares_store
