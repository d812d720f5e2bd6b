"""The environment of a training process: rebuilt from a list, never inherited whole."""

import fnmatch
import shutil
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

import paceline

INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "CONDA_PREFIX"),
    *("LD_LIBRARY_PATH", "SSL_CERT_FILE", "HF_HOME", "TORCH_HOME", "XDG_CACHE_HOME"),
    *("*_proxy", "*_PROXY"),
)
NEVER_INHERITED = ("PACELINE_*",)  # neither token nor address reaches a training
SDK_MODULES = ("__init__.py", "schedules.py", "sdk*.py", "py.typed")


def training_environment(
    worker: Mapping[str, str],
    pass_env: Iterable[str],
    job_env: Mapping[str, str],
    ours: Mapping[str, str],
) -> dict[str, str]:
    """The worker's listed variables, then the job's, then ours; PYTHONPATH begins with ours."""
    patterns = (*INHERITED, *pass_env)
    inherited = {
        name: value
        for name, value in worker.items()
        if _matches(name, patterns) and not _matches(name, NEVER_INHERITED)
    }
    python_path = [ours["PYTHONPATH"], job_env.get("PYTHONPATH") or inherited.get("PYTHONPATH", "")]
    return {
        **inherited,
        **job_env,
        **ours,
        "PYTHONPATH": ":".join(path for path in python_path if path),
    }


def our_variables(
    trial_folder: Path, sdk_folder: Path, gpu_ids: Iterable[str], job_env: Mapping[str, str]
) -> dict[str, str]:
    """What only the worker can know; a MASTER_PORT of the job's own stays."""
    return {
        "PACELINE_TRIAL_DIR": str(trial_folder),
        "PYTHONPATH": str(sdk_folder),
        "CUDA_VISIBLE_DEVICES": ",".join(gpu_ids),  # empty: a CPU slot sees no GPU
        "MASTER_PORT": job_env.get("MASTER_PORT") or str(_free_port()),
    }


def copy_sdk(state_dir: Path) -> Path:
    """A folder with the stdlib SDK alone, so that `import paceline` works in any Python."""
    folder = state_dir / "sdk"
    package = folder / "paceline"
    package.mkdir(parents=True, exist_ok=True)
    source = Path(paceline.__file__).parent
    for path in [path for pattern in SDK_MODULES for path in source.glob(pattern)]:
        if path.is_dir():
            shutil.copytree(path, package / path.name, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, package / path.name)
    return folder


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _free_port() -> int:
    """A port that was free a moment ago; trainings of several ranks meet there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
