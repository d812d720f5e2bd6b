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

EXAMPLES: dict[str, Any] = {  # Any: JSON
    "StudyDefinition": STUDY,
    "TokenRequest": {"name": "laptop", "scopes": ["studies:read", "studies:write"]},
    "CodeExchange": {"code": "pl_..."},
    "ExtensionRequest": {
        "schedule": {"kind": "linear", "peak": 0.1, "warmup_steps": 100},
        "from_max_train_steps": 1000,
        "to_max_train_steps": 10000,
    },
}
