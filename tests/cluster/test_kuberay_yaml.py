"""The Kubernetes manifest has the groups of ray_cluster.yaml and opens nothing."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.kuberay import autoscaling_config, node_provider

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def documents() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "docs" / "kuberay.yaml").read_text()))


@pytest.fixture
def parts(documents: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {part["kind"]: part for part in documents}


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


def pods(cluster: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Pods by the group that they are of."""
    groups = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    return {
        name: group["template"]["spec"]
        for name, group in {"head": cluster["headGroupSpec"], **groups}.items()
    }


def test_head_and_workers_have_an_account_each_and_no_secrets(
    documents: list[dict[str, Any]], cluster: dict[str, Any]
) -> None:
    accounts = [part for part in documents if part["kind"] == "ServiceAccount"]
    assert [part["metadata"]["name"] for part in accounts] == ["understudy-head", "understudy-worker"]
    for name, pod in pods(cluster).items():
        assert pod["serviceAccountName"] == f"understudy-{'head' if name == 'head' else 'worker'}"
        for container in pod["containers"]:
            assert "env" not in container
            assert "envFrom" not in container


def test_nobody_but_the_autoscaler_holds_a_token_of_kubernetes(
    documents: list[dict[str, Any]], cluster: dict[str, Any]
) -> None:
    """There it lies where Ray's autoscaler reads it."""
    accounts = [part for part in documents if part["kind"] == "ServiceAccount"]
    assert all(part["automountServiceAccountToken"] is False for part in (*accounts, *pods(cluster).values()))
    assert all(
        "volumeMounts" not in container for pod in pods(cluster).values() for container in pod["containers"]
    )
    (mount,) = cluster["autoscalerOptions"]["volumeMounts"]
    (volume,) = pods(cluster)["head"]["volumes"]
    assert mount["name"] == volume["name"]
    assert mount["readOnly"] is True
    sources = [source for part in volume["projected"]["sources"] for source in part.values()]
    files = {item["path"] for source in sources for item in source.get("items", [source])}
    read = (node_provider.IN_CLUSTER_TOKEN_PATH, node_provider.IN_CLUSTER_CA_CERT_PATH)
    assert {Path(path).relative_to(mount["mountPath"]).name for path in read} <= files
    assert all("volumes" not in pod for name, pod in pods(cluster).items() if name != "head")


def test_work_needs_a_token(cluster: dict[str, Any]) -> None:
    assert cluster["authOptions"] == {"mode": "token"}
    assert tuple(map(int, cluster["rayVersion"].split("."))) >= (2, 52, 0), "the first that asks for tokens"


def test_pods_are_restricted(cluster: dict[str, Any]) -> None:
    """What the Pod Security Standard "restricted" asks for, the operator's containers included."""
    for pod in pods(cluster).values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert all(set(volume) <= {"name", "projected"} for volume in pod.get("volumes", ()))
        for container in (*pod["containers"], cluster["autoscalerOptions"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            }


def test_images_are_named_by_their_bytes(cluster: dict[str, Any]) -> None:
    images = {container["image"] for pod in pods(cluster).values() for container in pod["containers"]}
    assert len(images) == 1
    assert all(re.fullmatch(r"[^\s@]+@sha256:[0-9a-f]{64}", image) for image in images)
    assert "image" not in cluster["autoscalerOptions"], "it is the head's"
    guide = (ROOT / "docs" / "cluster.md").read_text()
    assert re.findall(r"^FROM \S+?@sha256:", guide, re.MULTILINE)
    assert len(re.findall(r"^FROM ", guide, re.MULTILINE)) == 1


def test_rays_autoscaler_reads_it(parts: dict[str, dict[str, Any]]) -> None:
    resource = copy.deepcopy(parts["RayCluster"])
    resource["metadata"]["namespace"] = "default"
    config = autoscaling_config._derive_autoscaling_config_from_ray_cr(resource)
    assert config["max_workers"] == 12
    assert config["idle_timeout_minutes"] == 5
    types = config["available_node_types"]
    assert types[config["head_node_type"]]["resources"]["CPU"] == 0
    assert {
        name: (kind["resources"]["CPU"], kind["resources"].get("GPU", 0))
        for name, kind in types.items()
        if name != config["head_node_type"]
    } == {"cpu": (15, 0), "gpu": (7, 1)}


def test_workers_are_on_spot_nodes_and_only_one_group_has_gpus(cluster: dict[str, Any]) -> None:
    for group in cluster["workerGroupSpecs"]:
        pod = group["template"]["spec"]
        assert pod["nodeSelector"] == {"karpenter.sh/capacity-type": "spot"}
        resources = pod["containers"][0]["resources"]
        assert resources["requests"] == resources["limits"]
        assert ("nvidia.com/gpu" in resources["limits"]) is (group["groupName"] == "gpu")
