from moodle_sync import ids


def test_course_key_and_child_are_composed_as_designed() -> None:
    course = ids.CourseKey("sag", "pouvoir-dagir", "2026-02")
    assert course.idnumber == "sag:pouvoir-dagir@2026-02"
    assert course.child("M1.synergies") == "sag:pouvoir-dagir@2026-02:M1.synergies"


def test_split_child_of_another_course_is_none() -> None:
    assert ids.split_child("sag:a@1", "sag:a@1:M1.x") == "M1.x"
    assert ids.split_child("sag:a@1", "sag:a@12:M1.x") is None
    assert ids.split_child("sag:a@1", "sag:a@1:") is None


def test_too_long_names_the_parts() -> None:
    assert ids.too_long("s:" + "a" * 98) is None
    message = ids.too_long("sag:" + "a" * 60 + "@" + "b" * 40)
    assert message is not None
    assert "105 characters" in message
    assert f"'{'a' * 60}' (60)" in message
