"""The compose file and the image, as far as they can be read without an engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

SERVICES = {"web", "worker", "beat", "migrate", "postgres", "redis"}
OURS = {"web", "worker", "beat", "migrate"}
SECRET = re.compile(r"SECRET|PASSWORD|TOKEN|KEY")


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((root / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, Any]:
    return dict(compose["services"])


@pytest.fixture(scope="module")
def dockerfile(root: Path) -> list[str]:
    """The instructions of the Dockerfile, each on one line."""
    text = re.sub(r"^#.*\n", "", (root / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line]


def test_every_process_is_a_service(services: dict[str, Any]) -> None:
    assert set(services) == SERVICES


@pytest.mark.parametrize("name", sorted(SERVICES - {"migrate"}))
def test_every_service_that_stays_is_asked_how_it_is(name: str, services: dict[str, Any]) -> None:
    check = services[name]["healthcheck"]

    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout"} <= set(check)


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_ours_wait_for_the_migrations_and_for_what_they_stand_on(name: str, services: dict[str, Any]) -> None:
    assert {other: wait["condition"] for other, wait in services[name]["depends_on"].items()} == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }


def test_data_lives_in_named_volumes(compose: dict[str, Any], services: dict[str, Any]) -> None:
    mounts = {
        name: [mount.partition(":")[0] for mount in service.get("volumes", ())] for name, service in services.items()
    }

    assert {name: names for name, names in mounts.items() if names} == {
        "postgres": ["postgres-data"],
        "redis": ["redis-data"],
    }
    assert set(compose["volumes"]) == {"postgres-data", "redis-data"}


def test_the_file_holds_no_secret(services: dict[str, Any]) -> None:
    secrets = {
        (name, variable): value
        for name, service in services.items()
        for variable, value in service.get("environment", {}).items()
        if SECRET.search(variable)
    }

    # Single sign-on may be left out: its secret may be empty, and nothing else.
    optional = {where: value for where, value in secrets.items() if where[1] == "OIDC_CLIENT_SECRET"}
    required = {where: value for where, value in secrets.items() if where not in optional}
    assert {variable for _, variable in required} == {"SECRET_KEY", "POSTGRES_PASSWORD"}
    assert [where for where, value in required.items() if not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value)] == []
    assert set(optional.values()) == {"${OIDC_CLIENT_SECRET:-}"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_the_database_s_password_comes_from_outside_too(name: str, services: dict[str, Any]) -> None:
    url = services[name]["environment"]["DATABASE_URL"]

    assert re.fullmatch(r"postgres://gatehouse:\$\{POSTGRES_PASSWORD:\?[^}]+\}@postgres:5432/gatehouse", url)


def test_what_listens_listens_here_only(services: dict[str, Any]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]

    assert ports == ["127.0.0.1:${PORT:-8000}:8000"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_one_that_we_read(name: str, services: dict[str, Any], root: Path) -> None:
    known = set(re.findall(r"_env\.\w+\(\s*\"(\w+)\"", (root / "config/env.py").read_text()))

    assert set(services[name]["environment"]) - known == set()


def test_the_image_installs_the_lock_and_serves_as_nobody_in_particular(dockerfile: list[str]) -> None:
    kinds = [line.split()[0] for line in dockerfile]

    assert "RUN pip install --require-hashes -r requirements.lock" in dockerfile
    assert [line for line in dockerfile if line.startswith("USER")] == ["USER gatehouse"]
    assert kinds.index("USER") < kinds.index("CMD")
    assert kinds.count("HEALTHCHECK") == 1


def test_the_image_keeps_no_key(dockerfile: list[str]) -> None:
    holding = [line for line in dockerfile if "SECRET_KEY" in line]

    assert [line.partition("=")[0] for line in holding] == ["RUN SECRET_KEY"]
