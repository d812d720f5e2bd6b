"""The digits example trains a real network, and each of its options changes what it should."""

from typing import Any  # Any: an option's value

import numpy as np
import pytest
from digits_data import CLASSES, all_shifts, load_digits
from digits_network import loss_and_error, new_weights, shaped, write_gradient
from digits_training import Options, Training, options_from

WIDTH = 16


def errors(steps: int = 60, seed: int = 0, rate: float = 0.05, **options: Any) -> list[float]:
    """Held-out and training errors after every tenth step."""
    training = Training(Options(**options), seed)
    values = []
    for step in range(1, steps + 1):
        training.update(rate)
        if step % 10 == 0:
            metrics = training.metrics()
            values += [metrics["val_error"], metrics["train_error"]]
    return values


def test_gradient_is_the_slope_of_the_loss() -> None:
    digits = load_digits(train_size=40, label_noise=0.0)
    images, labels = digits.train_images, digits.train_labels
    flat = new_weights(WIDTH, np.random.default_rng(1))
    gradient = np.zeros_like(flat)
    write_gradient(shaped(gradient, WIDTH), shaped(flat, WIDTH), (images, labels), 1.0)
    for index in range(0, len(flat), 97):
        losses = []
        for move in (1e-5, -1e-5):
            moved = flat.copy()
            moved[index] += move
            losses.append(loss_and_error(shaped(moved, WIDTH), images, labels)[0])
        slope = (losses[0] - losses[1]) / 2e-5
        assert gradient[index] == pytest.approx(slope, abs=1e-6, rel=1e-4)


def test_a_network_learns_the_digits() -> None:
    untrained = Training(Options(), seed=0).metrics()
    final_val, final_train = errors(steps=600, rate=0.1)[-2:]
    assert untrained["val_error"] > 0.7
    assert final_val < 0.09
    assert final_train < 0.005


def test_a_seed_fixes_the_whole_curve() -> None:
    assert errors(seed=1) == errors(seed=1)
    assert errors(seed=1) != errors(seed=2)


@pytest.mark.parametrize(
    "changed",
    [
        {"augmentation": "shift"},
        {"dropout": 0.3},
        {"label_noise": 0.3},
        {"width": 32},
        {"batch_size": 16},
        {"momentum": 0.5},
        {"train_size": 300},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_option_changes_the_curve(changed: dict[str, Any]) -> None:
    assert errors(**changed) != errors()


def test_label_noise_touches_that_share_of_the_training_labels_and_no_other() -> None:
    clean, noisy = load_digits(600, 0.0), load_digits(600, 0.3)
    changed = float(np.mean(clean.train_labels != noisy.train_labels))
    assert changed == pytest.approx(0.3 * (1 - 1 / CLASSES), abs=0.03)
    assert np.array_equal(clean.val_labels, noisy.val_labels)
    assert np.array_equal(clean.train_images, noisy.train_images)


def test_label_noise_keeps_the_training_error_up() -> None:
    assert errors(steps=200, label_noise=0.3)[-1] > errors(steps=200)[-1] + 0.15


def test_training_and_held_out_images_are_all_there_and_apart() -> None:
    digits = load_digits(600, 0.0)
    assert (len(digits.train_images), len(digits.val_images)) == (600, 1197)
    seen = {image.tobytes() for image in digits.train_images}
    assert sum(image.tobytes() in seen for image in digits.val_images) == 0


def test_shifts_move_an_image_by_one_pixel_each_way() -> None:
    images = load_digits(20, 0.0).train_images
    shifts = all_shifts(images)
    assert shifts.shape == (9, 20, 64)
    assert np.array_equal(shifts[4], images)
    square, moved = images.reshape(-1, 8, 8), shifts[0].reshape(-1, 8, 8)
    assert np.array_equal(moved[:, 1:, 1:], square[:, :-1, :-1])
    assert not moved[:, 0, :].any()


def test_evaluating_changes_nothing_in_the_training() -> None:
    options = Options(dropout=0.3, augmentation="shift")
    watched, alone = Training(options, seed=0), Training(options, seed=0)
    for _ in range(30):
        watched.update(0.05)
        watched.metrics()
        alone.update(0.05)
    assert watched.metrics() == alone.metrics()


def test_parameters_that_are_no_options_are_left_to_others() -> None:
    assert options_from({"learning_rate": 0.1, "width": 8}) == Options(width=8)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"augmentation": "flip"}, "choose none or shift"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"label_noise": -0.1}, "label_noise is -0.1"),
        ({"batch_size": 700}, "batch_size is 700"),
    ],
)
def test_an_impossible_option_is_refused_with_its_value(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        Options(**wrong)


def test_more_training_images_than_there_are_is_refused() -> None:
    with pytest.raises(SystemExit, match="train_size is 1797: choose 1 to 1796"):
        load_digits(1797, 0.0)
