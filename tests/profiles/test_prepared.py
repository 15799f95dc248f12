"""Statements that are planned once for all values."""

from typing import Any

import pytest
from django.db import DataError, connection, transaction

from profiles.prepared import prepared

pytestmark = pytest.mark.django_db


def _plus_one(number: int) -> int:
    with prepared() as cursor:
        cursor.execute("SELECT %s::bigint + 1", [number])
        return int(cursor.fetchone()[0])


def test_statement_is_planned_once_for_all_values() -> None:
    assert [_plus_one(number) for number in (1, 2, 41)] == [2, 3, 42]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT $1::bigint + 1%'"
        )
        assert cursor.fetchone() == (3, 0)


def test_statement_outlives_a_rollback() -> None:
    assert _plus_one(1) == 2
    with pytest.raises(DataError), transaction.atomic():
        _plus_one(2**63 - 1)
    assert _plus_one(2) == 3


def test_statement_is_counted_like_any_other(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        _plus_one(1)
