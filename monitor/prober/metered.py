"""An endpoint whose requests count in a budget."""

from dataclasses import replace

from monitor.interfaces import Request, Target
from monitor.prober.budget import Budget
from monitor.probing import Answer, Failure


class Metered:
    """`target` within `budget`: what would pass it is not sent, and has the failure BUDGET."""

    def __init__(self, target: Target, budget: Budget, *, tries: int = 5) -> None:
        self._target, self._budget, self._tries = target, budget, tries

    @property
    def name(self) -> str:
        return self._target.name

    async def complete(self, request: Request) -> Answer:
        reserved = self._budget.reserve(request, tries=self._tries)
        if reserved is None:
            return Answer(failure=Failure.BUDGET, tries=0)
        answer = await self._target.complete(replace(request, tries=reserved.spent.requests))
        self._budget.settle(reserved, answer)
        return answer

    async def close(self) -> None:
        await self._target.close()
