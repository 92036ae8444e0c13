"""Moodle's web services as a person's own client calls them."""

from typing import Any

import requests


class Refused(Exception):
    """Moodle answered with an exception."""

    def __init__(self, function: str, body: dict[str, Any]) -> None:
        super().__init__(f"{function}: {body.get('errorcode')}: {body.get('message')} {body.get('debuginfo', '')}")
        self.errorcode = str(body.get("errorcode", ""))


class Ws:
    """One person's token on one site. ``calls`` counts what was sent."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/webservice/rest/server.php"
        self._token = token
        self.calls = 0

    def __call__(self, function: str, **params: Any) -> Any:
        form = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json"}
        form["moodlewssettingraw"] = "1"
        form.update(_flat(params))
        answer = requests.post(self._url, data=form, timeout=(10, 180), allow_redirects=False)
        self.calls += 1
        answer.raise_for_status()
        body = answer.json()
        if isinstance(body, dict) and ("exception" in body or "errorcode" in body):
            raise Refused(function, body)
        if isinstance(body, dict) and body.get("warnings"):
            raise Refused(function, {"errorcode": "warning", "message": str(body["warnings"])})
        return body


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)  # type: ignore[assignment]
    else:
        return {prefix: str(int(value)) if isinstance(value, bool) else str(value)}
    found: dict[str, str] = {}
    for key, item in pairs:
        found.update(_flat(item, f"{prefix}[{key}]" if prefix else str(key)))
    return found
