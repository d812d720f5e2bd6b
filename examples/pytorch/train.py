"""Train a small network on the UCI digits in PyTorch, as a trial of a study or alone.

python train.py --learning-rate 0.1 --max-train-steps 500
"""

import argparse
import math
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import paceline

SPLIT_SEED = 20  # the same images train in every trial, whatever the trial's own seed
TRAIN_SIZE = 600
PIXELS, CLASSES = 64, 10


def main() -> None:
    torch.set_num_threads(1)
    with paceline.trial(**local_settings(sys.argv[1:])) as trial:
        training = Training(trial.params, trial.seed)
        start = trial.resume(training.load)
        for step in trial.steps(start):
            training.update(trial.learning_rate(step))
            if trial.should_evaluate(step):
                metrics = training.metrics()
                trial.report(step, **metrics)
                if trial.id == "local":
                    print(step, metrics)  # noqa: T201 - the output of a program run by hand
                if not math.isfinite(metrics["train_loss"]):
                    break  # exploded: a result, which the report has told
            if trial.should_checkpoint(step):
                path = trial.checkpoint_dir / f"step-{step}.pt"
                trial.checkpoint(step, training.save(path))


class Training:
    """Network, optimiser, chance and place in the data: all that a checkpoint must restore."""

    def __init__(self, params: Any, seed: int) -> None:  # Any: a mapping of numbers
        torch.manual_seed(seed)  # the network's first weights and dropout
        width, self._batch_size = int(params["width"]), int(params["batch_size"])
        self._train, self._val = load_digits(float(params["label_noise"]))
        self._network = nn.Sequential(
            nn.Linear(PIXELS, width),
            nn.ReLU(),
            nn.Dropout(float(params["dropout"])),
            nn.Linear(width, CLASSES),
        )
        self._optimizer = torch.optim.SGD(
            self._network.parameters(), lr=0.1, momentum=float(params["momentum"])
        )
        self._order = torch.randperm(TRAIN_SIZE)
        self._position = 0

    def update(self, learning_rate: float) -> None:
        """One step of SGD on the next minibatch; the rate is the study's, not the optimiser's."""
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        chosen = self._next_batch()
        images, labels = (part[chosen] for part in self._train)
        self._network.train()
        self._optimizer.zero_grad()
        nn.functional.cross_entropy(self._network(images), labels).backward()
        self._optimizer.step()

    @torch.no_grad()
    def metrics(self) -> dict[str, float]:
        """Loss and error on all training images and on the held-out ones."""
        self._network.eval()
        found = {}
        for name, (images, labels) in (("train", self._train), ("val", self._val)):
            logits = self._network(images)
            found[f"{name}_loss"] = float(nn.functional.cross_entropy(logits, labels))
            found[f"{name}_error"] = float((logits.argmax(dim=1) != labels).float().mean())
        return found

    def save(self, path: Path) -> Path:
        """Write the whole state to one file, and return its path."""
        state = {
            "network": self._network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "chance": torch.get_rng_state(),
            "order": self._order,
            "position": self._position,
        }
        torch.save(state, path)
        return path

    def load(self, path: Path) -> None:
        """Restore the state that `save` wrote."""
        state = torch.load(path, weights_only=True)
        self._network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["chance"])
        self._order, self._position = state["order"], state["position"]

    def _next_batch(self) -> Tensor:
        if self._position + self._batch_size > TRAIN_SIZE:
            self._order, self._position = torch.randperm(TRAIN_SIZE), 0
        self._position += self._batch_size
        return self._order[self._position - self._batch_size : self._position]


def load_digits(label_noise: float) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Training and held-out images with labels; a share of the training labels is drawn anew."""
    found = find_spec("sklearn")  # read by path: importing scikit-learn would take longer
    if found is None or found.origin is None:
        raise SystemExit("the digits ship with scikit-learn: pip install scikit-learn")
    rows = np.loadtxt(Path(found.origin).parent / "datasets/data/digits.csv.gz", delimiter=",")
    generator = np.random.default_rng(SPLIT_SEED)
    rows = rows[generator.permutation(len(rows))]
    wrong = generator.permutation(TRAIN_SIZE)[: round(label_noise * TRAIN_SIZE)]
    rows[wrong, -1] = generator.integers(0, CLASSES, len(wrong))
    images = torch.tensor(rows[:, :-1] / 16.0, dtype=torch.float32)
    labels = torch.tensor(rows[:, -1], dtype=torch.int64)
    train, val = slice(None, TRAIN_SIZE), slice(TRAIN_SIZE, None)
    return (images[train], labels[train]), (images[val], labels[val])


def local_settings(arguments: list[str]) -> dict[str, Any]:  # Any: the words of trial(local=True)
    """What the command line asks for; without arguments the worker has said it all."""
    if not arguments:
        return {}
    parser = argparse.ArgumentParser(description="train on the UCI digits, outside a study")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=12)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--label-noise", type=float, default=0.0)
    parser.add_argument("--max-train-steps", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    params = vars(parser.parse_args(arguments))
    steps, seed = params.pop("max_train_steps"), params.pop("seed")
    return {"local": True, "params": params, "max_train_steps": steps, "seed": seed}


if __name__ == "__main__":
    main()
