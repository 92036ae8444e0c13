"""Small things that people's clients call: opening a page, a link or a file, writing in a forum, a place for files."""

from __future__ import annotations

from typing import Any

from moodle_sync.sandbox.dispatch import Caller, function
from moodle_sync.sandbox.evidence_common import activity, module_context
from moodle_sync.sandbox.evidence_completion import view
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_work import DraftArea, ForumPost
from moodle_sync.sandbox.world import USER_LEVEL, World


@function("mod_page_view_page")
def view_page(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Somebody opens a page."""
    return _viewed(world, caller, "page", params["pageid"])


@function("mod_url_view_url")
def view_url(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Somebody follows a link."""
    return _viewed(world, caller, "url", params["urlid"])


@function("mod_resource_view_resource")
def view_resource(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Somebody opens a file."""
    return _viewed(world, caller, "resource", params["resourceid"])


@function("mod_forum_view_forum")
def view_forum(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Somebody opens a forum."""
    return _viewed(world, caller, "forum", params["forumid"])


@function("mod_forum_add_discussion")
def add_discussion(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """Somebody begins a discussion."""
    module, forum = activity(world, "forum", params["forumid"])
    caller.require_module(module.id)
    if not caller.can("mod/forum:startdiscussion", module_context(world, module)):
        raise MoodleError("cannotcreatediscussion", "Could not create new discussion")
    post = ForumPost(forum=forum.id, userid=caller.user.id, subject=params["subject"], message=params["message"])
    post.created = world.now()
    world.forum_posts.add(post)
    post.discussion = post.id
    return {"discussionid": post.discussion, "warnings": []}


@function("core_files_get_unused_draft_itemid")
def get_unused_draft_itemid(world: World, caller: Caller, params: dict[str, Any]) -> Any:
    """A draft area of the caller that nothing is in yet."""
    return {
        "component": "user",
        "contextid": world.context(USER_LEVEL, caller.user.id),
        "userid": caller.user.id,
        "filearea": "draft",
        "itemid": world.drafts.add(DraftArea(userid=caller.user.id)).id,
        "warnings": [],
    }


def _viewed(world: World, caller: Caller, modname: str, instance: int) -> dict[str, Any]:
    module, _ = activity(world, modname, instance)
    caller.require_module(module.id)
    view(world, module, caller.user.id)
    return {"status": True, "warnings": []}
