"""A WanAnimatePipeline so small that it runs in a second, its weights drawn by chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def write_tiny_pipeline(folder: Path) -> None:
    """Save one as diffusers does."""
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanAnimatePipeline
    from diffusers import WanAnimateTransformer3DModel as Transformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        CLIPVisionModel,
        PreTrainedTokenizerFast,
        UMT5Config,
        UMT5EncoderModel,
    )

    torch.manual_seed(0)
    words: Any = Tokenizer(WordLevel({"<pad>": 0, "</s>": 1, "<unk>": 2}, unk_token="<unk>"))
    heads = {"num_attention_heads": 2}
    seen = CLIPVisionConfig(
        hidden_size=4, num_hidden_layers=2, image_size=4, intermediate_size=16, patch_size=1, **heads
    )
    motion = {"motion_encoder_size": 16, "motion_style_dim": 8, "motion_dim": 4, "motion_encoder_dim": 16}
    face = {"face_encoder_hidden_dim": 16, "face_encoder_num_heads": 2, "inject_face_latents_blocks": 2}
    network = Transformer(
        **(heads | motion | face),
        attention_head_dim=12,
        text_dim=32,
        freq_dim=256,
        ffn_dim=32,
        num_layers=2,
        image_dim=4,
        rope_max_seq_len=32,
        motion_encoder_channel_sizes={"4": 16, "8": 16, "16": 16},
    )
    WanAnimatePipeline(
        tokenizer=PreTrainedTokenizerFast(
            tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
        ),
        text_encoder=UMT5EncoderModel(
            UMT5Config(vocab_size=8, d_model=32, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
        ),
        vae=AutoencoderKLWan(base_dim=3, dim_mult=[1, 1, 1, 1], num_res_blocks=1),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True),
        image_processor=CLIPImageProcessor(crop_size=4, size=4),
        image_encoder=CLIPVisionModel(seen),
        transformer=network,
    ).save_pretrained(folder)
