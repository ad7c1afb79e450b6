"""What clips are not told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from model.nets.scene import FaceCrops, Scene
from model.train.dropout import Dropout, drop
from tests.model.scenes import seed

CLIPS = 20_000


def told() -> Scene:
    nothing = torch.zeros(CLIPS, 0)
    return Scene(
        maps=nothing,
        motion_seen=torch.ones(CLIPS, dtype=torch.bool),
        references=nothing,
        references_seen=torch.ones(CLIPS, 2, dtype=torch.bool),
        first=nothing,
        first_given=torch.ones(CLIPS, dtype=torch.bool),
        faces=FaceCrops(nothing, torch.ones(CLIPS, 3, dtype=torch.bool)),
    )


def flags(scene: Scene) -> dict[str, torch.Tensor]:
    assert scene.faces is not None
    return {
        "references": scene.references_seen,
        "motion": scene.motion_seen[:, None],
        "faces": scene.faces.seen,
        "first": scene.first_given[:, None],
    }


def test_shares_are_those_of_the_settings() -> None:
    rates = Dropout(references=0.1, motion=0.2, faces=0.3, everything=0.05, hand_over=0.5)
    seen = flags(drop(told(), seed(0), rates))
    assert all(
        bool((flag == flag[:, :1]).all()) for flag in seen.values()
    )  # a clip's frames share their fate
    references, motion, faces, first = (
        seen[name][:, 0] for name in ("references", "motion", "faces", "first")
    )

    def share(which: torch.Tensor) -> float:
        return float(which.float().mean())

    assert share(~references & motion) == pytest.approx(0.1, abs=0.01)
    assert share(references & ~motion) == pytest.approx(0.2, abs=0.01)
    assert share(~references & ~motion) == pytest.approx(0.05, abs=0.01)
    assert share(references & motion & ~faces) == pytest.approx(0.3, abs=0.01)
    assert share(references & motion & faces) == pytest.approx(0.35, abs=0.01)
    assert share(first) == pytest.approx(0.5, abs=0.01)


def test_what_was_unseen_stays_unseen() -> None:
    scene = told()
    assert scene.faces is not None
    scene = replace(
        scene,
        motion_seen=~scene.motion_seen,
        first_given=~scene.first_given,
        faces=scene.faces._replace(seen=~scene.faces.seen),
    )
    nobody = Dropout(references=0, motion=0, faces=0, everything=0, hand_over=1)
    dropped = drop(scene, seed(0), nobody)
    assert not dropped.motion_seen.any()
    assert not dropped.first_given.any()
    assert not flags(dropped)["faces"].any()
    assert dropped.references_seen.all()


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to more than 1"):
        Dropout(references=0.5, motion=0.4, faces=0.2)
