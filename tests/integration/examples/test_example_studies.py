"""The studies beside the examples: what they define is what their programs understand."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from digits_training import Options

from app.domain.studies import Job, StudyDefinition
from app.planning.rounds import first_round
from app.wire import from_json
from tests.integration.examples.conftest import REPOSITORY

STUDIES = ["digits/study.yaml", "digits/quick.yaml", "pytorch/study.yaml"]
SEARCHES = ["digits/auto.yaml", "digits/compute_bound.yaml"]
LEAST_EVALUATIONS = 20  # fewer cannot locate a best step
LEAST_VALUES = 8  # fewer cannot show an edge


def definition_of(name: str) -> StudyDefinition:
    text = (REPOSITORY / "examples" / name).read_text()
    return from_json(StudyDefinition, json.dumps(yaml.safe_load(text)))


@pytest.mark.parametrize("name", [*STUDIES, *SEARCHES])
def test_a_study_is_a_definition_whose_program_exists(name: str) -> None:
    definition = definition_of(name)
    assert isinstance(definition.job, Job)
    assert definition.job.command == ("python", "train.py")
    assert definition.job.directory == f"examples/{Path(name).parent}"
    assert (REPOSITORY / definition.job.directory / "train.py").is_file()
    assert definition.is_resumable


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_gives_the_rules_enough_to_judge(name: str) -> None:
    definition = definition_of(name)
    assert isinstance(definition.max_train_steps, int)
    assert definition.evaluate_every_steps is not None
    assert definition.max_train_steps // definition.evaluate_every_steps >= LEAST_EVALUATIONS
    assert definition.trials is not None
    assert definition.trials >= LEAST_VALUES


@pytest.mark.parametrize(
    ("name", "purpose"), [("digits/auto.yaml", "probe"), ("digits/compute_bound.yaml", "tune")]
)
def test_a_search_for_the_horizon_has_its_first_round(name: str, purpose: str) -> None:
    first = first_round(definition_of(name))
    assert first.purpose == purpose
    assert first.max_train_steps // first.interval_steps >= LEAST_EVALUATIONS


@pytest.mark.parametrize("name", ["digits/study.yaml", "digits/quick.yaml", *SEARCHES])
def test_every_parameter_of_a_digits_study_means_something_to_the_program(name: str) -> None:
    definition = definition_of(name)
    known = {field.name for field in fields(Options)} | {"learning_rate"}
    assert set(definition.parameters) | set(definition.fixed) <= known
