"""Every error that moodle_sync raises on purpose, drawn as one tree.

    MoodleSyncError                       exit code
    ├── InputError                        2   what a person wrote is wrong: carries every Problem at once
    │   ├── SpecError                         course specs, frameworks, rubrics, questions, sessions
    │   ├── ConfigError                       config.toml and the environment
    │   └── UsageError                        a command's words
    ├── PlanRefused                       3   safety, conflict or a stale plan: nothing was sent
    │   ├── PlanStale
    │   └── PlanConflict
    ├── LedgerError                       4
    │   ├── VerificationFailed                a root, proof, commitment or signature does not hold
    │   │   └── ProofError
    │   └── LedgerUnusable                    missing, of another version, locked by another sealer
    ├── SiteError                         5   Moodle cannot be reached, or says no
    │   ├── Unreachable                       DNS, TLS, refused, timeout before anything was sent
    │   ├── NotMoodle                         HTML, a redirect, a login page, broken JSON
    │   ├── WrongSite                         another site behind the configured name
    │   ├── AccessDenied                      token, service or capability
    │   ├── MoodleRefused                     any other errorcode, kept as Moodle said it
    │   │   └── NotFound                      the object asked for is not there
    │   └── AnswerLost                        a write was sent and no answer came: its outcome is unknown
    └── DoneInPart                        6   some of it happened: carries the failures

Anything else that reaches the command line is a bug: exit code 1, with a traceback. Moodle's errorcodes are
mapped to these classes in one dict (``moodle_sync.moodle.errorcodes``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class MoodleSyncError(Exception):
    """Root of the tree. ``exit_code`` is what the command line answers; ``hint`` says what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in something a person wrote: where (1-based line and column, 0 for none), which field, what to do."""

    file: Path
    line: int
    column: int
    where: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        return f"{place}  {self.where}\n    {self.message}" if self.where else f"{place}\n    {self.message}"


class InputError(MoodleSyncError):
    """What a person wrote is wrong. ``problems`` holds all of it, in file order. Mend the files and run again."""

    exit_code = 2

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(sorted(problems))

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        return "\n".join([*lines, super().__str__()])


class SpecError(InputError):
    """A spec file is wrong, or refers to something that is not there. Nothing was sent to Moodle."""


class ConfigError(InputError):
    """The configuration cannot be used as it stands."""


class UsageError(InputError):
    """A command was called with words that do not go together."""


class PlanRefused(MoodleSyncError):
    """The plan may not be applied: look at what it says, then plan again or pass the flag that it names."""

    exit_code = 3


class PlanStale(PlanRefused):
    """Moodle or the specs changed since the plan was made. Plan again and review the new one."""


class PlanConflict(PlanRefused):
    """Moodle holds something that is neither what we wrote nor what the spec says. A person decides."""


class LedgerError(MoodleSyncError):
    """Something is wrong with the ledger itself."""

    exit_code = 4


class VerificationFailed(LedgerError):
    """What the ledger holds does not agree with its own proofs. Keep the files as they are and find out why."""


class ProofError(VerificationFailed):
    """An inclusion or consistency proof does not hold."""


class LedgerUnusable(LedgerError):
    """The ledger is missing, of another schema, or busy. The message says which and what to run."""


class SiteError(MoodleSyncError):
    """Moodle cannot be reached, or says no."""

    exit_code = 5


class Unreachable(SiteError):
    """No answer, and nothing was done: try again later, or mend the address."""


class NotMoodle(SiteError):
    """Something answered that is not Moodle's web service (HTML, a redirect, broken JSON). Mend the address."""


class WrongSite(SiteError):
    """The site behind this name is not the one that was pinned at first contact."""


class AccessDenied(SiteError):
    """Moodle refuses the token, the function or a capability: an administrator of Moodle has to allow it."""

    def __init__(self, message: str, *, errorcode: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.errorcode = errorcode


class MoodleRefused(SiteError):
    """Moodle answered with an errorcode of its own, kept in ``errorcode``; nothing of that call was done."""

    def __init__(self, message: str, *, errorcode: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.errorcode = errorcode


class NotFound(MoodleRefused):
    """The object asked for is not in Moodle, or not visible to this token."""


class AnswerLost(SiteError):
    """A write was sent and no answer came back. Never repeat it blindly: look the object up by its key first."""


class DoneInPart(MoodleSyncError):
    """Some of the work was done. ``failures`` lists what was not; running again goes on from there."""

    exit_code = 6

    def __init__(self, message: str, failures: Sequence[str], *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.failures = tuple(failures)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  - {failure}" for failure in self.failures), *filter(None, [self.hint])])
