"""docker-compose.yml says nothing that the code, the images and the repository do not know."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

from app.api.routes import system
from app.settings import Settings
from paceline.cli.main import app as command_line
from tests.architecture.sources import ROOT
from tests.docker import compose, dockerfiles
from tests.docker.compose import SECRETS, MissingVariableError, Service, read_compose, services
from workers.options import WorkerOptions

SERVICES = services()
OURS = [service for service in SERVICES.values() if service.is_ours]
IMAGE_FOLDER = "/opt/paceline/docker/"


def by_name(service: Service) -> str:
    """Name a parametrised case after its service."""
    return service.name


def paceline_words(service: Service) -> list[str]:
    """The words after `paceline` in a service's command line, through `sh -c` or a script too."""
    argv = service.argv
    if argv[0] == "sh":
        argv = shlex.split(argv[2].removeprefix("exec "))
    if argv[0].startswith(IMAGE_FOLDER):
        script = (ROOT / "docker" / Path(argv[0]).name).read_text()
        (line,) = re.findall(r"^paceline .*?(?= >)", script, re.MULTILINE)
        argv = shlex.split(line)
    assert argv[0] == "paceline"
    return argv[1:]


def is_known(words: list[str]) -> bool:
    """Whether the command line has this command with these flags; nothing is run."""
    command: Any = typer.main.get_command(
        command_line
    )  # Any: a group or a command, as click has it
    context = None
    name: str | None = "paceline"
    try:
        while True:
            context = command.make_context(name, words, parent=context)
            if not hasattr(command, "commands"):
                return True
            words = [*context._protected_args, *context.args]  # a group may have flags of its own
            if not words:
                return bool(command.invoke_without_command)
            name, command, words = command.resolve_command(context, words)
    except TyperException:
        return False


@pytest.mark.parametrize("service", OURS, ids=by_name)
def test_every_command_and_flag_exists_in_the_command_line(service: Service) -> None:
    assert is_known(paceline_words(service))


@pytest.mark.parametrize("words", [["serve"], ["api", "--hostname", "x"], ["api", "--port", "x"]])
def test_an_unknown_command_or_flag_would_be_seen(words: list[str]) -> None:
    assert not is_known(words)


@pytest.mark.parametrize("service", OURS, ids=by_name)
def test_every_variable_is_a_setting_of_its_process(service: Service) -> None:
    options = WorkerOptions if service.argv[:2] == ["paceline", "worker"] else Settings

    known = {f"PACELINE_{name.upper()}" for name in options.model_fields}

    assert set(service.environment) <= known


def test_every_file_that_is_named_exists() -> None:
    for service in OURS:
        build = service.definition["build"]
        assert (ROOT / build["context"] / build["dockerfile"]).is_file()
    for name in re.findall(rf"{IMAGE_FOLDER}(\S+?)\"", compose.TEXT):
        assert (ROOT / "docker" / name).is_file()
    for name in re.findall(r"docker/[\w.]+", compose.TEXT):
        assert (ROOT / name).is_file()


def test_every_named_volume_and_network_is_declared_and_used() -> None:
    document = read_compose()
    volumes = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.definition.get("volumes", [])
        if volume[0] not in "./"
    }
    networks = {name for service in SERVICES.values() for name in service.definition["networks"]}

    assert volumes == set(document["volumes"])
    assert networks == set(document["networks"])


def test_nothing_is_published_but_the_api() -> None:
    published = {
        name: service.definition["ports"]
        for name, service in SERVICES.items()
        if "ports" in service.definition
    }

    assert published == {"api": ["127.0.0.1:8731:8731"]}
    assert all("network_mode" not in service.definition for service in SERVICES.values())


def test_workers_reach_no_database_and_hold_no_credential_of_one() -> None:
    for name in ("worker-cpu", "worker-gpu"):
        assert "database" not in SERVICES[name].definition["networks"]
        assert SECRETS["PACELINE_POSTGRES_PASSWORD"] not in str(SERVICES[name].definition)
    document = read_compose()
    assert document["networks"]["database"]["internal"]
    assert document["networks"]["broker"]["internal"]


def test_database_and_broker_are_the_supported_versions_and_durable() -> None:
    assert SERVICES["postgres"].definition["image"] == "postgres:15"
    assert SERVICES["redis"].definition["image"] == "redis:7"
    assert "--appendonly yes --requirepass" in SERVICES["redis"].argv[2]


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_named_with_the_place_to_set_it(name: str) -> None:
    with pytest.raises(MissingVariableError, match=rf"{name}: set it in \.env"):
        read_compose({**SECRETS, name: ""})


def test_every_variable_of_the_file_stands_in_the_example() -> None:
    example = (ROOT / "docker" / "example.env").read_text()

    assert {name for name in compose.variables() if f"{name}=" not in example} == set()


def test_every_service_that_stays_has_a_health_check_and_no_other() -> None:
    for service in OURS:
        if "restart" in service.definition:
            assert health_words(service)[0] == "python"
        else:
            assert service.definition["healthcheck"] == {"disable": True}


def test_health_checks_ask_real_routes_and_the_conductors_asks_the_database() -> None:
    asked = {
        service.name: re.sub(r"^http://[\w.]+:8731", "", health_words(service)[-1])
        for service in OURS
        if "restart" in service.definition
    }

    assert asked == {
        "api": "/readyz",
        "conductor": f"{IMAGE_FOLDER}conductor_health.py",
        "worker-cpu": "/healthz",
        "worker-gpu": "/healthz",
    }
    routes = {getattr(route, "path", "") for route in system.router.routes}
    assert {"/readyz", "/healthz"} <= routes


def health_words(service: Service) -> list[str]:
    """The command of a service's health check, its own or its image's."""
    file = service.definition["build"]["dockerfile"]
    own: list[str] = service.definition.get("healthcheck", {}).get("test", [])[1:]
    return own or dockerfiles.healthcheck(dockerfiles.parse((ROOT / file).read_text()))


def test_the_port_is_the_same_everywhere() -> None:
    default = str(Settings.model_fields["port"].default)

    assert f"EXPOSE {default}" in (ROOT / "docker" / "server.Dockerfile").read_text()
    assert SERVICES["worker-cpu"].environment["PACELINE_URL"] == f"http://api:{default}"
    assert set(re.findall(r":(8\d{3})\b", compose.TEXT)) == {default}


def test_the_gpu_worker_is_asked_for_and_reserves_devices() -> None:
    definition = SERVICES["worker-gpu"].definition

    (device,) = definition["deploy"]["resources"]["reservations"]["devices"]
    assert definition["profiles"] == ["gpu"]
    assert device["capabilities"] == ["gpu"]
    assert definition["build"]["args"]["BASE_IMAGE"]


def test_services_wait_for_what_they_need() -> None:
    conditions = {
        (name, other): wait["condition"]
        for name, service in SERVICES.items()
        for other, wait in service.definition.get("depends_on", {}).items()
    }

    assert conditions["migrate", "postgres"] == "service_healthy"
    assert conditions["worker-token", "migrate"] == "service_completed_successfully"
    assert conditions["api", "worker-token"] == "service_completed_successfully"
    assert conditions["conductor", "migrate"] == "service_completed_successfully"
    assert conditions["worker-cpu", "api"] == "service_healthy"
