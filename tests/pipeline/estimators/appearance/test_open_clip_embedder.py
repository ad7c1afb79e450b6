"""OpenCLIP with weights of the user's: the same numbers as open_clip's own, and never random ones."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch
from PIL import Image

from engine.core import EstimatorUnavailable
from pipeline.estimators.appearance.open_clip_embedder import OpenClip

TINY = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 60, "width": 32, "heads": 2, "layers": 2},
}
PICTURES = np.random.default_rng(0).integers(0, 256, (5, 50, 40, 3), np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Folder with two architectures that open_clip knows from now on, and weights that fit both."""
    import open_clip

    folder = tmp_path_factory.mktemp("clip")
    (folder / "tiny-test.json").write_text(json.dumps(TINY))
    (folder / "tiny-test-quickgelu.json").write_text(json.dumps(TINY | {"quick_gelu": True}))
    open_clip.add_model_config(folder)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = open_clip.create_model("tiny-test")
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)  # far from the start, where activations hardly matter
    torch.save(model.state_dict(), folder / "tiny.pt")
    return folder


def clip(folder, **changes):
    return OpenClip(**{"model": "tiny-test", "tag": "", "weights": folder / "tiny.pt"} | changes)


def theirs(folder, name, **options):
    """open_clip's own answer."""
    import open_clip

    model, _, prepare = open_clip.create_model_and_transforms(
        name, pretrained=str(folder / "tiny.pt"), **options
    )
    with torch.inference_mode():
        batch = torch.stack([prepare(Image.fromarray(picture)) for picture in PICTURES])
        return model.eval().encode_image(batch, normalize=True).numpy()


@pytest.mark.parametrize("name", ["tiny-test", "tiny-test-quickgelu"])
def test_vectors_are_open_clips_own(folder, name):
    vectors = clip(folder, model=name).build()(PICTURES).vectors
    np.testing.assert_array_equal(vectors, theirs(folder, name))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_activation_matters_so_that_it_must_be_known(folder):
    gelu, quick = (
        clip(folder, model=m).build()(PICTURES).vectors for m in ("tiny-test", "tiny-test-quickgelu")
    )
    assert np.abs(gelu - quick).max() > 1e-3


def test_a_tag_fixes_activation_and_normalisation(folder, monkeypatch):
    """OpenAI's weights under the plain name get QuickGELU all the same, and pictures as the tag says."""
    import open_clip

    known = {"quick_gelu": True, "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "resize_mode": "squash"}
    monkeypatch.setattr(open_clip, "list_pretrained_tags_by_model", lambda _: ["openai"])
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda *_: known)
    options = {"image_mean": known["mean"], "image_std": known["std"], "image_resize_mode": "squash"}
    expected = theirs(folder, "tiny-test-quickgelu", **options)
    np.testing.assert_array_equal(clip(folder, tag="openai").build()(PICTURES).vectors, expected)
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda *_: {"mean": known["mean"]})
    with pytest.raises(ValueError, match="has QuickGELU, the weights 'openai' need GELU"):
        clip(folder, tag="openai", model="tiny-test-quickgelu").build()


def test_openai_weights_of_a_real_model_are_known_to_be_quick_gelu():
    import open_clip

    published = OpenClip(model="ViT-L-14", tag="openai").published(open_clip)
    assert published["quick_gelu"]
    assert published["mean"] == (0.48145466, 0.4578275, 0.40821073)
    assert published["std"] == (0.26862954, 0.26130258, 0.27577711)
    assert published["interpolation"] == "bicubic"
    assert not OpenClip(tag="laion400m_e32").published(open_clip).get("quick_gelu", False)


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_batches_do_not_matter(folder, batch):
    vectors = clip(folder, batch=batch).build()(PICTURES).vectors
    np.testing.assert_allclose(vectors, theirs(folder, "tiny-test"), atol=1e-6)


def test_no_pictures_are_no_vectors(folder):
    assert clip(folder).build()(PICTURES[:0]).vectors.shape == (0, 24)


def test_safetensors_are_read_too(folder):
    from safetensors.torch import save_file

    save_file(torch.load(folder / "tiny.pt", weights_only=True), folder / "tiny.safetensors")
    one, other = clip(folder).build(), clip(folder, weights=folder / "tiny.safetensors").build()
    np.testing.assert_array_equal(one(PICTURES).vectors, other(PICTURES).vectors)


class Part(torch.nn.Module):
    """Holds tensors and other parts."""


def scripted(state):
    """The tensors as OpenAI publishes CLIP's: attributes of a module of TorchScript, in half precision."""
    root = Part()
    for name, tensor in state.items():
        *path, leaf = name.split(".")
        at = root
        for part in path:
            if not hasattr(at, part):
                at.add_module(part, Part())
            at = getattr(at, part)
        at.register_buffer(leaf, tensor.half() if tensor.is_floating_point() else tensor)
    root.register_buffer("input_resolution", torch.tensor(32))
    return torch.jit.script(root)


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning", "ignore:.*torch.jit:DeprecationWarning")
def test_archives_as_openai_publishes_them_are_read_and_not_run(folder, caplog):
    state = torch.load(folder / "tiny.pt", weights_only=True)
    halved = {name: x.half().float() if x.is_floating_point() else x for name, x in state.items()}
    torch.save(halved, folder / "half.pt")
    torch.jit.save(scripted(state), folder / "published.pt")
    published, plain = (
        clip(folder, weights=folder / name).build()(PICTURES).vectors for name in ("published.pt", "half.pt")
    )
    np.testing.assert_array_equal(published, plain)
    assert "randomly" not in caplog.text
    del state["visual.ln_post.weight"]
    torch.jit.save(scripted(state), folder / "published.pt")
    with pytest.raises(EstimatorUnavailable, match=r"Missing key.*visual\.ln_post\.weight"):
        clip(folder, weights=folder / "published.pt").build()


def test_a_file_of_another_digest_is_refused(folder):
    digest = hashlib.sha256((folder / "tiny.pt").read_bytes()).hexdigest()
    assert clip(folder, sha256=digest).build().card.weights_sha256 == digest
    with pytest.raises(ValueError, match=r"tiny\.pt is not the file that .*`understudy weights"):
        clip(folder, sha256="0" * 64).build()


def test_the_card_names_model_weights_and_licences(folder):
    import open_clip

    card = clip(folder, licence="MIT").build().card
    assert card.name == "open_clip tiny-test"
    assert card.version == open_clip.__version__
    assert card.weights_sha256 == hashlib.sha256((folder / "tiny.pt").read_bytes()).hexdigest()
    assert card.licence == "MIT (code), MIT (weights)"


def test_missing_weights_are_named_with_the_way_to_get_them(tmp_path):
    with pytest.raises(
        EstimatorUnavailable, match=r"no file of weights is named; get the file .*ColourLayout"
    ):
        OpenClip().build()
    with pytest.raises(EstimatorUnavailable, match=r"no file .*gone\.pt; get the file"):
        OpenClip(weights=tmp_path / "gone.pt").build()
    with pytest.raises(EstimatorUnavailable, match="no file"):
        OpenClip(weights=tmp_path).build()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "no-such"}, "no model 'no-such'"),
        ({"model": "hf-hub:some/where"}, "no model 'hf-hub:some/where'"),
        ({"model": "xlm-roberta-base-ViT-B-32"}, "would download its text tower"),
        ({"model": "ViT-L-14", "tag": ""}, "tag '' is unknown; it may be openai, laion400m_e31"),
        ({"tag": "openai"}, "tag 'openai' is unknown; it may be empty"),
        ({"device": "tpu"}, "device 'tpu' is neither cpu nor cuda"),
    ],
)
def test_wrong_settings_are_one_clear_sentence(folder, changes, message):
    with pytest.raises(ValueError, match=message):
        clip(folder, **changes).build()


def test_other_files_are_refused(folder):
    (folder / "tiny.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"tiny\.npz is none of \.pt"):
        clip(folder, weights=folder / "tiny.npz").build()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_device_is_named(folder):
    with pytest.raises(EstimatorUnavailable, match="no CUDA device for 'cuda:1'"):
        clip(folder, device="cuda:1").build()


class Trap:
    """Writes a file when it is unpickled by a reader that runs code."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("content", [b"", b"some text", b"PK\x03\x04 broken", b"\x80\x02]"])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_broken_files_are_refused(folder, content, suffix):
    path = folder / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(EstimatorUnavailable, match=f"cannot load .*broken{suffix}"):
        clip(folder, weights=path).build()


def test_a_file_that_would_run_code_is_refused_and_does_not(folder):
    torch.save({"weight": Trap(folder / "sprung")}, folder / "trap.pt")
    with pytest.raises(EstimatorUnavailable, match="Weights only load failed"):
        clip(folder, weights=folder / "trap.pt").build()
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize("content", [[1, 2], {}, {"visual.proj": torch.zeros(3)}])
def test_other_contents_are_refused(folder, content):
    torch.save(content, folder / "other.pt")
    with pytest.raises(EstimatorUnavailable, match=r"cannot load .*other\.pt"):
        clip(folder, weights=folder / "other.pt").build()


def test_weights_that_lack_a_part_are_refused(folder):
    state = torch.load(folder / "tiny.pt", weights_only=True)
    del state["visual.ln_post.weight"]
    torch.save(state, folder / "part.pt")
    with pytest.raises(EstimatorUnavailable, match=r"Missing key.*visual\.ln_post\.weight"):
        clip(folder, weights=folder / "part.pt").build()
