"""The two bounds of a trial's life that are free of noise."""

from benchmarks.counts import count_trial


def test_trial_takes_at_most_twenty_statements_and_four_commits(postgres_database_url: str) -> None:
    counted = count_trial(postgres_database_url)
    assert counted.statements <= 20
    assert counted.commits <= 4
