"""Small public networks with random weights, saved as their makers save them."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

CONV = {
    "conv_dim": (16,) * 7,
    "hidden_size": 24,
    "num_attention_heads": 2,
    "num_hidden_layers": 3,
    "intermediate_size": 32,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "vocab_size": 8,
}
WORDS = ("<pad>", "</s>", "<unk>", "a", "woman", "man", "talks", "waves")


def save_speech_encoder(kind: str, folder: Path) -> Path:
    """wav2vec 2.0, HuBERT or Whisper with three layers of 24 numbers."""
    import transformers

    torch.manual_seed(1)
    if kind == "whisper":
        config = transformers.WhisperConfig(
            d_model=24,
            encoder_layers=3,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            vocab_size=8,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
        )
        transformers.WhisperModel(config).save_pretrained(folder)
    elif kind == "hubert":
        transformers.HubertModel(transformers.HubertConfig(**CONV)).save_pretrained(folder)
    else:
        transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**CONV)).save_pretrained(folder)
    return folder


def save_text_encoder(folder: Path, *, seed: int = 1, width: int = 32) -> Path:
    """UMT5 with one layer, and its words, in diffusers' layout."""
    import transformers

    torch.manual_seed(seed)
    config = transformers.UMT5Config(
        vocab_size=len(WORDS), d_model=width, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    transformers.UMT5EncoderModel(config).save_pretrained(folder / "text_encoder")
    words = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    (folder / "tokenizer").mkdir()
    words.save(str(folder / "tokenizer" / "tokenizer.json"))
    return folder
