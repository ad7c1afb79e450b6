"""Text encoders: embeddings of texts as transformers gives them, cut off where captions end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from model.nets.pretrained.captions import CaptionEncoder, caption_digest
from schemas.latents import CAPTION_TOKENS
from tests.model.nets.pretrained.small_networks import save_text_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_text_encoder(tmp_path_factory.mktemp("text"))


def test_an_embedding_is_what_the_network_says_of_the_tokens(folder: Path) -> None:
    import transformers

    encoder = CaptionEncoder(folder, CPU, torch.float32)
    found = encoder("  a woman\n talks ")
    net = transformers.UMT5EncoderModel.from_pretrained(folder / "text_encoder").eval()
    with torch.no_grad():
        wanted = net(input_ids=torch.tensor([[3, 4, 6, 1]])).last_hidden_state[0]
    torch.testing.assert_close(found, wanted)
    assert torch.equal(found, encoder("a woman talks"))
    assert not torch.equal(found, encoder("a man talks"))
    assert encoder("waves " * 1000).shape == (CAPTION_TOKENS, 32)


def test_a_digest_changes_with_weights_words_and_precision(folder: Path, tmp_path: Path) -> None:
    whole = caption_digest(folder, torch.float32)
    assert whole == caption_digest(Path(shutil.copytree(folder, tmp_path / "copy")), torch.float32)
    assert whole != caption_digest(folder, torch.bfloat16)
    assert whole != caption_digest(save_text_encoder(tmp_path / "other", seed=2), torch.float32)
    words = tmp_path / "copy" / "tokenizer" / "tokenizer.json"
    words.write_text(words.read_text().replace("waves", "jumps"))
    assert whole != caption_digest(tmp_path / "copy", torch.float32)


def test_a_folder_without_a_network_or_words_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no folder of a network there"):
        CaptionEncoder(tmp_path / "none", CPU, torch.float32)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "tokenizer" / "tokenizer.json").write_text("[]")
    with pytest.raises(ValueError, match="no file of tokens"):
        CaptionEncoder(copy, CPU, torch.float32)
    (copy / "text_encoder" / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match="a network of umt5 or t5 is wanted, not of bert"):
        CaptionEncoder(copy, CPU, torch.float32)
