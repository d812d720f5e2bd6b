"""The training of the turnaround: notes when its first line runs and when its last one does. It
speaks through files alone, so a worker and a bare loop run the very same script."""

import time

BEGAN_AT = time.monotonic()  # a clock that all processes of a machine share

import os  # noqa: E402 - after the first line, which is the mark
import sys  # noqa: E402 - as above

TRAINING_SECONDS = 0.4  # long enough for the worker to get the next keeper ready meanwhile


def main(ledger: str) -> None:
    """Train, report one value, note both times in one line of the ledger."""
    time.sleep(TRAINING_SECONDS)  # this is all that it trains
    with open(os.path.join(os.environ["PACELINE_TRIAL_DIR"], "reports.jsonl"), "a") as reports:
        reports.write('{"step": 1, "loss": 0.5}\n')
    with open(ledger, "a") as lines:
        lines.write(f"{BEGAN_AT} {time.monotonic()}\n")


if __name__ == "__main__":
    main(sys.argv[1])
