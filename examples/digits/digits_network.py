"""A network with one hidden layer in NumPy; its weights are one flat vector seen through shapes."""

from collections.abc import Mapping

import numpy as np
from digits_data import CLASSES, PIXELS, Floats, Labels

Shaped = Mapping[str, Floats]


def size_of(width: int) -> int:
    """How many weights a network of this width has."""
    return PIXELS * width + width + width * CLASSES + CLASSES


def shaped(flat: Floats, width: int) -> Shaped:
    """The flat vector's parts as matrices and biases: views, so writing to them writes to it."""
    shapes = {
        "hidden": (PIXELS, width),
        "hidden_bias": (width,),
        "output": (width, CLASSES),
        "output_bias": (CLASSES,),
    }
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes.values()])
    parts = np.split(flat, ends[:-1])
    return {
        name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def new_weights(width: int, generator: np.random.Generator) -> Floats:
    """He's initialisation, biases at zero."""
    flat = np.zeros(size_of(width))
    weights = shaped(flat, width)
    weights["hidden"][:] = generator.normal(0.0, np.sqrt(2.0 / PIXELS), (PIXELS, width))
    weights["output"][:] = generator.normal(0.0, np.sqrt(1.0 / width), (width, CLASSES))
    return flat


def loss_and_error(weights: Shaped, images: Floats, labels: Labels) -> tuple[float, float]:
    """Mean cross-entropy and the share of wrong answers; an exploded network is always wrong."""
    logits = _hidden(weights, images) @ weights["output"] + weights["output_bias"]
    logits -= logits.max(axis=1, keepdims=True)
    of_the_label = logits[np.arange(len(labels)), labels]
    loss = float(np.mean(np.log(np.exp(logits).sum(axis=1)) - of_the_label))
    if not np.isfinite(loss):
        return loss, 1.0
    return loss, float(np.mean(logits.argmax(axis=1) != labels))


def write_gradient(
    gradient: Shaped, weights: Shaped, batch: tuple[Floats, Labels], mask: Floats | float
) -> None:
    """Overwrite `gradient` with that of the mean cross-entropy; `mask` is dropout (1.0: none)."""
    images, labels = batch
    hidden = _hidden(weights, images)
    dropped = hidden * mask
    logits = dropped @ weights["output"] + weights["output_bias"]
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta = scores / scores.sum(axis=1, keepdims=True)
    delta[np.arange(len(labels)), labels] -= 1.0
    delta /= len(labels)
    delta_hidden = (delta @ weights["output"].T) * mask * (hidden > 0.0)
    gradient["hidden"][:] = images.T @ delta_hidden
    gradient["hidden_bias"][:] = delta_hidden.sum(axis=0)
    gradient["output"][:] = dropped.T @ delta
    gradient["output_bias"][:] = delta.sum(axis=0)


def _hidden(weights: Shaped, images: Floats) -> Floats:
    return np.maximum(images @ weights["hidden"] + weights["hidden_bias"], 0.0)
