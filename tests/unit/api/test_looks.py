"""Places that found nothing look again ever later, and never all at once."""

from dataclasses import replace

from app.api.looks import IN_VAIN_A_SECOND, LEAST_SECONDS, LONGEST_SECONDS, Looks
from app.api.waiting import place_of
from app.domain.ids import StudyId, WorkerId
from app.domain.reports import ClaimRequest, Offers


def test_a_place_that_found_nothing_looks_again_ever_later() -> None:
    looks, now, pauses = Looks(), 100.0, []
    assert looks.is_due("a", now)
    for _ in range(6):
        looks.was_in_vain("a", now)
        began = now
        while not looks.is_due("a", now):
            now += 0.125
        pauses.append(now - began)
    assert pauses == [0.5, 1.0, 2.0, LONGEST_SECONDS, LONGEST_SECONDS, LONGEST_SECONDS]


def test_news_end_a_long_pause() -> None:
    looks = Looks()
    for now in (0.0, 10.0, 20.0):
        looks.was_in_vain("a", now)
    assert not looks.is_due("a", 20.0 + LEAST_SECONDS)
    looks.news = (1,)
    assert looks.is_due("a", 20.0 + LEAST_SECONDS)
    assert not looks.is_due("a", 20.0)
    assert looks.is_due("b", 20.0)  # has not looked in vain: what is new may be for it


def test_a_large_fleet_asks_no_more_often_than_a_small_one() -> None:
    looks, asked = Looks(), 0
    places = [f"node-{number}" for number in range(1000)]
    for tick in range(1200):  # a minute, with news all the time
        now, looks.news = tick * 0.05, (tick,)
        due = [place for place in places if looks.is_due(place, now)]
        for place in due:
            looks.was_in_vain(place, now)
        asked += len(due)
    assert asked <= len(places) + 60 * IN_VAIN_A_SECOND


def test_places_that_left_slow_nobody_down() -> None:
    looks = Looks()
    for number in range(1000):
        looks.was_in_vain(f"gone-{number}", 0.0)
    looks.was_in_vain("here", 1000.0)
    looks.forget({"here"}, 1000.0)
    looks.was_in_vain("here", 1000.0)
    looks.news = (1,)
    assert looks.is_due("here", 1000.0 + LEAST_SECONDS)


def test_whoever_asks_again_within_its_pause_is_not_new() -> None:
    looks = Looks()
    for now in (0.0, 10.0, 20.0):
        looks.was_in_vain("a", now)
    looks.forget((), 21.0)
    assert not looks.is_due("a", 21.0)
    looks.forget((), 20.0 + LONGEST_SECONDS)
    assert looks.is_due("a", 20.0)


def test_a_place_is_all_that_decides_what_a_claim_finds() -> None:
    one = ClaimRequest(WorkerId("w1"), "boot", "0", "r0", offers=Offers(1, labels={"zone": "a"}))
    assert place_of(one) == place_of(replace(one, slot="1", request_id="r1"))
    others = (
        replace(one, study_id=StudyId("study_1")),
        replace(one, offers=replace(one.offers, labels={"zone": "b"})),
        replace(one, offers=replace(one.offers, commands=True)),
        replace(one, offers=replace(one.offers, entrypoints=("train:main",))),
    )
    assert len({place_of(one), *map(place_of, others)}) == 1 + len(others)
