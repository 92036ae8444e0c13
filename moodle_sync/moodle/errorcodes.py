"""What Moodle's errorcodes mean here: one dict, and the errors made from it.

Match on ``errorcode``, never on the class name or the message, which differ by version and language. A code that is
not in the dict stays itself in a :class:`MoodleRefused`. Messages are cut and stripped of markup and addresses, since
Moodle puts names and e-mail addresses into some of them; ``debuginfo`` gives only the path of a wrong argument.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from moodle_sync.errors import AccessDenied, AnswerLost, MoodleRefused, NotFound, SiteError, Unreachable


class Meaning(NamedTuple):
    """The class that an errorcode becomes, and what to do about it."""

    error: type[SiteError]
    hint: str = ""


_TOKEN = "Make a new token for the service account and put it into the configuration."  # noqa: S105 a hint, no secret
_ALLOWED = (
    "Is the function in the token's service, is the account among its authorised users, and may it use "
    "webservice/rest:use? Moodle answers the same to all three."
)
_CAPABILITY = "Allow the capability to the role of the service account, in this context."
_COURSE = "The account needs moodle/course:view (and moodle/course:viewhiddencourses for a hidden course)."
_GONE = "It was deleted, or the function does not exist in this version of Moodle."
_ACCOUNT = "Mend the service account in Moodle."
_SHORTER = "A text is longer than its column in this version of Moodle, or another writer was faster: plan again."
_PLAN = "Somebody made it in the meantime: plan again."

_ACCESS: dict[str, str] = {
    "invalidtoken": _TOKEN,
    "accessexception": _ALLOWED,
    "nopermissions": _CAPABILITY,
    "nopermission": _CAPABILITY,
    "requireloginerror": _COURSE,
    "errorcoursecontextnotvalid": _COURSE,
    "errorcatcontextnotvalid": "The account may not see this category.",
    "cannotviewreport": _CAPABILITY,
    "accessdenied": "The account needs moodle/site:accessallgroups in a course with separate groups.",
    "notingroup": "The account needs moodle/site:accessallgroups in a course with separate groups.",
    "nopermissionconfigure": _CAPABILITY,
    "wsusercannotassign": "Allow the account's role to assign this role (Define roles › Allow role assignments).",
    "sitepolicynotagreed": "The service account has to agree to the site policy once, in a browser.",
    "usernotconfirmed": _ACCOUNT,
    "passwordisexpired": _ACCOUNT,
    "wsaccessuserdeleted": _ACCOUNT,
    "wsaccessuserexpired": _ACCOUNT,
    "wsaccessusernologin": _ACCOUNT,
    "wsaccessusersuspended": _ACCOUNT,
    "wsaccessuserunconfirmed": _ACCOUNT,
}
# 5.1 says invalidrecordunknown where 4.5 says invalidrecord, invalidcoursemodule or invaliduser.
_ABSENT: dict[str, str] = {
    "invalidrecord": _GONE,
    "invalidrecordunknown": _GONE,
    "invalidcoursemodule": _GONE,
    "invalidcourseid": _GONE,
    "invalidcourse": _GONE,
    "invaliduser": _GONE,
    "invaliduserid": _GONE,
    "userdeleted": "The account of this person was deleted in Moodle.",
    "unknowcategory": "The parent category does not exist: plan again.",
    "unknowncategory": "The parent category does not exist: plan again.",
    "sectionnotexist": _GONE,
}
_REFUSED: dict[str, str] = {
    "invalidparameter": "An argument has a form that Moodle does not take, such as tags in a name or HTML that its "
    "purifier would change.",
    "invalidresponse": "Moodle could not describe its own answer: a bug or a missing capability there.",
    "invalidpersistenterror": "The number is in use already, or Moodle finds the data invalid.",
    "dmlwriteexception": _SHORTER,
    "dmlreadexception": "Moodle's database refused the query: look into the error log of the site.",
    "codingerror": "Moodle calls this a programming error: look into the error log of the site.",
    "categoryidnumbertaken": _PLAN,
    "courseidnumbertaken": _PLAN,
    "shortnametaken": "Another course has this short name: change one of the two.",
    "idnumbertaken": _PLAN,
    "enddatebeforestartdate": "The end of the course must lie after its start.",
    "nostartdatenoenddate": "Moodle takes an end date only together with a start date.",
    "errorinvalidparam": "A field is empty that must not be, or the like.",
    "errorcoursemodulenotvalid": _GONE,
    "criteriaerror": "The account needs moodle/category:manage to look for an idnumber.",
    "movecatcontentstoroot": "The category is not empty.",
    "maximumchars": _SHORTER,
    "maxsectionslimit": "Moodle 4.5 allows as many sections as its setting moodlecourse/maxsections says.",
    "nocriteriaset": "The course has no completion criteria.",
    "usernotenroled": "Moodle tells course completion only of people whose enrolment is active.",
    "anonymous": "The answers to this questionnaire are anonymous.",
    "backupprecheckerrors": "The account lacks the question capabilities that the import needs.",
}
# The companion's own messages say what to do.
_COMPANION: dict[type[SiteError], str] = {
    AccessDenied: "rolenotassignable",
    NotFound: "nosuchkey nosuchuser",
    MoodleRefused: "ambiguouskey badnamespace badpayload badquestions completiondisabled completionlocked courselocked "
    "duplicatekey foreignkey gradesexist keytoolong manualdisabled nogradeitem norubric notmoved nottracked "
    "feedbackused notenrolled plugindisabled quizused rubricused wrongcourse wrongmodname",
}
_UNREACHABLE: dict[str, str] = {
    "sitemaintenance": "Try again when the maintenance is over.",
    "upgraderunning": "Try again when Moodle's upgrade is over.",
}

MEANINGS: Mapping[str, Meaning] = {
    **{code: Meaning(AccessDenied, hint) for code, hint in _ACCESS.items()},
    **{code: Meaning(NotFound, hint) for code, hint in _ABSENT.items()},
    **{code: Meaning(MoodleRefused, hint) for code, hint in _REFUSED.items()},
    **{code: Meaning(error) for error, codes in _COMPANION.items() for code in codes.split()},
    **{code: Meaning(Unreachable, hint) for code, hint in _UNREACHABLE.items()},
}
"""Every errorcode that we know."""

_MARKUP = re.compile(r"<[^>]*>")
_ADDRESS = re.compile(r"[^\s@<>()\"']+@[^\s@<>()\"']+")
_PATH = re.compile(r"\b(\w+) => ")
_MISSING = re.compile(r"Missing required key in single structure: (\w+)")
_LENGTH = 300


def is_error(body: Any) -> bool:
    """Whether an answer is one of Moodle's errors: all of them come with HTTP 200."""
    return isinstance(body, dict) and ("exception" in body or ("errorcode" in body and "error" in body))


def to_error(wsfunction: str, body: Mapping[str, Any], *, write: bool) -> SiteError:
    """The typed error for one of Moodle's error answers.

    Args:
        wsfunction: the function that was called, for the message.
        body: ``{"exception", "errorcode", "message"}``; inside a batch there is no ``exception``; a PHP ``Error`` has
            no ``errorcode``; ``upload.php`` says ``error`` for the message.
        write: whether the call may have changed something: after a PHP ``Error`` nobody knows how far it got.
    """
    message = _readable(body.get("message") or body.get("error") or "")
    errorcode = body.get("errorcode")
    if not isinstance(errorcode, str) or not errorcode:
        broken = f"{wsfunction}: Moodle broke off with a PHP error: {message}"
        if write:
            return AnswerLost(broken, hint="Look the object up by its key, and look into the error log of the site.")
        kind = str(body.get("exception") or "Error")
        return MoodleRefused(broken, errorcode=kind, hint="A bug in Moodle or a plugin: see the error log of the site.")
    return refusal(wsfunction, errorcode, message, where=_where(body.get("debuginfo")))


def refusal(wsfunction: str, errorcode: str, message: str, *, where: str = "") -> SiteError:
    """The error for an errorcode or warning code, by :data:`MEANINGS`; an unknown one stays itself."""
    meaning = MEANINGS.get(errorcode, Meaning(MoodleRefused))
    place = f" at {where}" if where else ""
    text = f"{wsfunction}: {_readable(message) or 'refused'} ({_readable(errorcode)}{place})"
    if issubclass(meaning.error, AccessDenied | MoodleRefused):
        return meaning.error(text, errorcode=errorcode, hint=meaning.hint)
    return meaning.error(text, hint=meaning.hint)


def _readable(text: object) -> str:
    plain = html.unescape(_MARKUP.sub(" ", str(text)))
    plain = " ".join(_ADDRESS.sub("…", plain).split())
    return plain if len(plain) <= _LENGTH else f"{plain[:_LENGTH]}…"


def _where(debuginfo: object) -> str:
    # "courses => Invalid …: visible => Invalid …: the value is …": the names before the value, and nothing after.
    if not isinstance(debuginfo, str):
        return ""
    told = debuginfo.split("the value is")[0].split("\n")[0]
    return ".".join([*_PATH.findall(told), *_MISSING.findall(told)])
