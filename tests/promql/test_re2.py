"""Expressions of RE2 in Python: what they match, and what is refused by name."""

import re

import pytest

from sre_anomaly.promql.re2 import compile_re2


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a|bc", ["a", "bc"], ["abc", "ac", "b"]),
        ("", [""], ["a"]),
        (".*", ["", "ab"], ["a\nb"]),
        ("(?s).*", ["a\nb"], []),
        ("(?i)web", ["WEB", "Web"], ["wéb"]),
        ("(?i:w)eb", ["Web"], ["wEb"]),
        (r"(?s-i:a.)", ["a\n"], ["A\n"]),
        (r"\d+", ["12"], ["٣"]),
        (r"\w\W", ["a-"], ["é-", "aa"]),
        (r"a\s", ["a ", "a\n"], ["a\v", "a\u00a0"]),
        (r"[\d\-x]+", ["1-x"], ["y"]),
        (r"[^\s]", ["a", "\v"], [" "]),
        (r"[\D]", ["a", "٣"], ["1"]),
        ("[[:alpha:]_]+", ["ab_"], ["a1"]),
        ("[[:^digit:]]", ["a"], ["1"]),
        ("[]a-c]+", ["]ab"], ["d"]),
        ("[^]a]", ["b", "\n"], ["]"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[a&&b~~|[]+", ["&b~|["], ["c"]),
        ("x{2,3}", ["xx", "xxx"], ["x", "xxxx"]),
        ("x{,3}", ["x{,3}"], ["xx"]),
        ("x{a}", ["x{a}"], []),
        ("}{", ["}{"], []),
        ("x*?y??", ["xxy", ""], ["yx"]),
        ("^a$", ["a"], ["a\n"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"a\b.b", ["a b"], ["aab"]),
        (r"\Qa.b*\E+", ["a.b*", "a.b**"], ["axb"]),
        (r"\x41\x{1F600}\101\t", ["A\U0001f600A\t"], []),
        (r"10\.0\.\-\/\_", ["10.0.-/_"], ["10x0.-/_"]),
        (r"(?P<a>x)(?<b>y)(?:z)", ["xyz"], []),
        ("a #b", ["a #b"], ["a"]),
        ("[\\w.]+@(db|web)-[0-9]{1,3}", ["a.b@db-12"], ["a@db-1234"]),
    ],
)
def test_matches(pattern, yes, no):
    """An expression matches whole values as Go's regexp does."""
    compiled = compile_re2(pattern)
    assert [text for text in yes if not compiled.fullmatch(text)] == []
    assert [text for text in no if compiled.fullmatch(text)] == []


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "RE2 knows no (?="),
        ("(?!a)", "RE2 knows no (?!"),
        ("(?<=a)b", "RE2 knows no (?<"),
        ("(?>a)", "RE2 knows no (?>"),
        ("(?#a)", "RE2 knows no (?#"),
        (r"(a)\1", r"the escape \1 is not known here"),
        (r"\pL", r"the escape \p is not known here"),
        (r"\k", r"the escape \k is not known here"),
        ("a\\", "the escape \\ is not known here"),
        ("a**", "repetition of a repetition"),
        ("a*+", "repetition of a repetition"),
        ("a{2}{3}", "repetition of a repetition"),
        ("*a", "nothing stands before '*'"),
        ("a|+", "nothing stands before '+'"),
        ("a{1001}", "more than 1000 repetitions"),
        ("a{3,2}", "min repeat greater than max repeat"),
        ("[a", "nothing closes the bracket of '[a'"),
        ("[z-a]", "the range z-a is backwards"),
        ("[[:letter:]]", "RE2 knows no class [:letter:]"),
        (r"[\b]", r"the escape \b is not known here"),
        (r"\x{110000}", "is no character"),
        ("(a", "missing )"),
        ("a)", "unbalanced parenthesis"),
        ("a(?i)b", "(?i) can only stand at the very start here"),
        ("(?m)a", "the flag m is not known here"),
    ],
)
def test_refused(pattern, reason):
    """What RE2 does not know, or Python cannot say, is refused with its reason."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        compile_re2(pattern)
