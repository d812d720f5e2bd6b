"""Train a small network on the UCI digits: as a trial of a study, or alone from the command line.

python train.py --learning-rate 0.1 --max-train-steps 500
"""

import argparse
import math
import sys
from dataclasses import fields
from typing import Any

from digits_training import Options, Training, options_from

import paceline


def main() -> None:
    with paceline.trial(**local_settings(sys.argv[1:])) as trial:
        training = Training(options_from(trial.params), trial.seed)
        start = trial.resume(training.load)
        for step in trial.steps(start):
            training.update(trial.learning_rate(step))
            if trial.should_evaluate(step):
                metrics = training.metrics()
                trial.report(step, **metrics)
                show(trial.id, step, metrics)
                if not math.isfinite(metrics["train_loss"]):
                    break  # exploded: a result, which the report has told
            if trial.should_checkpoint(step):
                path = trial.checkpoint_dir / f"step-{step}.npz"
                trial.checkpoint(step, training.save(path))


def show(trial_id: str, step: int, metrics: dict[str, float]) -> None:
    """Print a line for whoever trains alone; a trial's curve is in the study."""
    if trial_id == "local":
        values = "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        print(f"step {step:5d}  {values}")  # noqa: T201 - the output of a program run by hand


def local_settings(arguments: list[str]) -> dict[str, Any]:  # Any: the words of trial(local=True)
    """What the command line asks for; without arguments the worker has said it all."""
    if not arguments:
        return {}
    parser = argparse.ArgumentParser(description="train on the UCI digits, outside a study")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--max-train-steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    for option in fields(Options):
        default = option.default
        flag = "--" + option.name.replace("_", "-")
        parser.add_argument(flag, type=type(default), default=default)
    params = vars(parser.parse_args(arguments))
    steps, seed = params.pop("max_train_steps"), params.pop("seed")
    return {"local": True, "params": params, "max_train_steps": steps, "seed": seed}


if __name__ == "__main__":
    main()
