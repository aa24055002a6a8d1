"""What a key is granted beside its scopes: which models, and how much it may spend."""

from __future__ import annotations

from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.money import show
from reelgate.core.people import BudgetWindow, opened_at
from reelgate.core.task import Task
from reelgate.engine.context import Context, Who
from reelgate.store import keys as key_rows
from reelgate.store import limits as limit_rows
from reelgate.store.backend import Connection


def check_model(who: Who, asked: str, model: str) -> None:
    """See to it that a key may ask for a model, by the name that was asked or by what that stands for.

    Raises CallerError naming `model`.
    """
    if who.models is not None and not {asked, model} & who.models:
        raise refuse(Code.PERMISSION_OR_CHANNEL, f"This key may not use the model `{asked}`.", param="model")


def exceeded(conn: Connection, ctx: Context, task: Task) -> CallerError | None:
    """Tell whether a new task would cost its key more than it has left; a refusal is a value.

    What is held counts like what was taken, so that many at once spend no more than one by one.
    """
    if task.key_id is None:
        return None
    limit_rows.lock_user(conn, task.user_id)
    key = key_rows.get(conn, task.key_id)
    if key is None or key.budget is None or not task.quote:
        return None
    if task.currency != key.budget_currency:
        return refuse(
            Code.BUDGET_EXCEEDED,
            f"This key has a budget in {key.budget_currency} and this model is paid in {task.currency}.",
        )
    since = opened_at(key.budget_window or BudgetWindow.TOTAL, ctx.clock.now_ms())
    spent = key_rows.spent(conn, key.id, task.currency, since)
    if spent + task.quote <= key.budget:
        return None
    return refuse(
        Code.BUDGET_EXCEEDED,
        f"This key's budget is {show(key.budget)} {task.currency}; {show(spent)} are spent or set aside, and"
        f" this video costs {show(task.quote)}.",
    )
