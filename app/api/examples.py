"""Examples of bodies, shown in OpenAPI and /docs; a test posts each of them."""

from typing import Any  # Any: JSON

STUDY: dict[str, Any] = {  # Any: JSON
    "name": "digits-mlp",
    "objective": {"metric": "val_error", "direction": "minimize", "tolerance": 0.005},
    "training_metric": {"metric": "train_error", "direction": "minimize", "perfect": 0.0},
    "job": {"command": ["python", "train.py"], "directory": "examples/digits"},
    "parameters": {
        "learning_rate": {
            "type": "float",
            "low": 0.0001,
            "high": 1.0,
            "scale": "log",
            "role": "learning_rate",
        }
    },
    "schedule": {"kind": "wsd", "peak": "learning_rate", "decay_fraction": 0.2},
    "max_train_steps": 400,
    "trials": 12,
}

AUDIT: dict[str, Any] = {  # Any: JSON
    "objective": {"metric": "val_error", "direction": "minimize"},
    "parameters": STUDY["parameters"],
    "rounds": [
        {
            "purpose": "tune",
            "max_train_steps": 300,
            "schedule": {"kind": "constant", "peak": "learning_rate"},
            "trials": [
                {
                    "id": "run-1",
                    "params": {"learning_rate": 0.01},
                    "outcome": "completed",
                    "curve": {"steps": [100, 200, 300], "metrics": {"val_error": [0.5, 0.3, 0.2]}},
                },
                {
                    "id": "run-2",
                    "params": {"learning_rate": 0.1},
                    "outcome": "diverged",
                    "curve": {"steps": [100, 200], "metrics": {"val_error": [0.6, "nan"]}},
                },
            ],
        }
    ],
}

EXAMPLES: dict[str, Any] = {  # Any: JSON
    "StudyDefinition": STUDY,
    "AuditRequest": AUDIT,
    "PlanRequest": {
        "production_steps": 100_000,
        "budget": {"gpu_hours": 200.0, "gpus_per_trial": 1, "seconds_per_step": 0.1},
        "slots": 4,
        "schedule": {"kind": "wsd", "decay_fraction": 0.2},
    },
    "TokenRequest": {"name": "laptop", "scopes": ["studies:read", "studies:write"]},
    "CodeExchange": {"code": "pl_..."},
    "ExtensionRequest": {
        "schedule": {"kind": "linear", "peak": 0.1, "warmup_steps": 100},
        "from_max_train_steps": 1000,
        "to_max_train_steps": 10000,
    },
}
