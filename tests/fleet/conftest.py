"""A hub and a store kind of known needs, and files to write."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from integrations import registry


class Hub:
    class Credentials(BaseModel):
        public_key: str
        secret_key: SecretStr

    class Settings(BaseModel):
        refresh_path: str = ""


class Shop:
    class Credentials(BaseModel):
        model_config = ConfigDict(extra="forbid")

        key: SecretStr

    class Settings(BaseModel):
        model_config = ConfigDict(extra="forbid")

        expected_statuses: list[str] = ["processing"]
        look_back_s: int = 600


FLEET = """\
accounts:
  - name: eu
    title: Europe
    kind: test-hub
    url: https://hub.example/api
    credentials: {public_key: abc, secret_key: env:HUB_SECRET}
    requests_per_minute: 90
stores:
  - name: lyon
    title: Boutique Lyon
    platform: test-shop
    url: https://lyon.example
    time_zone: Europe/Paris
    credentials:
      key: file:secrets/lyon
    settings:
      look_back_s: 300
    tags: [france, outdoor]
  - name: nord
    platform: test-shop
    url: https://nord.example
    credentials: {key: file:secrets/lyon}
integrations:
  - name: lyon-eu
    account: eu
    store: lyon
    external_id: 0123
    tolerance_s: 900
  - {name: nord-eu, account: eu, store: nord, external_id: 456}
subscriptions:
  - email: ops@merchant.example
    language: fr
    time_zone: Europe/Paris
"""

Write = Callable[..., str]


@pytest.fixture
def known_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.HUBS, "test-hub", "tests.fleet.conftest.Hub")
    monkeypatch.setitem(registry.STORES, "test-shop", "tests.fleet.conftest.Shop")
    monkeypatch.setenv("HUB_SECRET", "hub-secret-value")


@pytest.fixture
def write(tmp_path: Path, known_kinds: None) -> Write:
    """Writes a fleet file (``FLEET`` unless told otherwise, words replaced) and returns its path."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "lyon").write_text("shop-secret-value\n")

    def write_file(text: str = FLEET, *replacements: tuple[str, str]) -> str:
        for old, new in replacements:
            assert old in text, f"{old!r} is not in the file"
            text = text.replace(old, new)
        (tmp_path / "fleet.yaml").write_text(text)
        return str(tmp_path / "fleet.yaml")

    return write_file
