"""How Moodle says no: HTTP 200 and ``{"exception", "errorcode", "message"}``, with codes that differ by version.

Raised by the functions of the sandbox, turned into an answer by ``dispatch``. Not the project's own errors
(:mod:`moodle_sync.errors`): these are part of the stand-in site.
"""

from __future__ import annotations

MOODLE = "core\\exception\\moodle_exception"
INVALID_PARAMETER = "core\\exception\\invalid_parameter_exception"
PERSISTENT = "core\\invalid_persistent_exception"
ACCESS = "webservice_access_exception"
REQUIRED_CAPABILITY = "core\\exception\\required_capability_exception"
REQUIRE_LOGIN = "core\\exception\\require_login_exception"
DML_MISSING = "dml_missing_record_exception"
DML_WRITE = "dml_write_exception"

ABSENT_CODES = {
    ("4.5", "course_modules"): "invalidrecordunknown",
    ("4.5", "user"): "invaliduser",
    ("4.5", ""): "invalidrecord",
    ("5.1", ""): "invalidrecordunknown",
}
"""What a missing row is called, by version and table; ``""`` stands for every other table."""


class MoodleError(Exception):
    """An error as Moodle answers it. ``where`` is the path of a wrong argument, which Moodle keeps to itself."""

    def __init__(self, errorcode: str, message: str, *, cls: str = MOODLE, where: str = "") -> None:
        super().__init__(f"{errorcode}: {message}")
        self.errorcode = errorcode
        self.message = message
        self.cls = cls
        self.where = where


class SandboxDefect(Exception):
    """The stand-in itself is wrong: an answer that breaks the contract of its function. Nothing a client did."""


def invalid_parameter(where: str = "") -> MoodleError:
    """An argument that Moodle does not take; in production the answer never names it."""
    return MoodleError("invalidparameter", "Invalid parameter value detected", cls=INVALID_PARAMETER, where=where)


def missing_record(version: str, table: str = "") -> MoodleError:
    """A row that is not there: another code, message and even class by version."""
    code = ABSENT_CODES.get((version, table), ABSENT_CODES[version, ""]) if table else "invalidrecordunknown"
    if code == "invalidrecordunknown":
        return MoodleError(code, "Can't find data record in database.", cls=DML_MISSING)
    if code == "invaliduser":
        return MoodleError(code, "Invalid user", cls=DML_MISSING)
    return MoodleError(code, f"Can't find data record in database table {table}.", cls=DML_MISSING)


def no_permission(capability: str) -> MoodleError:
    """A capability that the caller lacks. Moodle shows the capability's title, we show its name."""
    message = f"Sorry, but you do not currently have permissions to do that ({capability})."
    return MoodleError("nopermissions", message, cls=REQUIRED_CAPABILITY)


def write_error() -> MoodleError:
    """A value longer than its column, or a unique index: Moodle says neither which nor where."""
    return MoodleError("dmlwriteexception", "Error writing to database", cls=DML_WRITE)
