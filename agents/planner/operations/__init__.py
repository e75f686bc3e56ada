"""The operations that can be asked for in words, in the order in which they are tried.

operation.py   what an operation of the grammar is; which version, target or rollout is meant
rollouts.py    start a rollout, command one
roster.py      aliases, stages, registering, retiring
governing.py   approvals, tenants
factory.py     gates, policies, factories, pipelines
making.py      create factories and pipelines
recording.py   evidence
entrusting.py  delegations, API keys, policies' texts
uses.py        purpose and region
looking.py     what only looks
"""

from agents.planner.operations.entrusting import ENTRUSTING_LOOKS, ENTRUSTING_ORDERS
from agents.planner.operations.factory import FACTORY_LOOKS, FACTORY_ORDERS
from agents.planner.operations.governing import GOVERNING_ORDERS
from agents.planner.operations.looking import LEDGER_LOOKS
from agents.planner.operations.making import MAKING_ORDERS
from agents.planner.operations.operation import Operation
from agents.planner.operations.recording import RECORDING_ORDERS
from agents.planner.operations.rollouts import ROLLOUT_ORDERS
from agents.planner.operations.roster import ROSTER_ORDERS

__all__ = ["LOOKS", "ORDERS", "Operation"]

ORDERS: tuple[Operation, ...] = (
    *MAKING_ORDERS,
    *RECORDING_ORDERS,
    *ENTRUSTING_ORDERS,
    *FACTORY_ORDERS,
    *GOVERNING_ORDERS,
    *ROLLOUT_ORDERS,
    *ROSTER_ORDERS,
)
LOOKS: tuple[Operation, ...] = (*FACTORY_LOOKS, *ENTRUSTING_LOOKS, *LEDGER_LOOKS)
