"""The compiled way from a text to its weights gives what the plain way gives."""

import csv
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from sre_anomaly.logs import masking
from sre_anomaly.logs.alarm_words import ALARM_WORDS
from sre_anomaly.logs.masking import mask, plain_words
from sre_anomaly.text._ngrams import word_ngrams, word_pieces
from sre_anomaly.text.tfidf import TfIdf

SOME = [
    "Failed to open /var/log/x.log: permission denied",
    "user alice logged in from 10.0.0.7 port 22",
    "user bob could not be found",
    "shutting down in 25 ms (1.16 KB)",
    "a b c",
    "block blk_38865 not found not found not found",
    "größe überschritten, Straße voll",
]
ODD = [
    "",
    "   ",
    "\0",
    "größe \ud800",
    "İerror couldn t İt",
    "ΑΣ logs no such",
    "日志 错误 closed by peer",
    "no" + " no" * 3000 + " route",
    "word " * 20_000,
    "x" * 100_000,
    "never seen before zzz",
]


def plain_way(text):
    """Return the plain words as the masks have them, the whole text at once."""
    return " ".join(masking._LETTERS.findall(masking._HUMPS.sub(" ", mask(text)))).lower()


signs = st.text(alphabet="0123456789abcdfmsxKBGZ .:/\\-_()<>@$\té\n", max_size=60)


@given(signs)
def test_pieces_of_a_text_are_masked_as_the_whole(text):
    """Cutting a text into remembered pieces changes no word of it."""
    assert plain_words(text) == plain_way(text)


amounts = st.lists(
    st.sampled_from(["25", "ms", "(1.16", "KB)", "25ms", "", "0x1f", "10x5", "a.b.com", "1:22", "<1", "sec"])
)


@given(amounts)
def test_amounts_look_across_blanks(pieces):
    """The one mask with a blank in it is not torn apart."""
    text = " ".join(pieces)
    assert plain_words(text) == plain_way(text)


def expected(encoder, known, asked):
    """Return the rows as scikit-learn weighs them, and alarms as their patterns find them."""
    blocks = []
    for grams, (shortest, longest) in ((word_ngrams, encoder.words), (word_pieces, encoder.pieces)):
        vectors = TfidfVectorizer(
            analyzer=lambda text, grams=grams, lengths=(shortest, longest): grams(text, *lengths),
            sublinear_tf=True,
        ).fit(sorted({plain_way(text) for text in known}))
        blocks.append(vectors.transform([plain_way(text) for text in asked]).toarray())
    groups = [re.compile(rf"\b(?:{words})\b") for words in ALARM_WORDS.values()]
    blocks.append(
        [[encoder.alarm_words * bool(group.search(plain_way(text))) for group in groups] for text in asked]
    )
    return np.hstack(blocks)


@pytest.mark.parametrize("lengths", [((1, 2), (3, 5)), ((2, 3), (1, 1)), ((1, 1), (4, 9))])
def test_weights_are_those_of_scikit_learn(lengths):
    """To 1e-12, for odd texts too, run as plain Python and compiled."""
    encoder = TfIdf(words=list(lengths[0]), pieces=list(lengths[1]), alarm_words=0.7)
    encoder.fit(SOME)
    wanted = expected(encoder, SOME, SOME + ODD)
    at_once = encoder.transform((SOME + ODD) * 5).toarray()
    np.testing.assert_allclose(at_once[: len(wanted)], wanted, atol=1e-12)
    fresh = TfIdf(words=list(lengths[0]), pieces=list(lengths[1]), alarm_words=0.7)
    fresh.restore(encoder.learned())
    np.testing.assert_array_equal(fresh.transform(SOME).toarray(), at_once[: len(SOME)])


def test_weights_over_loghub(needs):
    """Lines of nine real systems, half of them learned from."""
    needs("loghub")
    texts = []
    for path in sorted(Path(os.environ["SRE_ANOMALY_DATA"], "loghub").glob("*/*_structured.csv")):
        with path.open(errors="replace") as stream:
            texts += [row["Content"] for row in csv.DictReader(stream)][::100]
    encoder = TfIdf()
    encoder.fit(texts[::2])
    np.testing.assert_allclose(
        encoder.transform(texts).toarray(), expected(encoder, texts[::2], texts), atol=1e-12
    )


@given(st.lists(st.sampled_from([w for ws in ALARM_WORDS.values() for w in re.findall(r"[a-z]+", ws)])))
def test_alarms_follow_from_the_words(words):
    """What a message says follows from its words one by one and in pairs."""
    encoder = TfIdf(words=None, pieces=None)
    encoder.fit(["x"])
    text = " ".join(words)
    found = encoder.transform([text]).toarray()[0]
    assert found.tolist() == [
        float(re.search(rf"\b(?:{group})\b", text) is not None) for group in ALARM_WORDS.values()
    ]
