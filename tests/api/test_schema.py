"""The OpenAPI document says what the API does: no two things under one name, nothing guessed."""

from pathlib import Path

from django.core.management import call_command


def test_schema_is_valid_and_nothing_in_it_is_guessed(db: None, tmp_path: Path) -> None:
    document = tmp_path / "schema.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(document))
    assert "/api/v1/profiles/{profile_id}/work/:" in document.read_text()
