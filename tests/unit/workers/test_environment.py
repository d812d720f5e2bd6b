"""What a training inherits, and what it never sees."""

from pathlib import Path

import pytest

from workers.environment import our_variables, training_environment

WORKER = {
    "PATH": "/bin",
    "HOME": "/home/me",
    "https_proxy": "http://proxy",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "NCCL_DEBUG": "INFO",
    "PACELINE_TOKEN": "secret",
    "PYTHONPATH": "/worker/only",
}


@pytest.fixture
def environment() -> dict[str, str]:
    ours = our_variables(Path("/trial"), Path("/sdk"), ["GPU-1", "GPU-2"], {})
    return training_environment(WORKER, ["NCCL_*", "PACELINE_*"], {"PYTHONPATH": "/job"}, ours)


def test_only_listed_and_passed_variables_are_inherited(environment: dict[str, str]) -> None:
    assert environment["https_proxy"] == "http://proxy"
    assert environment["NCCL_DEBUG"] == "INFO"
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_token_is_not_inherited_even_when_it_is_passed(environment: dict[str, str]) -> None:
    assert "PACELINE_TOKEN" not in environment


def test_python_path_begins_with_the_sdk_and_goes_on_with_the_job(
    environment: dict[str, str],
) -> None:
    assert environment["PYTHONPATH"] == "/sdk:/job"


def test_slot_pins_its_gpus(environment: dict[str, str]) -> None:
    assert environment["CUDA_VISIBLE_DEVICES"] == "GPU-1,GPU-2"
    assert environment["MASTER_PORT"].isdigit()


def test_job_cannot_replace_its_trial_folder() -> None:
    ours = our_variables(Path("/trial"), Path("/sdk"), [], {})
    environment = training_environment({}, [], {"PACELINE_TRIAL_DIR": "/other"}, ours)
    assert environment["PACELINE_TRIAL_DIR"] == "/trial"
