"""Every rule there is, in the order in which they run: the page to open first."""

from app.policy.rule import Rule, Stage
from app.policy.rules import (
    ckp301_best_steps_in_first_tenth,
    ckp302_best_steps_in_last_quarter,
    ckp303_too_few_evaluations,
    ckp304_metric_worsens_past_its_best,
    ckp305_no_checkpoint_near_best_step,
    ckp306_best_step_at_end_of_decay,
    ckp307_good_result_long_before_horizon,
    hzn101_horizon_differs_from_round,
    hzn102_horizon_in_search_space,
    hzn103_measurement_beyond_horizon,
    hzn104_trials_stopped_short,
    hzn105_warmup_fills_horizon,
    ini401_sweep_schedule_not_constant,
    ini402_sweep_uses_augmentation_or_regularization,
    ini403_nothing_fits_training_set,
    ini404_fastest_rate_on_boundary,
    ini405_sweep_grid_too_coarse,
    prm601_winner_unlikely_to_transfer,
    prm602_ranks_do_not_hold,
    prm603_too_few_promoted,
    prm604_jump_without_recheck,
    prm605_many_rounds_without_maturity,
    prm606_margin_within_retrain_noise,
    sch701_extra_steps_at_tiny_rate,
    sch702_decay_against_playbook,
    sch703_schedule_differs_at_resume,
    sch704_decay_small_share_of_horizon,
    spc201_best_learning_rate_on_boundary,
    spc202_best_value_on_boundary,
    spc203_best_rate_at_stability_cliff,
    spc204_many_trials_diverged,
    spc205_few_good_configurations,
    spc206_too_many_dimensions,
    spc207_adaptive_sampler_in_first_round,
    spc208_batch_size_changes,
    spc209_regularization_before_fit,
    wrk501_declared_workload_contradicted,
    wrk502_gradient_variance_raised,
    wrk503_training_changed_since_horizon,
    wrk504_planned_run_exceeds_patience,
    wrk505_equal_results_differ_in_speed,
)

RULES: tuple[Rule, ...] = (
    hzn101_horizon_differs_from_round.RULE,
    hzn102_horizon_in_search_space.RULE,
    hzn103_measurement_beyond_horizon.RULE,
    hzn104_trials_stopped_short.RULE,
    hzn105_warmup_fills_horizon.RULE,
    spc201_best_learning_rate_on_boundary.RULE,
    spc202_best_value_on_boundary.RULE,
    spc203_best_rate_at_stability_cliff.RULE,
    spc204_many_trials_diverged.RULE,
    spc205_few_good_configurations.RULE,
    spc206_too_many_dimensions.RULE,
    spc207_adaptive_sampler_in_first_round.RULE,
    spc208_batch_size_changes.RULE,
    spc209_regularization_before_fit.RULE,
    ckp301_best_steps_in_first_tenth.RULE,
    ckp302_best_steps_in_last_quarter.RULE,
    ckp303_too_few_evaluations.RULE,
    ckp304_metric_worsens_past_its_best.RULE,
    ckp305_no_checkpoint_near_best_step.RULE,
    ckp306_best_step_at_end_of_decay.RULE,
    ckp307_good_result_long_before_horizon.RULE,
    ini401_sweep_schedule_not_constant.RULE,
    ini402_sweep_uses_augmentation_or_regularization.RULE,
    ini403_nothing_fits_training_set.RULE,
    ini404_fastest_rate_on_boundary.RULE,
    ini405_sweep_grid_too_coarse.RULE,
    wrk501_declared_workload_contradicted.RULE,
    wrk502_gradient_variance_raised.RULE,
    wrk503_training_changed_since_horizon.RULE,
    wrk504_planned_run_exceeds_patience.RULE,
    wrk505_equal_results_differ_in_speed.RULE,
    prm601_winner_unlikely_to_transfer.RULE,
    prm602_ranks_do_not_hold.RULE,
    prm603_too_few_promoted.RULE,
    prm604_jump_without_recheck.RULE,
    prm605_many_rounds_without_maturity.RULE,
    prm606_margin_within_retrain_noise.RULE,
    sch701_extra_steps_at_tiny_rate.RULE,
    sch702_decay_against_playbook.RULE,
    sch703_schedule_differs_at_resume.RULE,
    sch704_decay_small_share_of_horizon.RULE,
)


def rules_of(stage: Stage) -> tuple[Rule, ...]:
    """The rules that run at a stage, in order."""
    return tuple(rule for rule in RULES if stage in rule.checks)


def rule_named(code: str) -> Rule:
    """The rule of that code. Raises KeyError if there is none."""
    return {rule.code: rule for rule in RULES}[code]


def known_settings() -> dict[str, float]:
    """Every threshold that a study may set, with its default."""
    return {name: value for rule in RULES for name, value in rule.settings.items()}
