"""Networks and body models as functions of numpy arrays, for estimators that do not know torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.estimators.batches import Net, network_of, on_device
from pipeline.estimators.hmr.body_model import MANO, NUM_BETAS, SMPL, SMPLX, SmplModel, read_model
from pipeline.estimators.hmr.net import Kind, Precision, hmr_net

Array = NDArray[np.float32]
SHARED = 22
"""Joints that SMPL and SMPL-X have in common, in one order."""
STIFFNESS = 1e-4
"""What a unit of each beta weighs against metres squared: what bones do not tell stays 0."""


def mesh_net(path: Path, kind: Kind, rounds: int, precision: Precision, device: str) -> Net:
    """HMR2.0 or HaMeR on a device, from its checkpoint.

    Raises:
        EstimatorUnavailable: there is no such device.
        ValueError: the file is of another network.
    """
    return on_device(network_of(path, lambda own: hmr_net(own, kind, rounds, precision)), device)


def joints_of(path: Path) -> Callable[[Array, Array], Array]:
    """SMPL's joints and toes (b, 26, 3), m, by rotations and betas, from the user's file."""
    return called(read_model(SMPL, path))


def hand_of(path: Path) -> Callable[[Array, Array], Array]:
    """MANO's joints and finger tips (b, 21, 3), m, by rotations and betas, from the user's file."""
    return called(read_model(MANO, path))


def called(model: SmplModel) -> Callable[[Array, Array], Array]:
    """A model as a function of arrays."""

    @torch.inference_mode()
    def places(rotations: Array, betas: Array) -> Array:
        if not len(rotations):
            return np.zeros((0, len(model.get_buffer("template")), 3), np.float32)
        return model(torch.from_numpy(rotations), torch.from_numpy(betas)).numpy()

    return places


def shaped_like(smpl: Path, smplx: Path) -> Callable[[Array], tuple[Array, Array]]:
    """SMPL-X's betas whose bones are those of SMPL's, and its places at rest, from the users' files.

    Betas of the two mean other things; the places of joints at rest are linear in both, so the nearest bones
    are found by least squares.
    """
    body, whole = read_model(SMPL, smpl), read_model(SMPLX, smplx)
    shapes = bones(whole.get_buffer("shapes")).flatten(0, 1)
    normal = shapes.T @ shapes + STIFFNESS * torch.eye(NUM_BETAS)
    own = bones(whole.get_buffer("template"))

    @torch.inference_mode()
    def shaped(betas: Array) -> tuple[Array, Array]:
        rest = body.rest(torch.from_numpy(betas))[:, :SHARED]
        apart = (rest - rest[:, :1] - own).flatten(1)
        found = torch.linalg.solve(normal, (apart @ shapes).T).T.contiguous()
        return found.numpy(), whole.rest(found).numpy()

    return shaped


def bones(places: torch.Tensor) -> torch.Tensor:
    """The shared joints of places (joints, 3, ...) from the first one."""
    return places[:SHARED] - places[:1]
