"""A multilayer perceptron with one hidden layer and minibatch SGD with momentum, in NumPy."""

import numpy as np
from digits_data import CLASSES, Floats, Labels

Arrays = dict[str, Floats]


def new_weights(inputs: int, width: int, generator: np.random.Generator) -> Arrays:
    """He's initialisation for the hidden layer; the output layer starts small."""
    return {
        "hidden": generator.normal(0.0, np.sqrt(2.0 / inputs), (inputs, width)),
        "hidden_bias": np.zeros(width),
        "output": generator.normal(0.0, np.sqrt(1.0 / width), (width, CLASSES)),
        "output_bias": np.zeros(CLASSES),
    }


def logits_of(weights: Arrays, images: Floats) -> Floats:
    """Scores of the ten classes, without dropout."""
    hidden = np.maximum(images @ weights["hidden"] + weights["hidden_bias"], 0.0)
    return hidden @ weights["output"] + weights["output_bias"]


def loss_and_error(weights: Arrays, images: Floats, labels: Labels) -> tuple[float, float]:
    """Mean cross-entropy and the share of wrong answers; an exploded network is all wrong."""
    logits = logits_of(weights, images)
    logits -= logits.max(axis=1, keepdims=True)
    right = logits[np.arange(len(labels)), labels]
    loss = float(np.mean(np.log(np.exp(logits).sum(axis=1)) - right))
    if not np.isfinite(loss):
        return loss, 1.0
    return loss, float(np.mean(logits.argmax(axis=1) != labels))


def gradients_of(weights: Arrays, images: Floats, labels: Labels, mask: Floats | float) -> Arrays:
    """Gradients of the mean cross-entropy; ``mask`` is dropout on the hidden layer (1.0: none)."""
    hidden = np.maximum(images @ weights["hidden"] + weights["hidden_bias"], 0.0)
    dropped = hidden * mask
    logits = dropped @ weights["output"] + weights["output_bias"]
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    delta = scores / scores.sum(axis=1, keepdims=True)
    delta[np.arange(len(labels)), labels] -= 1.0
    delta /= len(labels)
    delta_hidden = (delta @ weights["output"].T) * mask * (hidden > 0.0)
    return {
        "hidden": images.T @ delta_hidden,
        "hidden_bias": delta_hidden.sum(axis=0),
        "output": dropped.T @ delta,
        "output_bias": delta.sum(axis=0),
    }
