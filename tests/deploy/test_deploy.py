"""What is under deploy/ fits the service, as far as it can be tried without containers, systemd or a cluster."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sre_anomaly.export.dashboard import Watched, dashboard
from sre_anomaly.service.reading import read_settings
from sre_anomaly.service.settings import Web

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent


def content(path):
    """Return what a YAML under deploy/ says."""
    return yaml.safe_load((DEPLOY / path).read_text())


@pytest.fixture
def run():
    """Return a function that runs a program and gives what it printed; the test is skipped where it is not installed."""

    def call(*command, cwd=DEPLOY, **more):
        beside = Path(sys.executable).with_name(command[0])
        found = str(beside) if beside.is_file() else shutil.which(command[0])
        if found is None:
            pytest.skip(f"{command[0]} is not installed")
        done = subprocess.run(
            [found, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False, **more
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


@pytest.mark.parametrize("place", ["compose", "kubernetes"])
def test_the_settings_are_right_and_write_where_they_may(place):
    """The service reads them, and all it writes is on the volume."""
    settings = read_settings(DEPLOY / place / "watch.yaml", {"listen": "0.0.0.0:9880", "shard": "2/2"})
    assert settings.state == "/var/lib/sre-anomaly/state.2-of-2"
    assert settings.alerts_file == "/var/lib/sre-anomaly/alerts.2-of-2.jsonl"


def test_the_image_has_what_it_copies_and_no_rights():
    """Each source is there and let through to the build; it runs as a number, so that a cluster can see it is not root."""
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {word for line in lines if re.match(r"COPY (?!--from)", line) for word in line.split()[1:-1]}
    assert copied == let
    assert all((ROOT / name).exists() for name in copied)
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]


def test_the_dockerfile_pleases_its_linter(run):
    """Nothing that hadolint would change."""
    run("hadolint", "Dockerfile")


def test_compose_mounts_what_is_there(run):
    """Each file that is mounted is beside it, the root is read-only, and no port is open to other machines."""
    services = content("compose/compose.yaml")["services"]
    volumes = [one.split(":")[0] for service in services.values() for one in service.get("volumes", ())]
    assert all((DEPLOY / "compose" / one).is_file() for one in volumes if one.startswith("."))
    assert services["sre-anomaly"]["read_only"] is True
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose/compose.yaml")


def test_the_dashboard_is_ours_and_shows_what_is_watched():
    """Grafana is given the dashboard of the metrics of compose's own ``watch.yaml``."""
    (job,) = read_settings(DEPLOY / "compose" / "watch.yaml").jobs
    step = int(job.step.total_seconds()) * 1_000_000_000
    made = dashboard(
        Watched(tuple(job.metrics), step, ("job", "entity"), alert=None), f"sre-anomaly: {job.name}"
    )
    assert json.loads((DEPLOY / "compose/grafana/dashboard.json").read_text()) == json.loads(json.dumps(made))


def test_prometheus_and_alertmanager_take_their_files(run):
    """The service's own labels are kept when it is scraped, and the programs themselves find nothing wrong."""
    jobs = {one["job_name"]: one for one in content("compose/prometheus.yml")["scrape_configs"]}
    assert jobs["sre-anomaly"]["honor_labels"] is True
    run("promtool", "check", "config", "compose/prometheus.yml")
    run("amtool", "check-config", "compose/alertmanager.yml")


def test_the_unit_is_right_and_hardened(run, tmp_path):
    """Systemd finds no mistake in the unit, and little that it leaves open."""
    text = (DEPLOY / "systemd/sre-anomaly.service").read_text()
    unit = tmp_path / "sre-anomaly.service"
    # systemd looks whether the program is there.
    unit.write_text(text.replace("/opt/sre-anomaly/bin/sre-anomaly", sys.executable))
    assert "sre-anomaly.service:" not in run("systemd-analyze", "verify", str(unit))
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit))
    assert "Overall exposure level" in said


@pytest.mark.parametrize(("pod", "shard"), [("sre-anomaly-0", "1/2"), ("sre-anomaly-1", "2/2")])
def test_each_pod_is_a_shard(run, tmp_path, pod, shard):
    """What a pod's shell makes of its name are words that the service takes; there are as many shards as pods."""
    spec = content("kubernetes/stateful-set.yaml")["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    env = {one["name"]: one["value"] for one in container["env"]}
    assert env["SHARDS"] == str(spec["replicas"])
    program = tmp_path / "sre-anomaly"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOSTNAME": pod, **env}
    command, *words = run("sh", "-c", container["args"][0], env=path).split()
    given = dict(word.split("=") for word in words)
    assert (command, given.pop("config")) == ("serve", "/etc/sre-anomaly/watch.yaml")
    assert given == {"listen": "0.0.0.0:9880", "shard": shard, "replicas": "1"}
    read_settings(DEPLOY / "kubernetes" / "watch.yaml", given)


def test_the_manifests_belong_together(run, tmp_path):
    """Service and monitor choose the pods, probes ask what is served, and Kubernetes' schema takes all of it."""
    chosen = {"app.kubernetes.io/name": "sre-anomaly"}
    pods = content("kubernetes/stateful-set.yaml")["spec"]
    assert pods["template"]["metadata"]["labels"] == pods["selector"]["matchLabels"] == chosen
    assert content("kubernetes/service.yaml")["spec"]["selector"] == chosen
    monitor = content("kubernetes/service-monitor.yaml")["spec"]
    assert monitor["selector"]["matchLabels"] == chosen
    assert monitor["endpoints"][0]["honorLabels"] is True
    made = tmp_path / "all.yaml"
    made.write_text(run("kubectl", "kustomize", "kubernetes"))
    run("kubernetes-validate", "--strict", str(made))


def test_links_in_alerts_lead_where_people_can_go():
    """Inside a container the service listens to all of it, which is no address that one can open."""
    web = read_settings(DEPLOY / "compose" / "watch.yaml", {"listen": "0.0.0.0:9880"}).web
    assert (web.listen, web.page) == ("0.0.0.0:9880", "http://127.0.0.1:9880/")
    assert Web().page == "http://127.0.0.1:9880/"
    assert Web(tls_certificate="a", tls_key="b").page == "https://127.0.0.1:9880/"
