"""What must not grow with the number of trials: statements of a status poll, and complete pages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tests.contract.lab import Lab


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
