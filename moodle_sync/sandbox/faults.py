"""What can be told to go wrong: answers lost, refusals, slowness, capabilities that are missing.

A test asks for faults; the dispatcher and the server look here. Faults are counted by function: the nth call from now
on, 1 the next one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

LOSE, FAIL = "lose", "fail"


@dataclass
class Fault:
    """One thing that will happen once (or ``times`` times), after ``after`` calls of its function went well."""

    kind: str
    function: str
    after: int
    times: int = 1
    errorcode: str = ""
    status: int = 200


@dataclass
class Faults:
    """The faults that wait. Safe to use while the server runs.

    ``lacking`` holds ``(capability, username)`` of what is taken away; the name ``*`` stands for everybody. ``off``
    holds what is switched off, or not there, on the whole site: ``rest``, ``completion``, ``competencies``, ``french``
    (the language pack). ``cron_age`` says how many seconds ago cron last began, None that it never did.
    """

    lacking: set[tuple[str, str]] = field(default_factory=set)
    off: set[str] = field(default_factory=set)
    cron_age: int | None = 30
    _waiting: list[Fault] = field(default_factory=list)
    _delays: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def lose_answer(self, function: str, nth: int = 1) -> None:
        """The nth call from now is done, and its answer never arrives (the connection closes)."""
        self._add(Fault(LOSE, function, nth - 1))

    def fail(self, function: str, errorcode: str = "", nth: int = 1, *, status: int = 0, times: int = 1) -> None:
        """The nth call from now is not done: Moodle's error of that code, or that HTTP status (503 by default)."""
        code = status or (200 if errorcode else 503)
        self._add(Fault(FAIL, function, nth - 1, times, errorcode, code))

    def slow(self, function: str = "*", seconds: float = 1.0) -> None:
        """Every call of the function (of every function) waits so long before it is answered; 0 for no more."""
        with self._lock:
            self._delays[function] = seconds

    def lack(self, capability: str, user: str = "pull") -> None:
        """Take a capability away: from ``push``, ``pull``, any user name, or ``*``. Moodle then truncates silently."""
        names = {"push": "ws_push", "pull": "ws_pull"}
        self.lacking.add((capability, names.get(user, user)))

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._waiting.clear()
            self._delays.clear()
        self.lacking.clear()
        self.off.clear()
        self.cron_age = 30

    def lacks(self, capability: str, username: str) -> bool:
        """Whether the capability was taken away from this user."""
        return bool(self.lacking & {(capability, username), (capability, "*")})

    def delay(self, function: str) -> float:
        """How long a call of this function waits, in seconds."""
        with self._lock:
            return self._delays.get(function, self._delays.get("*", 0.0))

    def strike(self, kind: str, function: str) -> Fault | None:
        """The fault that befalls this call, if any. Counts the call."""
        with self._lock:
            for fault in [one for one in self._waiting if one.kind == kind and one.function in (function, "*")]:
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)
