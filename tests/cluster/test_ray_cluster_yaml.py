"""The cluster's file is one that Ray takes, and keeps what docs/cluster.md promises of it."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import jsonschema
import pytest
import yaml
from botocore.validate import ParamValidator
from ray.autoscaler._private.aws import config as aws
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "ray_cluster.yaml"


@pytest.fixture
def cluster() -> dict[str, Any]:
    result: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return result


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


def test_ray_opens_no_port(cluster: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's own groups let ssh in from anywhere. Where every kind of machine names a group it makes none."""
    monkeypatch.setattr(aws, "_resource", lambda *_: pytest.fail("Ray asks AWS for a group"))
    assert aws._configure_security_group(checked(cluster)) == checked(cluster)
    assert "security_group" not in cluster["provider"]
    groups = {name: kind["node_config"]["SecurityGroupIds"] for name, kind in kinds(cluster).items()}
    assert set(map(tuple, groups.values())) == {("sg-YOURS",)}, "to be filled in: nothing starts before"
    open_to = [rule["IpRanges"] for rule in aws._create_default_inbound_rules({"sg"}) if "IpRanges" in rule]
    assert open_to == [[{"CidrIp": "0.0.0.0/0"}]]


def test_the_guides_group_lets_in_one_address() -> None:
    guide = (ROOT / "docs" / "cluster.md").read_text()
    (rules,) = re.findall(r"--ip-permissions \\\n((?: +\".*\n)+)", guide)
    assert re.findall(r"IpProtocol=(\S+?),", rules) == ["-1", "tcp"]
    assert "UserIdGroupPairs=[{GroupId=$GROUP}]" in rules
    assert "FromPort=22,ToPort=22,IpRanges=[{CidrIp=$ADDRESS}]" in rules
    assert re.findall(r"ADDRESS=\S+(/\d+) ", guide) == ["/32"]
    assert 'sed -i "s/sg-YOURS/$GROUP/" ray_cluster.yaml' in guide


def test_keys_of_a_role_stay_on_their_machine(cluster: dict[str, Any]) -> None:
    for kind in kinds(cluster).values():
        assert kind["node_config"]["MetadataOptions"] == {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        }


def test_aws_takes_the_machines(cluster: dict[str, Any]) -> None:
    """All that is said of a machine is a parameter of RunInstances, with the type that it has there."""
    shape = (
        botocore.session.get_session().get_service_model("ec2").operation_model("RunInstances").input_shape
    )
    for kind in kinds(cluster).values():
        asked = {**kind["node_config"], "MinCount": 1, "MaxCount": 1}
        assert not ParamValidator().validate(asked, shape).has_errors()
        asked["MetadataOptions"] = {**asked["MetadataOptions"], "HttpPutResponseHopLimit": "one"}
        assert ParamValidator().validate(asked, shape).has_errors()


def kinds(cluster: dict[str, Any]) -> dict[str, Any]:
    """Kinds of machines by name."""
    found: dict[str, Any] = cluster["available_node_types"]
    return found


def test_machines_are_set_up_from_the_locks(cluster: dict[str, Any]) -> None:
    commands = cluster["setup_commands"]
    (uv,) = (command for command in commands if "pip install --quiet --require-hashes" in command)
    (sync,) = (command for command in commands if "uv pip sync" in command)
    (project,) = (command for command in commands if "uv pip install" in command)
    assert uv.endswith("--only-binary :all: -r ~/understudy/requirements-build.lock")
    assert "--require-hashes" in sync
    assert sync.endswith(" requirements.lock")
    for command in (sync, project):
        assert "--build-constraints requirements-build.lock --require-build-hashes" in command
    assert "--no-deps" in project
    assert project.endswith("-e .")
    assert commands.index(uv) < commands.index(sync) < commands.index(project)


def locked(name: str) -> dict[str, list[str]]:
    """Versions of the packages of a lock, and what comes with each; every one has a hash."""
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    found: dict[str, list[str]] = {}
    for block in blocks:
        package, version = re.findall(r"^([a-z0-9._-]+)==(\S+)", block)[0]
        found.setdefault(package, []).append(version)
    return found


def test_what_develops_stays_off_paid_machines() -> None:
    run, develop, build = (locked(f"requirements{part}.lock") for part in ("", "-dev", "-build"))
    assert {"ray", "boto3", "torch"} <= set(run), "the head starts workers through boto3"
    assert not {"pytest", "mypy", "moto", "ruff", "hypothesis", "import-linter"} & set(run)
    assert {"pytest", "mypy", "moto"} <= set(develop)
    assert {package: develop.get(package) for package in run} == run
    assert set(build) == {"uv", "setuptools"}


def test_the_makefile_builds_from_the_same_locks() -> None:
    text = (ROOT / "Makefile").read_text()
    assert "pip install --quiet --require-hashes --only-binary :all: -r requirements-build.lock" in text
    assert "--require-hashes $(BUILD) requirements-dev.lock" in text
    assert "command -v uv" not in text, "one of another version"
    assert "no-build-isolation" not in text


def test_all_that_the_project_is_made_of_travels_and_no_more(cluster: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]
    sent = {
        there: here for there, here in cluster["file_mounts"].items() if there.startswith("~/understudy/")
    }
    folders = {here for here in sent.values() if (ROOT / here).is_dir()}
    assert folders == {package.rstrip(".*") for package in packages}
    modules = project["tool"]["setuptools"]["py-modules"]
    assert {f"{module}.py" for module in modules} == {
        there for there in sent.values() if there.endswith(".py")
    }
    assert all((ROOT / here).exists() and there == f"~/understudy/{here}" for there, here in sent.items())
    assert set(cluster["file_mounts"]) - set(sent) == {"~/.ray/auth_token"}
