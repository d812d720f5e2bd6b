"""Assert that the demo's last line is the one JSON object that scripts may rely on."""

import json
import sys
from pathlib import Path

Shape = dict[str, type | tuple[type, ...]]

STUDY: Shape = {"study_id": str, "seconds": (int, float), "rounds": list, "best": dict}
ROUND: Shape = {"purpose": str, "max_train_steps": int, "trials": int, "verdicts": list}
VERDICT: Shape = {"code": str, "verdict": str}
BEST: Shape = {"trial_id": str, "value": (int, float), "step": int, "checkpoint": (str, dict)}


def complaints(value: object, shape: Shape, where: str) -> list[str]:
    """List what keeps `value` from being an object with the fields of `shape`."""
    if not isinstance(value, dict):
        return [f"{where} is not an object: {value!r}"]
    missing = [f"{where}.{key} is missing" for key in shape if key not in value]
    wrong = [
        f"{where}.{key} is {value[key]!r}"
        for key, kind in shape.items()
        if key in value and not isinstance(value[key], kind)
    ]
    return missing + wrong


def check(output: str) -> list[str]:
    """List what is wrong with the demo's output; nothing means that it keeps its promise."""
    lines = output.strip().splitlines() or [""]
    try:
        study = json.loads(lines[-1])
    except ValueError:
        return [f"the last line is not JSON: {lines[-1][:200]!r}"]
    found = complaints(study, STUDY, "study")
    if found:
        return found
    found = complaints(study["best"], BEST, "best")
    if len(study["rounds"]) < 2:
        found.append(f"the demo ran {len(study['rounds'])} rounds; it must reach round 2")
    for number, one in enumerate(study["rounds"], start=1):
        found += complaints(one, ROUND, f"rounds[{number}]")
        verdicts = one.get("verdicts", []) if isinstance(one, dict) else []
        for verdict in verdicts:
            found += complaints(verdict, VERDICT, f"rounds[{number}].verdicts")
    return found


def main() -> int:
    """Check the file that the command line names."""
    found = check(Path(sys.argv[1]).read_text())
    for line in found:
        print(f"demo: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
