"""The revisions, in order. A revision that was released is never edited again."""
