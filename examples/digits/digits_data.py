"""The UCI digits that ship inside scikit-learn: split, label noise and shifts.

The file is read by its path: importing scikit-learn would take longer than a whole trial.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPLIT_SEED = 20  # the same images train in every trial, whatever the trial's own seed
SIDE = 8
PIXELS = SIDE * SIDE
CLASSES = 10

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Digits:
    """Images are rows of 64 numbers in 0..1; only the labels of training images may be wrong."""

    train_images: Floats
    train_labels: Labels
    val_images: Floats
    val_labels: Labels


def load_digits(train_size: int, label_noise: float) -> Digits:
    """Split the 1,797 digits; a share `label_noise` of the training labels is drawn by chance."""
    rows = np.loadtxt(_digits_file(), delimiter=",")
    if not 0 < train_size < len(rows):
        raise SystemExit(f"train_size is {train_size}: choose 1 to {len(rows) - 1}")
    generator = np.random.default_rng(SPLIT_SEED)
    rows = rows[generator.permutation(len(rows))]
    images, labels = rows[:, :-1] / 16.0, rows[:, -1].astype(np.int64)
    return Digits(
        train_images=images[:train_size],
        train_labels=_with_noise(labels[:train_size], label_noise, generator),
        val_images=images[train_size:],
        val_labels=labels[train_size:],
    )


def all_shifts(images: Floats) -> Floats:
    """Every image moved by -1, 0 or 1 pixel both ways; shape (9, images, 64)."""
    padded = np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    corners = [(row, column) for row in range(3) for column in range(3)]
    moved = [padded[:, row : row + SIDE, column : column + SIDE] for row, column in corners]
    return np.stack([part.reshape(len(images), PIXELS) for part in moved])


def _with_noise(labels: Labels, share: float, generator: np.random.Generator) -> Labels:
    hit = generator.permutation(len(labels))[: round(share * len(labels))]
    noisy = labels.copy()
    noisy[hit] = generator.integers(0, CLASSES, len(hit))
    return noisy


def _digits_file() -> Path:
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise SystemExit("the digits ship with scikit-learn: pip install scikit-learn")
    return Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
