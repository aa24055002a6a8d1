"""What is set about people (002-19, 003-01)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from reelgate.settings import Settings


def read(folder: Path, **values: str) -> Settings:
    return Settings.model_validate({"data": folder, **values})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7d", 604_800), ("12h", 43_200), ("90m", 5_400), ("30s", 30), ("3600", 3_600)],
)
def test_a_token_lasts_as_long_as_is_said(tmp_path: Path, text: str, seconds: int):
    for name in ("jwt_expires_in", "reelgate_jwt_expires_in"):
        assert read(tmp_path, **{name: text}).jwt_expires_s == seconds


@pytest.mark.parametrize("text", ["", "0d", "-1d", "1w", "d", "7 d", "1e3"])
def test_a_time_that_is_none_stops_the_start(tmp_path: Path, text: str):
    with pytest.raises(ValidationError):
        read(tmp_path, jwt_expires_in=text)


def test_a_token_lasts_a_week_and_nobody_registers_unless_told_otherwise(tmp_path: Path):
    settings = read(tmp_path)

    assert (settings.jwt_expires_s, settings.registration) == (604_800, "closed")


def test_a_provider_without_a_name_for_us_stops_the_start(tmp_path: Path):
    with pytest.raises(ValidationError, match="oidc_client_id"):
        read(tmp_path, oidc_issuer="https://id.example.com")
