"""The operations that can be asked for in words, in the order in which they are tried.

operation.py   what an operation of the grammar is; which version, target or rollout is meant
fleet.py       what changes devices, is carried to them, or looks at them
factories.py   gates, factories, pipelines; policies switched on and off
governance.py  approvals, tenants, delegations, API keys, evidence, the text of policies
rollouts.py    start a rollout, command one
roster.py      aliases, stages, registering, retiring
listings.py    what only looks at rollouts, versions, approvals, the audit log, tenants
uses.py        purpose and region
"""

from agents.planner.operations.factories import FACTORY_LOOKS, FACTORY_ORDERS, MAKING_ORDERS
from agents.planner.operations.fleet import FLEET_LOOKS, FLEET_ORDERS
from agents.planner.operations.governance import ENTRUSTING_LOOKS, ENTRUSTING_ORDERS, GOVERNING_ORDERS, RECORDING_ORDERS
from agents.planner.operations.listings import LEDGER_LOOKS
from agents.planner.operations.operation import Operation
from agents.planner.operations.rollouts import ROLLOUT_ORDERS
from agents.planner.operations.roster import ROSTER_ORDERS

__all__ = ["LOOKS", "ORDERS", "Operation"]

ORDERS: tuple[Operation, ...] = (
    *FLEET_ORDERS,
    *MAKING_ORDERS,
    *RECORDING_ORDERS,
    *ENTRUSTING_ORDERS,
    *FACTORY_ORDERS,
    *GOVERNING_ORDERS,
    *ROLLOUT_ORDERS,
    *ROSTER_ORDERS,
)
LOOKS: tuple[Operation, ...] = (*FLEET_LOOKS, *FACTORY_LOOKS, *ENTRUSTING_LOOKS, *LEDGER_LOOKS)
