"""What must not grow with the number of trials: statements of a status poll, and complete pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tests.contract.lab import STUDY, Json, Lab
from tests.contract.slot import Slot


@contextmanager
def counted(lab: Lab) -> Iterator[Callable[[], int]]:
    """Count the statements of a block."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        del connection, cursor, rest
        seen.append(statement)

    engine = lab.context.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield lambda: len(seen)
    finally:
        event.remove(engine, "before_cursor_execute", note)


def statements(lab: Lab, path: str) -> int:
    lab.get(path)
    with counted(lab) as count:
        lab.get(path)
    return count()


def test_a_status_poll_costs_the_same_for_ten_trials_and_a_thousand(lab: Lab) -> None:
    few = lab.create(trials=10)["id"]
    many = lab.create(trials=1000)["id"]
    assert statements(lab, f"/v1/studies/{few}") == statements(lab, f"/v1/studies/{many}")
    small = lab.client.get(f"/v1/studies/{few}").content
    large = lab.client.get(f"/v1/studies/{many}").content
    assert len(large) - len(small) < 20


def rows_read(lab: Lab, watched: set[str]) -> int:
    """How many rows one claim reads of the tables `watched`, as PostgreSQL counts them."""
    asked: list[tuple[str, dict[str, object]]] = []

    def note(connection: object, cursor: object, statement: str, values: Json, *_: object) -> None:
        del connection, cursor
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    engine = lab.context.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        Slot(lab).claim()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    with lab.context.database.reading() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
            for statement, values in asked
            if "FROM trials" in statement
        ]
        return sum(_rows_of(plan.scalar_one()[0]["Plan"], watched) for plan in plans)


def _rows_of(node: Json, watched: set[str]) -> int:
    """Rows that were read, those filtered out included."""
    below = sum(_rows_of(child, watched) for child in node.get("Plans", []))
    if node.get("Relation Name") not in watched:
        return below
    seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return below + int(seen * node["Actual Loops"])


def test_a_claim_reads_as_much_of_the_queue_before_ten_trials_as_before_ten_thousand(
    postgres_lab: Lab,
) -> None:
    lab = postgres_lab
    lab.create(trials=10)
    few = rows_read(lab, {"trials"})
    for name in ("first", "second"):
        lab.create(name=name, trials=10_000)
    other = {**STUDY["job"], "gpus": 8}
    lab.create(name="too_large_for_the_slot", trials=10_000, job=other, priority=5)
    assert rows_read(lab, {"trials"}) <= few + 9, "at most three rows for each study more"


def test_a_page_costs_the_same_wherever_it_lies(lab: Lab) -> None:
    study_id = lab.create(trials=300)["id"]
    first = lab.get(f"/v1/studies/{study_id}/trials?limit=100")
    path = f"/v1/studies/{study_id}/trials?limit=100&cursor="
    second = lab.get(path + first["next_cursor"])
    assert statements(lab, path + second["next_cursor"]) == statements(
        lab, f"/v1/studies/{study_id}/trials?limit=100"
    )


def test_pages_are_complete_although_trials_are_added_between_them(lab: Lab) -> None:
    study_id = lab.create(trials=25)["id"]
    found: list[int] = []
    cursor = None
    while True:
        query = f"&cursor={cursor}" if cursor else ""
        page = lab.get(f"/v1/studies/{study_id}/trials?limit=10{query}")
        found += [trial["number"] for trial in page["items"]]
        if len(found) == 20:
            answer = lab.client.post(f"/v1/studies/{study_id}/rounds/1/trials", json={"count": 7})
            assert answer.status_code == 201, answer.text
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == list(range(1, 33))


def test_later_points_go_on_where_the_sequence_stopped(lab: Lab) -> None:
    whole = lab.create(trials=12)["id"]
    parts = lab.create(trials=8)["id"]
    lab.client.post(f"/v1/studies/{parts}/rounds/1/trials", json={"count": 4})
    wanted = [trial["params"] for trial in lab.trials(whole)]
    assert [trial["params"] for trial in lab.trials(parts)] == wanted
