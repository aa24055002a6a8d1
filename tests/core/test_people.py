from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reelgate.core.people import BudgetWindow, Role, opened_at, weaker


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("window", "now", "began"),
    [
        (BudgetWindow.DAY, "2026-03-01T00:00:00", "2026-03-01"),
        (BudgetWindow.DAY, "2026-02-28T23:59:59.999", "2026-02-28"),
        (BudgetWindow.MONTH, "2026-02-28T23:59:59.999", "2026-02-01"),
        (BudgetWindow.MONTH, "2028-02-29T12:00:00", "2028-02-01"),
        (BudgetWindow.TOTAL, "2026-02-28T23:59:59", "1970-01-01"),
    ],
)
def test_a_window_opens_at_midnight_in_utc(window: BudgetWindow, now: str, began: str):
    assert opened_at(window, ms(now)) == ms(began)


def test_of_two_roles_the_one_that_may_do_less_is_weaker():
    assert weaker(Role.ADMIN, Role.VIEWER) is weaker(Role.VIEWER, Role.ADMIN) is Role.VIEWER
    assert [role.rank for role in Role] == [0, 1, 2, 3]
