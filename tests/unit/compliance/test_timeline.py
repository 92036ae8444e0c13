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
        return [(item.starts, item.ends) for item in items if item.kind == "survey"]

    opens, due = scene.utc("2026-04-29T22:00:00"), scene.utc("2026-05-07T21:59:59")
    assert found(opens="end+1mo", due="end+38d") == [(opens, due)]
    assert found(opens="end+1mo") == [(opens, None)]
    assert found() == []
