"""The files of deploy/ are what their own tools accept, name only settings that exist, and hold no secret."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from kubernetes_validate import validate

from reelgate.cli.main import root
from reelgate.cli.session import Session
from reelgate.settings import Settings
from tests.deploy.conftest import BIN, DEPLOY, ROOT
from tools.node import node

BASE = DEPLOY / "kubernetes" / "base"
EXAMPLE = DEPLOY / "kubernetes" / "example"
COMPOSE = [DEPLOY / "compose.yaml", DEPLOY / "compose.scale.yaml"]
SETTINGS = {f"REELGATE_{name.upper()}" for name in Settings.model_fields}


def documents(*paths: Path) -> list[Any]:
    return [one for path in paths for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def run(*args: str | Path) -> str:
    done = subprocess.run([str(arg) for arg in args], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def resources(folder: Path) -> list[Any]:
    """Give what a kustomization brings together, by its own list."""
    listed = documents(folder / "kustomization.yaml")[0]["resources"]
    found: list[Any] = []
    for name in listed:
        path = folder / name
        found += resources(path) if path.is_dir() else documents(path)
    return found


def of_kind(kind: str) -> list[Any]:
    return [one for one in resources(BASE) if one["kind"] == kind]


def pods() -> Iterator[Any]:
    for one in resources(BASE):
        if one["kind"] in ("Deployment", "Job"):
            yield one["spec"]["template"]["spec"]


# Every setting named is one


def named_settings() -> Iterator[tuple[str, str]]:
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file():
            for name in re.findall(r"REELGATE_[A-Z_]+", path.read_text(encoding="utf-8")):
                yield str(path.relative_to(ROOT)), name


def test_every_setting_named_in_a_deployment_file_exists() -> None:
    named = list(named_settings())
    assert {"REELGATE_DATABASE", "REELGATE_STORAGE"} <= {name for _, name in named}
    assert [one for one in named if one[1] not in SETTINGS] == []


def commands() -> Iterator[tuple[str, list[str]]]:
    """Give every command line that the files start Reelgate with."""
    for path in COMPOSE:
        for name, service in documents(path)[0]["services"].items():
            if "reelgate:" in service["image"]:
                yield f"{path.name}: {name}", service.get("command", ["serve"])
    for pod in pods():
        yield "kubernetes", pod["containers"][0]["args"]
    for unit in (DEPLOY / "systemd").iterdir():
        yield unit.name, re.findall(r"^ExecStart=\S+ (.*)$", unit.read_text(), re.MULTILINE)[0].split()


@pytest.mark.parametrize(("where", "args"), [pytest.param(*one, id=one[0]) for one in commands()])
def test_every_command_a_deployment_file_starts_is_one(where: str, args: list[str]) -> None:
    command: click.Command = root
    rest = list(args)
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest.pop(0))
        assert found is not None, where
        command = found
    command.make_context("reelgate", rest, obj=Session()).close()


def test_no_deployment_file_has_a_password_that_would_work() -> None:
    """Shows 002-25."""

    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    secrets = ("POSTGRES_PASSWORD", "STORAGE_SECRET", "KEY_PEPPER", "MASTER_KEY")
    for name in secrets:
        assert re.findall(rf"^{name}=(.*)$", example, re.MULTILINE) == [""]
    scale = (DEPLOY / "compose.scale.yaml").read_text(encoding="utf-8")
    used = re.findall(r"\$\{((?:POSTGRES|STORAGE|KEY|MASTER)_\w+)([^}]*)\}", scale)
    assert {name for name, _ in used} == {*secrets, "STORAGE_KEY"}
    assert all(rest.startswith(":?") for _, rest in used)
    assert of_kind("Secret") == []


# Docker


def test_the_dockerfile_passes_its_linter() -> None:
    run(BIN / "hadolint", DEPLOY / "Dockerfile")


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_is_well() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    stages = text.split("\nFROM ")[1:]
    assert len(stages) >= 2
    assert re.search(r"^USER 10001:10001$", stages[-1], re.MULTILINE)
    assert "HEALTHCHECK" in stages[-1]
    assert "pip install" not in stages[-1]
    for installed in re.findall(r"pip install (.*)", text):
        assert "--require-hashes" in installed or "--offline" in installed


def test_what_the_dockerfile_copies_is_let_into_the_build_and_is_there() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"]
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert "src" in copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name.split("/")[0] in allowed, name


def test_the_image_has_the_web_application_as_soon_as_there_is_one() -> None:
    has_web = (ROOT / "web" / "package.json").exists()
    assert has_web == (" AS web\n" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_files_follow_the_specification(path: Path) -> None:
    """Shows 001-38, 002-07."""

    run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_what_a_compose_file_refers_to_is_there(path: Path) -> None:
    whole = documents(path)[0]
    services = whole["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), source
            elif not source.startswith("/"):
                assert source in whole["volumes"], source
        assert ":latest" not in service["image"]
        assert ":" in service["image"]
    for service in services.values():
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_the_scaled_installation_has_two_of_each_and_one_pepper_and_master_key_for_all() -> None:
    services = documents(DEPLOY / "compose.scale.yaml")[0]["services"]
    for name in ("api", "worker"):
        assert services[name]["deploy"]["replicas"] == 2
        assert "KEY_PEPPER:?" in services[name]["environment"]["REELGATE_KEY_PEPPER"]
        assert "MASTER_KEY:?" in services[name]["environment"]["REELGATE_MASTER_KEY"]
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert {"postgres", "storage", "nginx"} <= set(services)


def test_only_a_proxy_or_loopback_is_published() -> None:
    for path in COMPOSE:
        for service in documents(path)[0]["services"].values():
            for port in service.get("ports", []):
                assert port.startswith("${PUBLISH:-127.0.0.1:80}:")


# Kubernetes


@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_every_manifest_is_what_kubernetes_accepts(version: str) -> None:
    """Shows 003-23."""

    found = resources(EXAMPLE)
    assert {"Deployment", "Job", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress"} <= {
        one["kind"] for one in found
    }
    for one in found:
        validate(one, version, strict=True)


def test_every_manifest_in_the_folder_is_listed() -> None:
    listed = set(documents(BASE / "kustomization.yaml")[0]["resources"])
    assert listed == {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}


def test_the_rendered_kustomization_is_what_kubernetes_accepts() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    rendered = [one for one in yaml.safe_load_all(run(kubectl, "kustomize", EXAMPLE)) if one]
    assert len(rendered) == len(resources(EXAMPLE))
    for one in rendered:
        validate(one, "1.34", strict=True)


def test_what_one_manifest_says_of_another_is_true() -> None:
    components = {
        one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]
        for one in of_kind("Deployment")
    }
    deployments = {one["metadata"]["name"] for one in of_kind("Deployment")}
    assert components == {"api", "worker"}
    for one in of_kind("HorizontalPodAutoscaler"):
        assert one["spec"]["scaleTargetRef"]["name"] in deployments
    for one in of_kind("PodDisruptionBudget"):
        assert one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] in components
    for one in of_kind("Service"):
        assert one["spec"]["selector"]["app.kubernetes.io/component"] in components
    configs = {one["metadata"]["name"] for one in of_kind("ConfigMap")}
    for pod in pods():
        container = pod["containers"][0]
        assert {one["configMapRef"]["name"] for one in container["envFrom"]} <= configs
        mounted = {one["name"] for one in container["volumeMounts"]}
        assert mounted == {one["name"] for one in pod["volumes"]}


def test_pods_have_no_rights_and_time_to_put_their_work_down() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    for one in of_kind("Deployment"):
        pod = one["spec"]["template"]["spec"]
        drain = Settings.model_fields["drain_s"].default
        assert pod["terminationGracePeriodSeconds"] > drain + 5 + 5
        probes = {
            name: pod["containers"][0][name]["httpGet"]["path"]
            for name in ("livenessProbe", "readinessProbe")
        }
        assert probes == {"livenessProbe": "/health", "readinessProbe": "/ready"}


def test_workers_are_scaled_by_a_metric_that_is_really_exported() -> None:
    lag = "reelgate_queue_lag_seconds"
    metrics = [m for one in of_kind("HorizontalPodAutoscaler") for m in one["spec"]["metrics"]]
    assert lag in [one["external"]["metric"]["name"] for one in metrics if one["type"] == "External"]
    assert lag in (EXAMPLE / "prometheus-adapter.yaml").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert f'"{lag}"' in sources


# systemd


@pytest.mark.parametrize("unit", sorted((DEPLOY / "systemd").iterdir()), ids=lambda path: path.name)
def test_units_are_what_systemd_accepts(unit: Path, tmp_path: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("systemd is not installed")
    text = unit.read_text(encoding="utf-8").replace("/opt/reelgate/bin/reelgate", "/bin/true")
    there = tmp_path / unit.name.replace("@", "@8080")
    there.write_text(text, encoding="utf-8")
    run(systemd, "verify", "--man=no", there)


# PM2


def test_the_pm2_file_starts_this_folder_and_waits_for_work_under_way() -> None:
    script = "console.log(JSON.stringify(require('./deploy/pm2/ecosystem.config.cjs')))"
    apps = json.loads(run(node(), "-e", script))["apps"]
    assert [app["name"] for app in apps] == ["reelgate"]
    (app,) = apps
    assert (app["cwd"], app["interpreter"], app["instances"]) == (str(ROOT), "none", 1)
    assert app["kill_timeout"] > (Settings.model_fields["drain_s"].default + 5) * 1000
    assert set(app["env"]) <= SETTINGS
    assert root.get_command(click.Context(root), app["args"][0]) is not None


@pytest.mark.parametrize("script", sorted(DEPLOY.rglob("*.sh")), ids=lambda path: path.name)
def test_shell_scripts_are_shell_and_can_be_run(script: Path) -> None:
    run("sh", "-n", script)
    assert script.stat().st_mode & 0o111
