def test_timeline_holds_every_moment_in_order(scene):
    items = scene.green().view(scene.utc("2026-03-28T12:00:00")).timeline
    assert [(item.kind, item.label, item.detail) for item in items] == [
        ("placement", "Positionnement", ""),
        ("enrolment", "date limite d'inscription", ""),
        ("day", "jour 1", "9 h–12 h 30, 13 h 30–17 h"),
        ("today", "date de cette page", ""),
        ("due", "Carte des synergies", "évalue O1"),
        ("day", "jour 2", "9 h–12 h 30, 13 h 30–17 h"),
        ("due", "Plan", "évalue O2"),
        ("due", "Notions", "évalue O4"),
    ]


def test_timeline_days_before_and_after_the_clock_change_start_at_nine_in_paris(scene):
    days = [item for item in scene.green().view().timeline if item.kind == "day"]
    assert [day.starts for day in days] == [scene.utc("2026-03-27T08:00:00"), scene.utc("2026-03-30T07:00:00")]


def test_timeline_placement_is_a_window(scene):
    (window,) = [item for item in scene.green().view().timeline if item.kind == "placement"]
    assert (window.starts, window.ends) == (scene.utc("2026-03-12T23:00:00"), scene.DUE_PLACEMENT)


def survey(**dates):
    return {"feedback": "froid", "title": "À froid", "survey": "froid", "role": "satisfaction_survey", **dates}


def test_timeline_holds_surveys_by_their_dates_and_leaves_out_one_without(scene):
    def found(**dates):
        items = scene.small(outside_modules__0=survey(**dates)).view().timeline
        heads = ("survey", "À froid", "")
        return [(item.starts, item.ends) for item in items if (item.kind, item.label, item.detail) == heads]

    opens, due = scene.utc("2026-04-29T22:00:00"), scene.utc("2026-05-07T21:59:59")
    assert found(opens="end+1mo", due="end+38d") == [(opens, due)]
    assert found(opens="end+1mo") == [(opens, None)]
    assert found(due="end+38d") == [(due, due)]
    assert found() == []


def test_timeline_placement_without_dates_is_the_beginning_and_with_one_its_end(scene):
    def found(**dates):
        changes = {f"outside_modules__0__{name}": value for name, value in dates.items()}
        items = scene.small(**changes).view().timeline
        return [(item.starts, item.ends) for item in items if item.kind == "placement"]

    begin, opens = scene.utc("2026-03-27T08:00:00"), scene.utc("2026-03-12T23:00:00")
    assert found(opens=None, due=None) == [(begin, begin)]
    assert found(opens=None) == [(scene.DUE_PLACEMENT, scene.DUE_PLACEMENT)]
    assert found(due=None) == [(opens, begin)]


def test_timeline_enrolment_ends_with_its_last_day_and_today_is_the_moment_of_the_view(scene):
    moments = {item.kind: (item.starts, item.ends) for item in scene.small().view().timeline}
    assert moments["enrolment"] == (scene.DUE_PLACEMENT, None)
    assert moments["today"] == (scene.NIGHT, None)


def test_timeline_days_hold_their_half_days_in_a_zone_where_the_date_is_another(scene):
    days = [
        {"date": "2026-03-27", "half_days": ["13:30-17:00", "09:00-12:30"]},
        {"date": "2026-03-30", "half_days": ["09:00-12:00"]},
    ]
    session = scene.SESSION | {"days": days, "timezone": "Pacific/Auckland"}  # 13 hours ahead of UTC
    found = [item for item in scene.small(session_data=session).view().timeline if item.kind == "day"]
    assert [(item.label, item.starts, item.ends) for item in found] == [
        ("jour 1", scene.utc("2026-03-26T20:00:00"), scene.utc("2026-03-27T04:00:00")),
        ("jour 2", scene.utc("2026-03-29T20:00:00"), scene.utc("2026-03-29T23:00:00")),
    ]


def test_timeline_of_one_moment_goes_by_kind_then_by_label(scene):
    changes = {f"modules__0__activities__{number}__due": "day 2 09:00" for number in (1, 2, 4)}
    items = scene.small(**changes).view(scene.utc("2026-03-30T07:00:00")).timeline
    assert [(item.kind, item.label) for item in items][-5:] == [
        ("day", "jour 2"),
        ("due", "Carte des synergies"),
        ("due", "Notions"),
        ("due", "Plan"),
        ("today", "date de cette page"),
    ]
