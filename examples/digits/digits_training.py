"""Minibatch SGD with momentum on the digits, with a state that is saved and restored to the bit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from digits_data import Floats, Labels, all_shifts, load_digits
from digits_network import loss_and_error, new_weights, shaped, write_gradient


@dataclass(frozen=True, slots=True)
class Options:
    """What a trial may choose, but for the learning rate, which comes from the schedule."""

    momentum: float = 0.9
    width: int = 64
    batch_size: int = 32
    augmentation: str = "none"  # or "shift": each image moved by at most one pixel
    dropout: float = 0.0  # share of the hidden units left out of each update
    label_noise: float = 0.0  # share of the training labels drawn by chance
    train_size: int = 600

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= self.train_size:
            raise SystemExit(
                f"batch_size is {self.batch_size}: choose 1 to train_size {self.train_size}"
            )
        if self.augmentation not in ("none", "shift"):
            raise SystemExit(f"augmentation is {self.augmentation!r}: choose none or shift")
        for name, value in (("dropout", self.dropout), ("label_noise", self.label_noise)):
            if not 0.0 <= value < 1.0:
                raise SystemExit(f"{name} is {value}: choose a share from 0 to less than 1")


def options_from(params: Mapping[str, object]) -> Options:
    """The options among a trial's parameters; what is not given keeps its default."""
    names = {field.name for field in fields(Options)}
    return Options(**{name: value for name, value in params.items() if name in names})  # type: ignore[arg-type]  # the study's definition gives the types


class Training:
    """One network under training. Its whole state: weights, velocity, chance, place in the data."""

    def __init__(self, options: Options, seed: int) -> None:
        self._options = options
        self._digits = load_digits(options.train_size, options.label_noise)
        self._generator = np.random.default_rng(seed)
        self._flat = new_weights(options.width, self._generator)
        self._velocity = np.zeros_like(self._flat)
        self._gradient = np.zeros_like(self._flat)
        self._order = self._generator.permutation(options.train_size)
        self._position = 0
        is_shifting = options.augmentation == "shift"
        self._shifts = all_shifts(self._digits.train_images) if is_shifting else None

    def update(self, learning_rate: float) -> None:
        """One step: the next minibatch, its gradient, momentum. Too high a rate ends in NaN."""
        width = self._options.width
        batch, mask = self._next_batch(), self._dropout_mask()
        with np.errstate(over="ignore", invalid="ignore"):
            weights = shaped(self._flat, width)
            write_gradient(shaped(self._gradient, width), weights, batch, mask)
            self._velocity *= self._options.momentum
            self._velocity -= learning_rate * self._gradient
            self._flat += self._velocity

    def metrics(self) -> dict[str, float]:
        """Loss and error on all training images, as they are, and on the held-out ones."""
        digits, weights = self._digits, shaped(self._flat, self._options.width)
        with np.errstate(over="ignore", invalid="ignore"):
            train = loss_and_error(weights, digits.train_images, digits.train_labels)
            val = loss_and_error(weights, digits.val_images, digits.val_labels)
        return {
            "train_loss": train[0],
            "train_error": train[1],
            "val_loss": val[0],
            "val_error": val[1],
        }

    def save(self, path: Path) -> Path:
        """Write the state to one file, and return its path."""
        chance = json.dumps(self._generator.bit_generator.state)
        np.savez(
            path,
            weights=self._flat,
            velocity=self._velocity,
            order=self._order,
            position=self._position,
            chance=chance,
        )
        return path

    def load(self, path: Path) -> None:
        """Restore the state that `save` wrote."""
        with np.load(path) as saved:
            self._flat, self._velocity = saved["weights"], saved["velocity"]
            self._order, self._position = saved["order"], int(saved["position"])
            self._generator.bit_generator.state = json.loads(str(saved["chance"]))

    def _next_batch(self) -> tuple[Floats, Labels]:
        size = self._options.batch_size
        if self._position + size > len(self._order):
            self._order, self._position = self._generator.permutation(len(self._order)), 0
        chosen = self._order[self._position : self._position + size]
        self._position += size
        if self._shifts is None:
            return self._digits.train_images[chosen], self._digits.train_labels[chosen]
        moves = self._generator.integers(0, len(self._shifts), size)
        return self._shifts[moves, chosen], self._digits.train_labels[chosen]

    def _dropout_mask(self) -> Floats | float:
        share = self._options.dropout
        if share == 0.0:
            return 1.0
        kept = self._generator.random((self._options.batch_size, self._options.width)) >= share
        return kept / (1.0 - share)
