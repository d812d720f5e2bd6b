"""What a worker was told at its start: flags, then PACELINE_* variables, then `paceline.toml`.
One frozen value that every part of the node reads.
"""

import os
import socket
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from app.settings import checked_broker

Words = Annotated[tuple[str, ...], NoDecode]  # in a variable: separated by commas
Sizes = Annotated[tuple[PositiveInt, ...], NoDecode]  # as above


class WorkerOptions(BaseSettings):
    """The flags of `paceline worker`, as keyword arguments.

    url, token or token_file: the service; unsaid, found as every client finds it. name: what people
    call this node. slots: how many CPU slots; unsaid: one, or none beside slots with GPUs.
    gpus_per_slot: one number makes as many slots of so many GPUs as fit, several make a slot each,
    in the order of the devices. gpu_free_fraction: a GPU of which more memory is in use is not
    free, and its slot claims nothing; simulated_gpus: a file that says which GPUs there are
    (workers/simulated_gpus). queue: one for all slots (unsaid: each has its own, `cpu` or
    `gpu-<K>`). label: words `k=v` that jobs may ask for. root: relative job folders lie beneath it.
    store: where checkpoints go. state_dir: the worker's id, trial folders and slot locks; lock_dir:
    the node's GPU locks. allow_commands: free command lines and absolute folders are run (an
    embedded worker on loopback sets it). entrypoints: name -> argv. pass_env: variables (patterns)
    that trainings inherit. broker: the Redis that wakes this worker; unsaid: it long-polls.
    """

    model_config = SettingsConfigDict(
        env_prefix="PACELINE_", toml_file="paceline.toml", extra="ignore", frozen=True
    )

    url: str = ""
    token: str = Field(default="", repr=False)
    token_file: Path | None = None
    name: str = Field(default_factory=socket.gethostname)
    slots: int | None = None
    gpus_per_slot: Sizes = ()
    gpu_free_fraction: float = Field(default=0.1, ge=0, le=1)
    simulated_gpus: Path | None = None
    queue: str = ""
    label: Words = ()
    root: Path = Path()
    store: str = ""
    state_dir: Path = Path(".paceline/worker")
    lock_dir: Path = Field(default_factory=lambda: Path(f"/tmp/paceline-{os.getuid()}"))
    allow_commands: bool = False
    entrypoints: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    pass_env: Words = ()
    broker: str = Field(default="", repr=False)

    @property
    def cpu_slots(self) -> int:
        """Those that were said; unsaid, one where no GPUs are asked for."""
        return (0 if self.gpus_per_slot else 1) if self.slots is None else self.slots

    def queue_for(self, gpus: int) -> str:
        """The resource class for which a slot with so many GPUs claims."""
        return self.queue or (f"gpu-{gpus}" if gpus else "cpu")

    @property
    def queues(self) -> tuple[str, ...]:
        """Those of all its slots, each once: whose wake-ups it has to hear."""
        sizes = self.gpus_per_slot + ((0,) if self.cpu_slots > 0 else ())
        return tuple(dict.fromkeys(self.queue_for(gpus) for gpus in sizes))

    @property
    def labels(self) -> dict[str, str]:
        return dict(word.split("=", 1) for word in self.label)

    @field_validator("broker")
    @classmethod
    def _check_broker(cls, url: str) -> str:
        return checked_broker(url)

    @field_validator("label", "pass_env", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("gpus_per_slot", mode="before")
    @classmethod
    def _split_sizes(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",")) if value else ()
        return (value,) if isinstance(value, int) else value or ()

    @field_validator("label")
    @classmethod
    def _check_labels(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        for word in words:
            if "=" not in word:
                raise ValueError(f"label {word!r} is not of the form key=value")
        return words

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the hook's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then variables, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
