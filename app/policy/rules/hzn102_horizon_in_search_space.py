"""A search parameter is a horizon in disguise.

What it does: compares the names of searched parameters, without case, separators and a leading
path, with the names under which training frameworks know the number of training steps.

Why it matters: the number of training steps is never tuned inside a study: one value is chosen
and used for every trial (P-8). Searched, it always "wins" at its upper end, and every other
parameter is then compared between trials of different length.

What to do: take the parameter out of `parameters`, put one value into `max_train_steps`, and let
the rounds of the study move it.
"""

import re

from app.domain.studies import Binding
from app.policy.admission import RoundAdmission
from app.policy.rule import Rule, Severity, Stage
from app.policy.verdicts import Clear, Finding, Inconclusive, Judged, Verdict

# Normalised: lower case, letters and digits only. Sources: the arguments of the training loops of
# PyTorch Lightning, HF Trainer, Keras, timm, fairseq, MMEngine, Megatron, Flax examples and
# scikit-learn; T_max and total_steps of PyTorch's schedulers.
EPOCHS = (
    "epoch", "epochs", "nepoch", "nepochs", "numepoch", "numepochs", "maxepoch",
    "maxepochs", "totalepochs", "trainepochs", "trainingepochs", "numtrainepochs",
    "numtrainingepochs", "nbepoch", "nbepochs", "numberofepochs", "epochcount",
)  # fmt: skip  # a page of names, not a column
STEPS = (
    "steps", "nsteps", "numsteps", "maxsteps", "totalsteps", "trainsteps", "trainingsteps",
    "numtrainsteps", "numtrainingsteps", "maxtrainsteps", "maxtrainingsteps",
    "totaltrainsteps", "totaltrainingsteps", "numberofsteps", "stepcount", "tmax",
    "totaltimesteps",
)  # fmt: skip  # a page of names, not a column
ITERATIONS = (
    "iter", "iters", "iterations", "niter", "niters", "niterations", "numiter", "numiters",
    "numiterations", "maxiter", "maxiters", "maxiterations", "totaliters",
    "totaliterations", "trainiters", "trainiterations", "numupdates", "maxupdate",
    "maxupdates", "totalupdates", "totalnumupdate", "trainingiterations",
)  # fmt: skip  # a page of names, not a column
AMOUNTS = (
    "trainingduration", "maxduration", "trainduration", "traininglength", "trainlength",
    "nestimators", "numboostround", "numboostrounds", "trainingtime", "traintokens",
    "totaltokens", "trainsamples", "trainbatches", "maxbatches", "limittrainbatches",
)  # fmt: skip  # a page of names, not a column
ALIASES = frozenset((*EPOCHS, *STEPS, *ITERATIONS, *AMOUNTS))
ACTION = "Remove it from `parameters`; give `max_train_steps` one value for every trial."


def check(facts: RoundAdmission) -> Verdict:
    """Judge the names of the searched parameters."""
    if not facts.parameters:
        return Inconclusive(("parameters",), "no parameter is searched")
    disguised = [name for name in facts.parameters if normalise(name) in ALIASES]
    judged = Judged(
        {"parameters": disguised},
        statistic=float(len(disguised)),
        threshold=0.0,
        n_used=len(facts.parameters),
    )
    if not disguised:
        return Clear(judged, "no searched parameter sets the number of training steps")
    names = ", ".join(disguised)
    message = f"searched: {names}. That is the number of training steps under another name"
    return Finding(message, ACTION, judged)


def normalise(name: str) -> str:
    """`trainer.Max_Epochs` -> `maxepochs`."""
    return re.sub(r"[^a-z0-9]", "", name.rsplit(".", 1)[-1].lower())


RULE = Rule(
    code="HZN102",
    name="horizon-in-search-space",
    title="A search parameter is a horizon in disguise",
    claims=("P-8",),
    severity=Severity.ERROR,
    default_binding=Binding.ENFORCE,
    explanation=__doc__,
    checks={Stage.STUDY_ADMISSION: check, Stage.ROUND_ADMISSION: check},
)
