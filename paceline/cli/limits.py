"""What a study that waits for its limit has spent, in words, and what raises the limit."""

from typing import Any  # Any: JSON of the service

Json = dict[str, Any]  # Any: JSON of the service
SECONDS_PER_HOUR = 3600


def limit_line(study: Json) -> str:
    """The sentence with the numbers; a study without either limit waits for `limits.rounds`."""
    steps, gpu = study["budget"]["steps"], study["budget"]["gpu_seconds"]
    said = []
    if steps["limit"]:
        said.append(f"{steps['spent']} of {steps['limit']} steps")
    if gpu["limit"]:
        hours = (gpu["spent"] / SECONDS_PER_HOUR, gpu["limit"] / SECONDS_PER_HOUR)
        said.append(f"{hours[0]:.3g} of {hours[1]:.3g} GPU-hours")
    spent = " and ".join(said) or "all horizons of limits.rounds"
    return f"limit: {spent} are spent, and what comes next needs more than is left"


def raise_command(study: Json) -> str:
    """What to type to raise the first limit that there is."""
    budget = study["budget"]
    names = (("steps", "--total-steps STEPS"), ("gpu_seconds", "--gpu-hours HOURS"))
    flag = next((flag for name, flag in names if budget[name]["limit"]), "--rounds N")
    return f"paceline study change {study['id']} {flag}"
