"""The page's parser of server-sent events, and its offsets, run in the browser."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

pytestmark = pytest.mark.e2e

PARSE = """async (pieces) => {
  const { createEventParser } = await import("/assets/eventstream.js");
  const parse = createEventParser();
  return pieces.flatMap(parse);
}"""

STREAM = (
    '\ufeff: ping\r\n\r\nid: 1\r\ndata: {"a":1}\r\n\r\n'
    ":\nid:2\ndata: 工\ndata:b 🔧\n\nid\nevent: x\ndata\n\nretry: 5\rdata: c\r\rdata: cut off"
)
EVENTS = [
    {"id": "1", "data": '{"a":1}'},
    {"id": "2", "data": "工\nb 🔧"},
    {"id": "", "data": ""},
    {"id": "", "data": "c"},
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_events_are_the_same_however_the_stream_is_split(blank: Page, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]

    assert blank.evaluate(PARSE, pieces) == EVENTS


def test_a_stream_read_byte_by_byte_keeps_its_characters(blank: Page) -> None:
    read = """async (text) => {
      const { readEvents } = await import("/assets/eventstream.js");
      const bytes = new TextEncoder().encode(text);
      const body = new ReadableStream({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
      const events = [];
      for await (const event of readEvents(body, 1000)) events.push(event);
      return events;
    }"""
    assert blank.evaluate(read, STREAM) == EVENTS


def test_a_silent_stream_is_broken(blank: Page) -> None:
    read = """async () => {
      const { BrokenStream, readEvents } = await import("/assets/eventstream.js");
      let cancelled = false;
      const body = new ReadableStream({ cancel() { cancelled = true; } });
      try {
        await readEvents(body, 20).next();
      } catch (error) {
        return [error instanceof BrokenStream, cancelled];
      }
    }"""
    assert blank.evaluate(read) == [True, True]


@given(st.text(max_size=60), st.integers(-3, 70), st.integers(-3, 70))
@settings(max_examples=100, deadline=None)
def test_offsets_count_code_points_as_python_does(blank: Page, text: str, start: int, end: int) -> None:
    cut = """async ([text, start, end]) => {
      const { cutAt } = await import("/assets/codepoints.js");
      return JSON.stringify(cutAt(text, start, end));
    }"""
    low, high = max(0, start), max(0, start, end)

    assert json.loads(blank.evaluate(cut, [text, start, end])) == [text[:low], text[low:high], text[high:]]
