"""The words of Optuna: its samplers, distributions and trials, for spaces and points of ours."""

import warnings

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, TPESampler
from optuna.trial import TrialState, create_trial

from app.domain.space import Parameter, Parameters, ParameterType, Scale, active_params, is_active
from app.domain.studies import SamplerDefinition, SamplerKind
from app.sampling.request import Values

optuna.logging.set_verbosity(optuna.logging.WARNING)


def new_study(sampler: SamplerDefinition) -> optuna.Study:
    """An empty study in memory, to be minimised."""
    return optuna.create_study(sampler=_sampler(sampler))


def suggest_values(trial: optuna.Trial, parameters: Parameters) -> Values:
    """Values of the active parameters, parents before the parameters that depend on them."""
    values: Values = {}
    for name in _parents_first(parameters):
        if is_active(name, parameters, values):
            value = trial._suggest(name, distribution(parameters[name]))  # one call for all kinds
            values[name] = parameters[name].snap(value) if parameters[name].is_numeric else value
    return active_params(parameters, values)


def tell(
    study: optuna.Study,
    asked: optuna.Trial | None,
    values: Values,
    parameters: Parameters,
    result: float,
) -> None:
    """The result of a suggestion of this study, or of a point that came from elsewhere."""
    if asked is not None:
        study.tell(asked, result)
        return
    inside = {name: v for name, v in values.items() if parameters[name].contains(v)}
    distributions = {name: distribution(parameters[name]) for name in inside}
    study.add_trial(create_trial(params=inside, distributions=distributions, value=result))


def drop(study: optuna.Study, asked: optuna.Trial) -> None:
    """Forget a suggestion that repeats a known point."""
    study.tell(asked, state=TrialState.FAIL)


def distribution(parameter: Parameter) -> BaseDistribution:
    """The same range, scale, step and choices."""
    if not parameter.is_numeric:
        return CategoricalDistribution(parameter.choices or ())
    low, high = parameter.bounds
    is_log = parameter.scale is Scale.LOG
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # a step that does not divide the range is rounded; snap too
        if parameter.type is ParameterType.INT:
            step = 1 if is_log else int(parameter.step or 1)
            return IntDistribution(int(low), int(high), log=is_log, step=step)
        return FloatDistribution(low, high, log=is_log, step=None if is_log else parameter.step)


def _sampler(sampler: SamplerDefinition) -> BaseSampler:
    if sampler.kind is SamplerKind.TPE:
        return TPESampler(seed=sampler.seed, n_startup_trials=1)
    if sampler.kind is SamplerKind.GP:
        return GPSampler(seed=sampler.seed, n_startup_trials=1)
    return CmaEsSampler(seed=sampler.seed, warn_independent_sampling=False)


def _parents_first(parameters: Parameters) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        for parent in parameters[name].when or {}:
            visit(parent)
        if name not in order:
            order.append(name)

    for name in parameters:
        visit(name)
    return order
