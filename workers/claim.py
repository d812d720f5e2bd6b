"""A claimed attempt, as the service handed it out (contract section 5, `POST /v1/claims`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Any  # parsed JSON whose shape the contract fixes


@dataclass(frozen=True, slots=True)
class Timing:
    """The server's timing, which workers learn from each claim."""

    lease_seconds: float
    heartbeat_seconds: float
    grace_seconds: float
    silence_seconds: float

    @property
    def keeper_seconds(self) -> float:
        """How long after an answered heartbeat the keeper lets the training live."""
        return self.silence_seconds + 3 * self.grace_seconds


@dataclass(frozen=True, slots=True)
class Resume:
    """The checkpoint that the attempt starts from."""

    step: int
    store: str
    key: str
    size_bytes: int | None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt to run; `resume` None: from the beginning."""

    attempt_id: str
    token: str
    timing: Timing
    trial: Mapping[str, Json]
    job: Mapping[str, Json]
    max_train_steps: int
    schedule: Mapping[str, Json]
    evaluate_every_steps: int
    checkpoint_steps: tuple[int, ...]
    resume: Resume | None

    @property
    def ids(self) -> dict[str, str]:
        """What every log line about this attempt carries."""
        trial = self.trial
        return {
            "study_id": trial["study_id"],
            "trial_id": trial["id"],
            "attempt_id": self.attempt_id,
        }

    @property
    def start_step(self) -> int:
        return self.resume.step if self.resume else 0


def read_claim(document: Mapping[str, Json]) -> Claim:
    """The claim in a 200 answer. Raises KeyError where the contract is not kept."""
    horizon = int(document["max_train_steps"])
    return Claim(
        attempt_id=document["attempt_id"],
        token=document["token"],
        timing=Timing(*(float(document[name]) for name in Timing.__dataclass_fields__)),
        trial=document["trial"],
        job=document["job"],
        max_train_steps=horizon,
        schedule=document["schedule"],
        evaluate_every_steps=document["evaluate_every_steps"] or max(1, horizon // 50),
        checkpoint_steps=tuple(document.get("checkpoint_steps") or ()),
        resume=_read_resume(document.get("resume")),
    )


def _read_resume(document: Mapping[str, Json] | None) -> Resume | None:
    if document is None:
        return None
    checkpoint = document["checkpoint"]
    return Resume(
        document["step"],
        checkpoint["store"],
        checkpoint["key"],
        checkpoint.get("bytes"),
        checkpoint.get("sha256"),
    )
