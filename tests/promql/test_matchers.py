"""Matchers as text: the classic syntax, the one with any label in quotes, and what neither understands."""

import pytest

from sre_anomaly.promql.matchers import Matcher, all_match, parse_matchers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("{}", []),
        ("a=b", [("a", "=", "b")]),
        (' { a = "b c" , d!=e f,} ', None),
        ('{ a = "b c" , d!=e f,}', [("a", "=", "b c"), ("d", "!=", "e f")]),
        ('team=~"db|web",page!~"no,?"', [("team", "=~", "db|web"), ("page", "!~", "no,?")]),
        (r'a="say \"hi\", \\ and\n\d"', [("a", "=", 'say "hi", \\ and\n\\d')]),
        ("a=", [("a", "=", "")]),
        (r"a=b\\"[:-1], [("a", "=", "b\\")]),
        ('"any name"="x"', [("any name", "=", "x")]),
        ('{"größe"=~"a.*", b="c"}', [("größe", "=~", "a.*"), ("b", "=", "c")]),
        ("größe!=x", [("größe", "!=", "x")]),
        (r'"a"="\x41\u00e9\t"', [("a", "=", "Aé\t")]),
        ('a="b', None),
        ('a=b"', None),
        (r'a="b\"', None),
        ("a=b,,c=d", None),
        ("a", None),
        ("a b=c", None),
        ('"a b"', None),
        ('"a b"="c" "d"="e"', None),
        ('{"a b"="c"', None),
        (r'"a b"="\q"', None),
        ('""="a"', None),
        ('a=~"("', None),
    ],
)
def test_parse(text, found):
    """Each text gives its matchers, or is refused."""
    if found is None:
        with pytest.raises(ValueError, match=r"matcher|quote|missing"):
            parse_matchers(text)
    else:
        assert [(one.name, one.sign, one.value) for one in parse_matchers(text)] == found


def test_written_as_read():
    """A matcher's text gives the matcher again, whatever is in it."""
    for value in ("", "a", 'say "hi"', "back\\slash", "new\nline", ",", "\\", 'a\\"b'):
        matcher = Matcher("a", "=", value)
        assert parse_matchers(str(matcher)) == (matcher,)


def test_labels_that_are_not_there():
    """A label that is not there has the empty value."""
    assert all_match(parse_matchers('a="",b!="x",c=~".*",d!~".+"'), {})
    assert not all_match(parse_matchers('a!=""'), {})
