"""Editors of pictures out of folders, by a pipeline that is made up."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from model.nets.pretrained.editors import EDITORS, PictureEditor, editor_digest

CPU = torch.device("cpu")


class Pipeline:
    """Turns a picture over and adds what its generator draws; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def __call__(self, image: Image.Image, generator: torch.Generator, **asked: Any) -> Any:
        self.asked = asked
        drawn = int(torch.randint(100, (), generator=generator))
        shown = np.asarray(image.resize((asked["width"], asked["height"])))[:, ::-1] // 2 + drawn
        return SimpleNamespace(images=[Image.fromarray(shown.astype(np.uint8))])


def test_a_picture_is_edited_at_a_size_that_can_be_made_and_comes_back_as_large() -> None:
    pipeline = Pipeline()
    edit = PictureEditor(pipeline, {"true_cfg_scale": 4.0, "num_inference_steps": 3}, "")
    picture = np.zeros((50, 70, 3), np.uint8)
    picture[:, :35] = 200
    one = edit(picture, "turn over", 3)
    assert one.shape == picture.shape
    assert pipeline.asked == {
        "prompt": "turn over", "height": 48, "width": 64, "true_cfg_scale": 4.0, "num_inference_steps": 3,
    }  # fmt: skip
    assert one[25, 60].mean() > one[25, 5].mean()
    assert np.array_equal(edit(picture, "turn over", 3), one)
    assert not np.array_equal(edit(picture, "turn over", 4), one)


def test_folders_without_an_editor_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no editor of pictures there"):
        PictureEditor.of_folder(tmp_path, CPU)
    for name, sentence in (("Nice", "'Nice' edits no pictures here; Flux2Klein"), *ABSENT):
        (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))
        with pytest.raises(ValueError, match=sentence):
            PictureEditor.of_folder(tmp_path, CPU)


ABSENT = [("QwenImageEditPlusPipeline", "no QwenImageEditPlusPipeline that can be loaded")]


def test_the_pipelines_are_those_of_diffusers() -> None:
    import diffusers

    assert all(hasattr(diffusers, name) for name in EDITORS)


def test_the_digest_is_that_of_the_files_and_of_how_they_are_asked(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    first = editor_digest(tmp_path, {"steps": 1})
    assert editor_digest(tmp_path, {"steps": 1}) == first
    assert editor_digest(tmp_path, {"steps": 2}) != first
    (tmp_path / "a.json").write_text("[]")
    assert editor_digest(tmp_path, {"steps": 1}) != first
