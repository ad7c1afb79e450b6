"""DeepSpeed: an engine of many ranks that share weights, moments and averages by ZeRO (arXiv 1910.02054).

Stage 1 shards the optimizer's states, 2 gradients too, 3 the weights too. All of DeepSpeed is in this file.
Its own checkpoints are not used: they belong to a number of ranks, and to pickle; ours hold whole tensors.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch._C._distributed_c10d import HashStore, Store
from torch.distributed.rendezvous import rendezvous

from model.nets.conditions import Conditions
from model.nets.precision import rounded
from model.train.engines.engine import DTYPES, Answer, Dtype, lengths
from model.train.engines.optimizer import AveragingAdamW, Kind, OptimizerSettings
from model.train.engines.process_group import ProcessGroup
from model.train.engines.zero_mends import FlatShards, unprinted

Zero = Literal[1, 2, 3]

BUCKET = 2**25
"""Numbers that are gathered together."""
SILENT = 2**31 - 1
"""Steps between two reports of DeepSpeed's own."""


class CallableModule(nn.Module):
    """A network that can be asked anything: DeepSpeed lets everything in by one forward."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, question: Callable[[nn.Module], Answer]) -> Answer:
        """What a question gets out of the network."""
        return question(self.net)


class DeepSpeedEngine:
    """An engine of all processes that torchrun or deepspeed started; of this one where none did."""

    def __init__(
        self,
        net: nn.Module,
        settings: OptimizerSettings,
        steps: int,
        *,
        device: torch.device,
        dtype: Dtype,
        grad_accumulation: int,
        zero_stage: Zero,
        sequence_parallel: int = 1,
        offload: bool = False,
        stored: Mapping[str, Tensor] | None = None,
    ) -> None:
        import deepspeed
        from deepspeed.runtime.zero import stage3

        stage3.defragment = FlatShards
        self.device, self.rank, self.world_size = (
            device,
            torch.distributed.get_rank(),
            torch.distributed.get_world_size(),
        )
        self.replica, self.replicas = self.rank // sequence_parallel, self.world_size // sequence_parallel
        if sequence_parallel > 1:
            net.group = ProcessGroup.of(sequence_parallel)  # type: ignore[assignment]
        net = rounded(net, device, DTYPES[dtype], stored)
        learning = {name: weight for name, weight in net.named_parameters() if weight.requires_grad}
        with unprinted():
            self.engine, sharded, _, _ = deepspeed.initialize(
                model=CallableModule(net),
                model_parameters=list(learning.values()),
                optimizer=AveragingAdamW(learning, settings),
                config={
                    "train_micro_batch_size_per_gpu": 1,  # its own count only: ours are by tokens
                    "gradient_accumulation_steps": grad_accumulation,
                    "gradient_clipping": settings.max_grad_norm,
                    "data_types": {
                        "grad_accum_dtype": "fp32"
                    },  # of which types weights are, they say themselves
                    "communication_data_type": "fp32",
                    "zero_optimization": {"stage": zero_stage, **(offloaded(zero_stage) if offload else {})},
                    "zero_force_ds_cpu_optimizer": False,  # ours is torch's, and keeps an average
                    "zero_allow_untested_optimizer": True,  # it is AdamW and one more state
                    "steps_per_print": SILENT,
                },
            )
        self.parameters = dict(net.named_parameters())
        self.tensors: dict[str, Tensor] = {**self.parameters, **dict(net.named_buffers())}
        self.optimizer: Any = sharded
        self.begin(steps)

    @property
    def inner(self) -> AveragingAdamW:
        """What moves the shards."""
        return cast("AveragingAdamW", self.optimizer.optimizer)

    def begin(self, steps: int) -> None:
        """Give every shard its states now: DeepSpeed waits for the first step, and a resumed run cannot."""
        from deepspeed.utils import lazy_init_hp_params_optimizer_state

        sharded = self.optimizer
        inner = self.inner
        if sharded_weights(sharded):
            for shard in sharded.fp32_partitioned_groups_flat:
                inner.begin(shard, steps)
            return
        for weights, shard in zip(sharded.bit16_groups, sharded.single_partition_of_fp32_groups, strict=True):
            inner.begin(shard, steps)
            lazy_init_hp_params_optimizer_state(weights, shard, inner.state)

    def __call__(self, noisy_BCTHW: Tensor, times_B: Tensor, conditions: Conditions) -> Tensor:
        """Velocity."""
        return self.ask(lambda net: net(noisy_BCTHW, times_B, conditions))

    def ask(self, question: Callable[[Any], Answer]) -> Answer:
        """What a question gets out of the network."""
        return cast("Answer", self.engine(question))

    def backward(self, loss: Tensor) -> None:
        """Add gradients."""
        self.engine.backward(loss)
        if not self.engine.is_gradient_accumulation_boundary():
            self.engine.step()  # counts the batch, and moves nothing

    def step(self, lr: float, share: float) -> float:
        """Move what learns."""
        self.inner.set_lr(lr)
        self.inner.resting = share == 0
        self.optimizer.loss_scale = share or 1.0  # by which DeepSpeed divides gradients
        self.engine.step()
        self.optimizer.loss_scale = 1.0
        return float(self.engine.get_global_grad_norm())

    def norms(self) -> dict[str, float]:
        """By part; all ranks ask together."""
        return lengths(self.inner, float(self.engine.get_global_grad_norm()), self.mean)

    def weights(self, names: Sequence[str]) -> Iterator[Tensor]:
        """Weights."""
        from deepspeed.runtime.zero import GatheredParameters

        for learn, group in groupby(names, self.learns):
            if learn:
                yield from self.gathered(list(group), None)
                continue
            for bucket in self.buckets(list(group)):
                with GatheredParameters(
                    [self.parameters[name] for name in bucket if name in self.parameters]
                ):
                    yield from (self.tensors[name].detach() for name in bucket)

    def put_weight(self, name: str, value: Tensor) -> None:
        """Replace a weight."""
        from deepspeed.utils import safe_set_full_fp32_param, safe_set_local_fp32_param

        weight = self.parameters[name]
        if sharded_weights(self.optimizer):
            safe_set_local_fp32_param(weight, self.own(weight, value))
        else:
            safe_set_full_fp32_param(weight, value)

    def states(self, names: Sequence[str], kind: Kind) -> Iterator[Tensor]:
        """States."""
        return self.gathered(names, kind)

    def gathered(self, names: Sequence[str], kind: Kind | None) -> Iterator[Tensor]:
        """Whole float32 weights, or states of a kind: each rank adds its parts to rows of many.

        DeepSpeed's own ways gather each by itself, of which thousands of small ones take seconds.
        """
        for bucket in self.buckets(names):
            sizes = [self.size(name) for name in bucket]
            row = torch.zeros(sum(map(math.prod, sizes)), device=self.device)
            places = row.split([math.prod(size) for size in sizes])
            for name, place in zip(bucket, places, strict=True):
                start, part = self.part(self.parameters[name], kind)
                place[start : start + len(part)] = part.detach()
            torch.distributed.all_reduce(row)
            yield from (place.view(size) for place, size in zip(places, sizes, strict=True))

    def part(self, weight: Any, kind: Kind | None) -> tuple[int, Tensor]:
        """Where this rank's part of a weight that learns, or of its state, begins, and the part."""
        from deepspeed.utils import safe_get_local_fp32_param, safe_get_local_optimizer_state

        if sharded_weights(self.optimizer):
            part = safe_get_local_optimizer_state(weight, kind) if kind else safe_get_local_fp32_param(weight)
            start = self.rank * len(part)
            return start, part[: max(0, weight.ds_numel - start)]  # the last is filled up
        if (mapping := weight._hp_mapping) is None:  # noqa: SLF001  where DeepSpeed keeps it
            return 0, torch.zeros(0)
        return mapping.lp_fragment_address.start, mapping.get_hp_fragment(kind)

    def buckets(self, names: Sequence[str]) -> Iterator[list[str]]:
        """Names of tensors that are gathered together."""
        ends = accumulate(math.prod(self.size(name)) for name in names)
        for _, bucket in groupby(zip(names, ends, strict=True), lambda one: (one[1] - 1) // BUCKET):
            yield [name for name, _ in bucket]

    def size(self, name: str) -> torch.Size:
        """The whole size of a weight or buffer."""
        tensor: Any = self.tensors[name]
        return cast("torch.Size", getattr(tensor, "ds_shape", tensor.shape))

    def learns(self, name: str) -> bool:
        """Whether it is a weight that learns."""
        return name in self.parameters and self.parameters[name].requires_grad

    def put_state(self, name: str, kind: Kind, value: Tensor) -> None:
        """Replace a state."""
        from deepspeed.utils import safe_set_full_optimizer_state, safe_set_local_optimizer_state

        weight = self.parameters[name]
        if sharded_weights(self.optimizer):
            safe_set_local_optimizer_state(weight, self.own(weight, value), kind)
        else:
            safe_set_full_optimizer_state(weight, value, kind)

    def own(self, weight: Any, value: Tensor) -> Tensor:
        """This rank's part of a value; the last part is filled up with zeros."""
        size = weight.ds_tensor.numel()
        part = value.flatten()[self.rank * size : (self.rank + 1) * size]
        return torch.nn.functional.pad(part, (0, size - len(part)))

    def mean(self, values: Tensor) -> Tensor:
        """The mean of all ranks' values."""
        values = values.clone()
        torch.distributed.all_reduce(values)
        return values / self.world_size

    def close(self) -> None:
        """Give memory back."""
        self.engine.destroy()


def offloaded(zero_stage: Zero) -> dict[str, Any]:
    """What DeepSpeed is told to keep in the machine's memory."""
    host = {"device": "cpu", "pin_memory": torch.cuda.is_available()}
    return {"offload_optimizer": host} | ({"offload_param": host} if zero_stage == 3 else {})


def sharded_weights(optimizer: Any) -> bool:
    """Whether the weights themselves are sharded: ZeRO 3."""
    return hasattr(optimizer, "fp32_partitioned_groups_flat")


def join(device: torch.device) -> Store | None:
    """Meet the other ranks in a store, as torchrun or deepspeed tell; alone, None, where none was there."""
    import deepspeed

    backend = "nccl" if device.type == "cuda" else "gloo"
    store: Store | None = None
    if "RANK" in os.environ:
        store, rank, world_size = next(rendezvous("env://"))
        torch.distributed.init_process_group(backend, store=store, rank=rank, world_size=world_size)
    else:
        torch.distributed.init_process_group(backend, store=HashStore(), rank=0, world_size=1)
        os.environ["LOCAL_RANK"] = "0"  # DeepSpeed asks for it, and would have asked its launcher
    if device.type == "cpu":  # gloo does it all, and needs no compiler
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(verbose=False)
    return store
