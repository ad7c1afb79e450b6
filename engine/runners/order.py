"""What may run next: legs once what they wait for is over, laps in their order, no leg too far ahead."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from engine.core import CannotRun
from engine.failures import FailureCount
from engine.ledger import Landed, Lap, Ledger
from engine.leg import Leg, refuse_disorder
from engine.runners.leg_state import LegState
from engine.runners.settings import Timeouts
from engine.runners.status import LegProgress


class LandingGone(CannotRun):
    """A lap that had landed is not there any more: somebody else is at work on it."""


def settled(landed: Iterable[tuple[str, Landed]], retry: Container[str]) -> dict[str, Landed | None]:
    """What has landed, without tallies, for there may be a million laps.

    None stands for a lap with a reject for a reason of `retry`.
    """
    return {
        name: None
        if any(reason in retry for tally in lap.steps for reason in tally.reasons)
        else replace(lap, steps=(), facets={})
        for name, lap in landed
    }


class LapOrder:
    """The laps of all legs, in the order in which they may run.

    A leg is planned once all legs that it awaits are over; laps of one that follows others may run as soon as
    the landings that they read are there. Laps that have landed from the same inputs are not run again,
    unless something in them was rejected for a reason of `retry`. `unseal` is called before anything changes:
    what vouches for the whole must not outlive a change.

    Raises:
        ValueError: a leg stands before one that it depends on.
    """

    def __init__(
        self,
        legs: Sequence[Leg],
        ledger: Ledger,
        *,
        ahead: int,
        unseal: Callable[[], None],
        patience: Timeouts = Timeouts(),  # noqa: B008  it is frozen
        retry: Container[str] = (),
    ) -> None:
        refuse_disorder(legs)
        self.ledger, self.ahead, self.retry = ledger, ahead, retry
        self.unseal, self.sealed = unseal, True
        self.states = {
            leg.name: LegState(
                leg=leg,
                failures=FailureCount(max_share=patience.max_failed_share, min_failed=patience.min_failed),
            )
            for leg in legs
        }
        self.plan()

    @property
    def over(self) -> bool:
        """Whether all laps of all legs have landed."""
        return all(state.over for state in self.states.values())

    @property
    def legs_over(self) -> frozenset[str]:
        """The legs whose laps have all landed."""
        return frozenset(name for name, state in self.states.items() if state.over)

    @property
    def lanes(self) -> list[LegProgress]:
        """How far the legs are."""
        return [state.lane for state in self.states.values()]

    def plan(self) -> None:
        """Plan all legs that await nothing more."""
        while planned := list(self.planned()):
            for state, laps in planned:
                for lap in laps:
                    self.offer(state, lap)
                for name in list(state.arrived):
                    self.join(state, name)

    def planned(self) -> Iterator[tuple[LegState, Sequence[Lap]]]:
        """Legs that are planned now, and their laps. What follows them is planned before they are offered."""
        for state in self.states.values():
            leg = state.leg
            followed = [self.states[name] for name in leg.follows]
            if state.is_planned or not all(self.states[name].over for name in leg.awaits):
                continue
            if not all(one.is_planned for one in followed):
                continue
            laps = [] if followed else leg.laps(self.ledger)
            self.begin(state, names_of(followed) if followed else dict.fromkeys(lap.name for lap in laps))
            yield state, laps

    def begin(self, state: LegState, names: Mapping[str, None]) -> None:
        """Take note of a leg's laps, and forget the landings of those that are in its plan no more."""
        state.names = names
        state.before = settled(self.ledger.all_landed(state.leg.name), self.retry)
        if state.before.keys() - names.keys():
            self.change()
        self.ledger.prune(state.leg.name, names.keys())

    def offer(self, state: LegState, lap: Lap) -> None:
        """Take note of a lap that could run, or whose landing is as it should be."""
        state.items += lap.items
        landed = state.before.pop(lap.name, None)
        if landed is not None and lap.is_in(landed):
            self.pass_on(state, lap, landed)
        else:
            state.ready.append(lap)

    def pass_on(self, state: LegState, lap: Lap, landed: Landed) -> None:
        """Count a landed lap, and offer those that follow it."""
        state.done += 1
        state.items_done += lap.items
        for follower in self.followers(state):
            follower.arrived.setdefault(lap.name, {})[state.leg.name] = replace(landed, steps=(), facets={})
            if follower.is_planned:
                self.join(follower, lap.name)

    def join(self, state: LegState, name: str) -> None:
        """Offer the lap of a name once all landings that it reads are there."""
        landed = state.arrived[name]
        if all(leg in landed or name not in self.states[leg].names for leg in state.leg.follows):
            del state.arrived[name]
            self.offer(state, state.leg.lap_after(name, landed))

    def followers(self, state: LegState) -> Iterator[LegState]:
        """The legs that follow one lap by lap."""
        return (other for other in self.states.values() if state.leg.name in other.leg.follows)

    def take(self, legs: frozenset[str]) -> Lap | None:
        """The next lap of these legs: of the last leg that has one and is not too far ahead."""
        for state in reversed(self.states.values()):
            if state.leg.name in legs and self.free(state):
                lap = state.ready.popleft()
                state.running[lap.name] = lap
                self.change()
                return lap
        return None

    def free(self, state: LegState) -> int:
        """How many laps of a leg may begin now: those that then run, and wait to be followed, are `ahead`."""
        room = [self.ahead - len(state.running) - len(next_one.ready) for next_one in self.followers(state)]
        return max(0, min([len(state.ready), *room]))

    def num_free(self, legs: frozenset[str]) -> int:
        """How many laps of these legs may begin now."""
        return sum(self.free(state) for name, state in self.states.items() if name in legs)

    def change(self) -> None:
        """Something is about to change."""
        if self.sealed:
            self.unseal()
            self.sealed = False

    def landed(self, lap: Lap, landed: Landed) -> None:
        """A lap that was taken has landed.

        Raises:
            TooManyFailed: a step fails on too large a share of its items.
            LandingGone: the leg is over, and a landing of it, or of one that it follows, is there no more.
        """
        state = self.states[lap.leg]
        state.failures.add(landed.steps)
        del state.running[lap.name]
        self.pass_on(state, lap, landed)
        if state.over:
            for one in self.overlapping(state):
                self.tidy(one)
            self.plan()

    def overlapping(self, state: LegState) -> list[LegState]:
        """A leg and those that it follows or that follow it, near and far."""
        found = {state.leg.name}
        for one in reversed(self.states.values()):
            found.update(one.leg.follows if one.leg.name in found else ())
        for one in self.states.values():
            found.update({one.leg.name} if found.intersection(one.leg.follows) else ())
        return [self.states[name] for name in self.states if name in found]

    def tidy(self, state: LegState) -> None:
        """Remove what dead workers left of a leg, where it is over, and see that all has landed.

        It has not where a worker that was given up for dead, or a second run, is still at a lap.
        """
        if not state.over:
            return
        leg = state.leg.name
        self.ledger.prune(leg, state.names.keys())
        if gone := sorted(state.names.keys() - set(self.ledger.names(leg))):
            raise LandingGone(
                f"{leg}/{gone[0]} had landed and is gone: somebody else is at work on it; start the job again"
            )

    def give_back(self, lap: Lap) -> None:
        """A lap that was taken was lost with its worker: it is the next to run."""
        state = self.states[lap.leg]
        del state.running[lap.name]
        state.ready.appendleft(lap)

    def left(self, legs: frozenset[str]) -> bool:
        """Whether any of these legs is not over."""
        return any(not state.over for name, state in self.states.items() if name in legs)


def names_of(states: Sequence[LegState]) -> Mapping[str, None]:
    """The names of the laps of some legs, each once; of a single leg without a copy, for they may be many."""
    if len(states) == 1:
        return states[0].names
    return dict.fromkeys(itertools.chain.from_iterable(state.names for state in states))
