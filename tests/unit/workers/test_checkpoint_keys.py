"""Where a checkpoint lies in the store: nowhere that another attempt may write."""

from pathlib import Path

from workers.checkpoints import key_of
from workers.claim import Claim, Timing


def claim_of(attempt_id: str) -> Claim:
    return Claim(
        attempt_id=attempt_id,
        token="t",
        timing=Timing(60.0, 15.0, 20.0, 1800.0),
        trial={"id": "trial_1", "study_id": "study_1"},
        job={},
        max_train_steps=100,
        schedule={},
        evaluate_every_steps=1,
        checkpoint_steps=(),
        resume=None,
    )


def test_two_attempts_of_a_trial_never_write_the_same_key() -> None:
    zombie, successor = (
        key_of(claim_of(name), 10, Path("a.npz")) for name in ("attempt_1", "attempt_2")
    )
    assert zombie == "study_1/trial_1/attempt_1/10.npz"
    assert successor != zombie


def test_an_odd_ending_of_the_name_is_left_out() -> None:
    assert key_of(claim_of("attempt_1"), 10, Path("a. b")) == "study_1/trial_1/attempt_1/10"
