"""The cluster's file is one that Ray takes, and keeps what docs/cluster.md promises of it."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.aws.config import _create_default_inbound_rules
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "ray_cluster.yaml"


@pytest.fixture
def cluster() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return said


def checked(cluster: dict[str, Any]) -> dict[str, Any]:
    """As `ray up` takes a file: with Ray's defaults, then through Ray's schema."""
    prepared: dict[str, Any] = prepare_config(copy.deepcopy(cluster))
    validate_config(prepared)
    return prepared


def test_ray_takes_the_file(cluster: dict[str, Any]) -> None:
    prepared = checked(cluster)
    assert set(prepared["available_node_types"]) == {"head", "cpu", "gpu"}
    assert prepared["head_start_ray_commands"] == cluster["head_start_ray_commands"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda said: said.update(max_worker=3),
        lambda said: said.update(max_workers="many"),
        lambda said: said["auth"].update(password="x"),
        lambda said: said["available_node_types"]["cpu"].update(spot=True),
        lambda said: said["available_node_types"]["cpu"].pop("node_config"),
        lambda said: said.update(setup_commands=[1]),
    ],
    ids=["unknown key", "type", "auth", "unknown key of a group", "missing", "commands"],
)
def test_ray_would_say_no(damage: Callable[[dict[str, Any]], Any], cluster: dict[str, Any]) -> None:
    damage(cluster)
    with pytest.raises(jsonschema.ValidationError):
        checked(cluster)


def test_the_head_has_no_work_and_its_dashboard_is_its_own(cluster: dict[str, Any]) -> None:
    (start,) = (command for command in cluster["head_start_ray_commands"] if "ray start" in command)
    assert cluster["head_node_type"] == "head"
    assert cluster["available_node_types"]["head"]["resources"] == {"CPU": 0}
    assert "--num-cpus=0" in start
    assert re.findall(r"--dashboard-host=(\S+)", start) == ["127.0.0.1"]
    assert "0.0.0.0" not in FILE.read_text()


def test_groups_have_limits_and_spot_machines(cluster: dict[str, Any]) -> None:
    groups = {name: group for name, group in cluster["available_node_types"].items() if name != "head"}
    for group in groups.values():
        assert 0 <= group["min_workers"] < group["max_workers"]
        assert group["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert "InstanceMarketOptions" not in cluster["available_node_types"]["head"]["node_config"]
    assert sum(group["max_workers"] for group in groups.values()) == cluster["max_workers"]
    assert cluster["upscaling_speed"] > 0
    assert 0 < cluster["idle_timeout_minutes"] <= 10
    assert cluster["provider"]["cache_stopped_nodes"] is False


def test_machines_have_rights_by_their_role_and_the_file_has_no_secret(cluster: dict[str, Any]) -> None:
    for name, group in cluster["available_node_types"].items():
        role = {"Name": "understudy-head" if name == "head" else "understudy-worker"}
        assert group["node_config"]["IamInstanceProfile"] == role
    text = FILE.read_text()
    assert not re.search(r"(?i)secret_?(access_?)?key\s*[:=]|password|aws_access_key|AKIA[0-9A-Z]{16}", text)
    assert not re.search(r"https?://|\S+@\S+\.\S+", text)
    assert "aws_credentials" not in cluster["provider"]
    assert "ssh_private_key" not in cluster["auth"]


def test_only_ssh_is_open(cluster: dict[str, Any]) -> None:
    extended = cluster["provider"]["security_group"].get("IpPermissions", [])
    rules = _create_default_inbound_rules({"sg-ours"}, extended)
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules if "IpRanges" in rule] == [(22, 22)]
    within = [rule["UserIdGroupPairs"] for rule in rules if "UserIdGroupPairs" in rule]
    assert within == [[{"GroupId": "sg-ours"}]]


def test_machines_are_set_up_from_the_lock(cluster: dict[str, Any]) -> None:
    commands = cluster["setup_commands"]
    (sync,) = (command for command in commands if "uv pip sync" in command)
    (project,) = (command for command in commands if "uv pip install" in command)
    assert "--require-hashes requirements.lock" in sync
    assert "--no-deps" in project
    assert project.endswith("-e .")
    assert commands.index(sync) < commands.index(project)
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert {"ray", "boto3"} <= set(locked), "the head starts workers through boto3"


def test_all_that_the_project_is_made_of_travels_and_no_more(cluster: dict[str, Any]) -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    sent = {
        there: here for there, here in cluster["file_mounts"].items() if there.startswith("~/understudy/")
    }
    folders = {here for here in sent.values() if (ROOT / here).is_dir()}
    assert folders == {package.split(".")[0] for package in packages}
    assert all((ROOT / here).exists() and there == f"~/understudy/{here}" for there, here in sent.items())
    assert set(cluster["file_mounts"]) - set(sent) == {"~/.ray/auth_token"}
