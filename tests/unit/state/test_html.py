import pytest

from moodle_sync.state.html import paragraphs, to_html


def test_to_html_raw_html_stays_text() -> None:
    assert "<script>" not in to_html("avant <script>alert(1)</script> après")
    assert "&lt;script&gt;" in to_html("avant <script>alert(1)</script>")


def test_to_html_markdown_becomes_markup_without_trailing_newline() -> None:
    assert to_html("**cinq** synergies") == "<p><strong>cinq</strong> synergies</p>"


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a & b", "<p>a &amp; b</p>"),
        ('le "faire ensemble"', '<p>le "faire ensemble"</p>'),
        ("a\n  b", "<p>a b</p>"),
        ("   ", ""),
    ],
)
def test_paragraphs_are_what_the_purifier_leaves_alone(text: str, markup: str) -> None:
    assert paragraphs(text) == markup
