import json
import re
from pathlib import Path

import pytest

from moodle_sync.errors import UsageError
from moodle_sync.spec.schema import schemas
from moodle_sync.workflows.schema import write_schemas

DATA = Path(__file__).resolve().parents[3] / "moodle_sync" / "data"


def test_schemas_are_written_as_the_models_have_them(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "schema")
    assert {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in written.files} == schemas()


def test_schemas_written_again_are_the_same_bytes(tmp_path: Path) -> None:
    first = [file.read_bytes() for file in write_schemas(tmp_path).files]
    (tmp_path / "programme.json").write_text("old")
    assert [file.read_bytes() for file in write_schemas(tmp_path).files] == first


def test_every_schema_that_a_shipped_file_names_is_written(tmp_path: Path) -> None:
    written = {f"../../schema/{file.name}" for file in write_schemas(tmp_path / "schema").files}
    named = {
        match[1]
        for file in (DATA / "first").rglob("*.yaml")
        if (match := re.match(r"# yaml-language-server: \$schema=(\S+)", file.read_text(encoding="utf-8")))
    }
    assert {"../../schema/programme.json", "../../schema/session.json"} <= named <= written


def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "schema").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"):
        write_schemas(tmp_path / "schema")
