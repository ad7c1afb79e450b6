"""The network of DreamActor-M1 (arXiv 2504.01724): a video diffusion transformer on the build of Wan 2.1.

    skeleton and sphere maps -> pose encoder -> pose latent --+
    handed-over first frame, and the mask of where it is -----+- by channel
    noisy video latent --------------------------------------+-> patches -> noise tokens ---------+
    reference latents ------------------------------------------> patches -> reference tokens -----+
    face crops -> motion encoder -+-> MLP --------------------------------> face tokens -----------+
    speech -> speech encoder -----+                                                                |
                                                                                                   v
                                                             velocity of the noise tokens <- L blocks

    A block: self-attention   noise and reference tokens, jointly, or references among themselves
             text             both ask the caption, or the sequence that stands for none
             Ref Attn         noise tokens ask reference tokens, in every nth block
             Face Attn        noise tokens ask the faces of their frames, in every nth block
             feed-forward     both, with the same weights

Self-attention, text and feed-forward are those of Wan 2.1, whose public weights load by name
(`model.nets.pretrained.wan`). Ref Attn, Face Attn and what joins by channel start as zero: a fresh network
without references says what its base says, bit for bit.

B clips, C latent channels, P pose channels, X = C + 1 + P control channels, T latent frames, F video frames,
H, W latent height and width, K references, N noise tokens, R reference tokens, D width, L caption tokens,
V numbers of a motion vector.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import pad
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from model.nets.block import Block, Context, ReferenceMemory
from model.nets.conditions import Conditions, FaceCrops, Speech
from model.nets.face import FaceEncoder, Faces, read_by_clip, read_by_frame
from model.nets.image import ImageEmbedding, ImageTokens
from model.nets.init import start
from model.nets.kernels import costly
from model.nets.layers import OutputLayer, sinusoidal_embedding
from model.nets.lora import let_change
from model.nets.pose import PoseEncoder
from model.nets.rope import in_video, scene_positions
from model.nets.sequence import Lanes, SequenceGroup
from model.nets.sizes import Sizes
from model.nets.speech import SpeechEncoder

TIME_UNITS = 1000.0
"""The base counts time from 0, data, to 1000, noise; we count to 1."""


class DiT(nn.Module):
    """Velocity of a noisy video latent, given its conditions.

    With `activation_checkpointing`, activations are computed again on the way back instead of being kept;
    with `keep_attention`, what tokens read from many others is kept even so: little, and the costliest.
    """

    def __init__(
        self,
        sizes: Sizes,
        generator: Generator,
        *,
        activation_checkpointing: bool = False,
        keep_attention: bool = False,
    ) -> None:
        super().__init__()
        width, channels = sizes.width, sizes.channels
        self.sizes, self.activation_checkpointing = sizes, activation_checkpointing
        self.keep_attention = keep_attention
        self.patch_embedding = nn.Conv3d(channels, width, sizes.patch, sizes.patch)
        self.control_embedding = nn.Conv3d(
            channels + 1 + sizes.pose_channels, width, sizes.patch, sizes.patch, bias=False
        )  # apart from the above, which is the base's; their sum is one layer over all channels
        self.time_embedding = nn.Sequential(
            nn.Linear(sizes.freq_dim, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.text_embedding = nn.Sequential(
            nn.Linear(sizes.text_width, width), nn.GELU(approximate="tanh"), nn.Linear(width, width)
        )
        self.img_emb = ImageEmbedding(sizes.image_width, width) if sizes.image_width else None
        self.no_caption = nn.Parameter(torch.zeros(1, sizes.text_width))  # zero: past the end of any prompt
        self.no_reference = nn.Parameter(torch.zeros(width))
        self.pose = PoseEncoder(sizes.pose_width, sizes.pose_channels, sizes.stride)
        self.face = FaceEncoder(sizes.motion, width, activation_checkpointing=activation_checkpointing)
        self.blocks = nn.ModuleList(Block(sizes, number) for number in range(sizes.layers))
        self.head = OutputLayer(width, channels, sizes.patch)
        self.speech = SpeechEncoder(sizes.speech, sizes.motion.vector)
        self.group: SequenceGroup | None = None
        """Ranks that share the tokens of a batch with this one."""
        if sizes.lora:
            let_change(self, sizes.lora)
        start(self, generator)

    def forward(self, noisy_BCTHW: Tensor, times_B: Tensor, conditions: Conditions) -> Tensor:
        """Velocity (B, C, T, H, W), float32, at the noisy latent and the times, 0 data to 1 noise."""
        return self.denoise(noisy_BCTHW, times_B, self.read(conditions))

    def read(self, conditions: Conditions) -> Context:
        """The conditions as the blocks read it: once for all steps of the way from noise to video."""
        weight = self.patch_embedding.weight
        conditions = conditions.to(weight.device, weight.dtype)
        control_BXTHW = self.control(conditions)
        t, h, w = self.grid(control_BXTHW)
        lanes = None if self.group is None else Lanes.of(self.group, h * w)
        positions = scene_positions(t, conditions.references.shape[1], h, w, weight.device)
        turn, references = in_video(positions, self.sizes.head_width), self.reference_tokens(conditions)
        return Context(
            control_BXTHW,
            references if lanes is None else lanes.mine(references, 1),
            self.faces(conditions, h * w if lanes is None else lanes.shares[lanes.group.rank]),
            self.text_embedding(self.caption(conditions)),
            self.image(conditions),
            turn if lanes is None else lanes.turn(turn),
            lanes,
            clean_BT=self.clean(conditions, t),
        )

    def image(self, conditions: Conditions) -> ImageTokens | None:
        """Tokens of the first frame as CLIP sees it, if anybody gives and reads some."""
        if self.img_emb is None or conditions.image is None:
            return None
        return ImageTokens(self.img_emb(conditions.image), conditions.first_given)

    def clean(self, conditions: Conditions, frames: int) -> Tensor | None:
        """Latent frames (B, T) that are told the time 0: first ones that are given, where sizes say so."""
        if self.sizes.first_frame != "at_time_0":
            return None
        first = torch.arange(frames, device=conditions.first_given.device) == 0
        return conditions.first_given[:, None] & first

    def listen(self, context: Context) -> Context:
        """The context with what is read of the references at any noise, if they do not look at it."""
        if self.sizes.references_see == "all":
            return context
        r_BRD, heard = context.references_BRD, []
        _, clean_B16D = self.time(r_BRD.new_zeros(len(r_BRD), 1))
        for block in self.blocks:
            r_BRD, known = cast("Block", block).references(r_BRD, clean_B16D, context)
            heard.append(known)
        return context._replace(heard=tuple(heard))

    def denoise(self, noisy_BCTHW: Tensor, times_B: Tensor, context: Context) -> Tensor:
        """Velocity (B, C, T, H, W), float32, given the conditions as read."""
        x_BCTHW = self.whole(noisy_BCTHW).type_as(context.control_BXTHW)
        if self.sizes.first_frame != "beside":
            x_BCTHW = first_frame_share(x_BCTHW, context.control_BXTHW)
        x_BND = tokens(self.patch_embedding(x_BCTHW) + self.control_embedding(context.control_BXTHW))
        r_BRD, lanes = context.references_BRD, context.lanes
        x_BND = x_BND if lanes is None else lanes.mine(x_BND, 1)

        times_BT = times_B[:, None]
        if context.clean_BT is not None:
            times_BT = times_BT.masked_fill(context.clean_BT, 0.0)
        now_BTD, now_BT6D = self.time(times_BT)
        _, clean_B16D = self.time(torch.zeros_like(times_B[:, None]))  # references carry no noise

        for number, block in enumerate(self.blocks):
            heard = context.heard[number] if context.heard else None
            x_BND, r_BRD = self.run(block, x_BND, r_BRD, now_BT6D, clean_B16D, context, heard)

        values_BNC = self.head(x_BND, now_BTD)  # the references have been heard
        values_BNC = values_BNC if lanes is None else lanes.gathered(values_BNC)
        height, width = noisy_BCTHW.shape[-2:]
        return self.head.latent(values_BNC, self.grid(x_BCTHW)).float()[..., :height, :width]

    def run(
        self, block: nn.Module, *given: Tensor | Context | ReferenceMemory | None
    ) -> tuple[Tensor, Tensor]:
        """The block's answer, its activations kept or not."""
        if self.activation_checkpointing and torch.is_grad_enabled():
            how: dict[str, Any] = {"context_fn": KEEPING} if self.keep_attention else {}
            answer: tuple[Tensor, Tensor] = checkpoint(block, *given, use_reentrant=False, **how)
            return answer
        return block(*given)

    def time(self, times_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Times for the head (B, T, D), and for the blocks (B, T, 6, D)."""
        waves = sinusoidal_embedding(TIME_UNITS * times_BT.flatten(), self.sizes.freq_dim)
        waves = waves.unflatten(0, times_BT.shape).to(next(self.time_embedding.parameters()).dtype)
        time_BTD = self.time_embedding(waves)
        return time_BTD, self.time_projection(time_BTD).unflatten(2, (6, -1))

    def control(self, conditions: Conditions) -> Tensor:
        """What joins the noisy latent by channel (B, X, T, H, W): first frame, mask of where it is, pose."""
        pose_BPTHW = self.pose(conditions.maps) * conditions.motion_seen.view(-1, 1, 1, 1, 1)
        first_BC1HW, given = conditions.first[:, :, None], conditions.first_given.view(-1, 1, 1, 1, 1)
        known = torch.cat([first_BC1HW, torch.ones_like(first_BC1HW[:, :1])], dim=1) * given
        known = pad(known, (0, 0, 0, 0, 0, pose_BPTHW.shape[2] - 1))
        if self.sizes.first_frame == "beside":
            unknown = conditions.unknown
            if unknown is None:
                raise ValueError(
                    "this network reads latents of grey frames where none are known; none are given"
                )
            known[:, :-1] = torch.where(given, unknown.behind_first, unknown.alone)
        return self.whole(torch.cat([known, pose_BPTHW], dim=1))

    def whole(self, latent_BCTHW: Tensor) -> Tensor:
        """A latent of whole patches: one that ends within a patch goes on as its last row and column."""
        (_, rows, columns), (height, width) = self.sizes.patch, latent_BCTHW.shape[-2:]
        more = (0, -width % columns, 0, -height % rows)
        return pad(latent_BCTHW, (*more, 0, 0), mode="replicate") if any(more) else latent_BCTHW

    def reference_tokens(self, conditions: Conditions) -> Tensor:
        """Reference tokens (B, R, D): each picture is a known video of one frame, without pose."""
        latents_NC1HW = self.whole(conditions.references.flatten(0, 1)[:, :, None])
        known = latents_NC1HW.new_zeros(1, self.control_embedding.in_channels, *latents_NC1HW.shape[2:])
        known[:, self.sizes.channels] = 1  # the mask
        r_NMD = tokens(self.patch_embedding(latents_NC1HW) + self.control_embedding(known))
        r_BRD = r_NMD.unflatten(0, conditions.references_seen.shape).flatten(1, 2)
        seen_BR = conditions.references_seen.repeat_interleave(r_NMD.shape[1], dim=1)
        return torch.where(seen_BR[..., None], r_BRD, self.no_reference)

    def caption(self, conditions: Conditions) -> Tensor:
        """Captions (B, L, E); where there is none, of one token or of as many alike, which say the same."""
        if conditions.text is None:
            return self.no_caption.expand(len(conditions.first), -1, -1)
        if conditions.text_seen is None:
            return conditions.text
        return torch.where(conditions.text_seen[:, None, None], conditions.text, self.no_caption)

    def faces(self, conditions: Conditions, picture: int) -> Faces | None:
        """Face tokens as the noise tokens will read them, so many of each picture."""
        if conditions.faces is None:
            return None
        seen_BF = conditions.faces.seen & conditions.motion_seen[:, None]
        face_BFD = self.face.tokens(self.motion(conditions.faces, conditions.speech), seen_BF)
        if self.sizes.face_reach == "clip":
            return read_by_clip(face_BFD, picture, self.sizes.head_width)
        return read_by_frame(face_BFD, self.face.null, self.sizes.head_width)

    def motion(self, faces: FaceCrops, speech: Speech | None) -> Tensor:
        """Motion vectors (B, F, V) of face crops, with what speech says in its place: the mouth, or all."""
        seen_BFV = self.face(faces)
        if speech is None:
            return seen_BFV
        spoken_BFV = self.speech(speech.sounds).type_as(seen_BFV)
        mouth = self.sizes.motion.feature if speech.mouth_only else self.sizes.motion.vector
        return torch.cat([seen_BFV[..., :-mouth], spoken_BFV[..., -mouth:]], dim=-1)

    def grid(self, latent_BCTHW: Tensor) -> tuple[int, int, int]:
        """Tokens along time, height and width."""
        t, h, w = (
            size // patch for size, patch in zip(latent_BCTHW.shape[2:], self.sizes.patch, strict=True)
        )
        return t, h, w


def keeping(_: object, operation: object, *given: Any, **__: object) -> CheckpointPolicy:
    """What is kept where activations are computed again: attention of many tokens to many."""
    kept = costly(operation, given)
    return CheckpointPolicy.MUST_SAVE if kept else CheckpointPolicy.PREFER_RECOMPUTE


KEEPING = partial(create_selective_checkpoint_contexts, keeping)


def tokens(patches_BDTHW: Tensor) -> Tensor:
    """Embedded patches in a row (B, N, D), time slowest, width fastest."""
    return patches_BDTHW.flatten(2).transpose(1, 2).contiguous()


def first_frame_share(noisy_BCTHW: Tensor, control_BXTHW: Tensor) -> Tensor:
    """The noisy latent with the known first frame in its place, free of noise."""
    channels = noisy_BCTHW.shape[1]
    known = control_BXTHW[:, channels : channels + 1] > 0
    return torch.where(known, control_BXTHW[:, :channels], noisy_BCTHW)
