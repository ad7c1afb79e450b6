"""The Kubernetes manifest has the groups of ray_cluster.yaml and opens nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def parts() -> dict[str, dict[str, Any]]:
    text = (ROOT / "docs" / "kuberay.yaml").read_text()
    return {part["kind"]: part for part in yaml.safe_load_all(text)}


@pytest.fixture
def cluster(parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    spec: dict[str, Any] = parts["RayCluster"]["spec"]
    return spec


def test_it_has_the_groups_and_limits_of_the_other_file(cluster: dict[str, Any]) -> None:
    other = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())
    groups = {
        group["groupName"]: (group["minReplicas"], group["maxReplicas"])
        for group in cluster["workerGroupSpecs"]
    }
    assert groups == {
        name: (group["min_workers"], group["max_workers"])
        for name, group in other["available_node_types"].items()
        if name != other["head_node_type"]
    }
    assert cluster["autoscalerOptions"]["idleTimeoutSeconds"] == 60 * other["idle_timeout_minutes"]
    assert cluster["enableInTreeAutoscaling"] is True


def test_its_ray_is_the_one_of_the_lock(cluster: dict[str, Any]) -> None:
    (locked,) = re.findall(r"^ray==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert cluster["rayVersion"] == locked


def test_the_head_has_no_work_and_nothing_listens_outside(
    parts: dict[str, Any], cluster: dict[str, Any]
) -> None:
    head = cluster["headGroupSpec"]
    assert head["serviceType"] == "ClusterIP"
    assert head["rayStartParams"] == {"num-cpus": "0", "dashboard-host": "127.0.0.1"}
    assert set(parts) == {"ServiceAccount", "NetworkPolicy", "RayCluster"}
    ours = {"matchLabels": {"ray.io/cluster": parts["RayCluster"]["metadata"]["name"]}}
    policy = parts["NetworkPolicy"]["spec"]
    assert policy["podSelector"] == ours
    assert policy["ingress"] == [{"from": [{"podSelector": ours}]}]


def test_pods_have_rights_by_their_account_and_no_secrets(
    parts: dict[str, Any], cluster: dict[str, Any]
) -> None:
    account = parts["ServiceAccount"]["metadata"]["name"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        pod = group["template"]["spec"]
        assert pod["serviceAccountName"] == account
        for container in pod["containers"]:
            assert "env" not in container
            assert "envFrom" not in container


def test_workers_are_on_spot_nodes_and_only_one_group_has_gpus(cluster: dict[str, Any]) -> None:
    for group in cluster["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        assert pod["nodeSelector"] == {"karpenter.sh/capacity-type": "spot"}
        resources = pod["containers"][0]["resources"]
        assert resources["requests"] == resources["limits"]
        assert ("nvidia.com/gpu" in resources["limits"]) is (group["groupName"] == "gpu")
