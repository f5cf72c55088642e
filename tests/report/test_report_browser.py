"""The report in a real browser, scripts off: nothing overflows, nothing is requested, pictures decode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

WIDTHS = (1280, 390)
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PICTURES = "() => [...document.images].map(i => i.complete && i.naturalWidth > 0)"
CLIPPED = """() => [...document.querySelectorAll('.card svg')].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1
        || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})"""
CONTRAST = """() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = node => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const node of document.querySelectorAll('main *, nav *')) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.closest('svg') || !node.getClientRects().length || node.closest('.hush')) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => x - y);
    if ((b + 0.05) / (a + 0.05) < 4.5) weak.push(node.tagName + ': ' + node.textContent.trim().slice(0, 40));
  }
  return weak;
}"""


class Visit:
    """One page as opened, with what the browser complained about and asked for."""

    def __init__(
        self, browser: playwright.Browser, path: Path, width: int, *, scripts: bool, dark: bool
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.failed: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.page.goto(path.as_uri())

    def close(self) -> None:
        """Close the page."""
        self.context.close()


@pytest.fixture(params=WIDTHS)
def silent(browser, troubled_report, request) -> Iterator[Visit]:
    """The report without scripts, as a careful reader opens it."""
    visit = Visit(browser, troubled_report, request.param, scripts=False, dark=False)
    yield visit
    visit.close()


@pytest.fixture(params=[(width, dark) for width in WIDTHS for dark in (False, True)])
def measured(browser, troubled_report, request) -> Iterator[Visit]:
    """The report with scripts allowed, so that the test (not the page) can measure it."""
    width, dark = request.param
    visit = Visit(browser, troubled_report, width, scripts=True, dark=dark)
    yield visit
    visit.close()


def test_nothing_is_said_on_the_console_and_nothing_is_requested(silent, troubled_report):
    assert silent.said == []
    assert silent.failed == []
    assert [url for url in silent.asked if not url.startswith("data:")] == [troubled_report.as_uri()]


def test_verdict_tables_and_figures_are_there_without_scripts(silent):
    assert silent.page.get_by_text("1 task failed (MDA_PTX_3)").is_visible()
    assert silent.page.locator("svg[role=img]").first.is_visible()
    assert silent.page.get_by_role("table").first.is_visible()
    assert silent.page.get_by_role("navigation").is_visible()


def test_page_is_never_wider_than_the_window(measured):
    assert measured.page.evaluate(TOO_WIDE) <= 0


def test_folded_parts_opened_do_not_overflow_either(measured):
    measured.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert measured.page.evaluate(TOO_WIDE) <= 0


def test_every_picture_decodes(measured):
    decoded = measured.page.evaluate(PICTURES)
    assert decoded
    assert all(decoded)


def test_no_text_of_a_figure_is_cut_off(measured):
    assert measured.page.evaluate(CLIPPED) == []


def test_every_text_reaches_contrast_aa(measured):
    measured.page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert measured.page.evaluate(CONTRAST) == []


def test_first_tab_leads_to_the_results(measured):
    measured.page.keyboard.press("Tab")
    assert measured.page.evaluate("() => document.activeElement.getAttribute('href')") == "#content"


def test_picture_opens_large_and_closes_without_scripts(silent):
    shot = silent.page.locator(".shot").first
    before = shot.locator("img").bounding_box()
    shot.locator("a.frame-link").click()
    box = shot.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(silent.page.viewport_size["width"], abs=20)
    shot.locator("a.close").click()
    assert shot.locator("img").bounding_box()["width"] == pytest.approx(before["width"], abs=2)


def test_print_shows_the_whole_page(browser, troubled_report, tmp_path):
    visit = Visit(browser, troubled_report, 1280, scripts=True, dark=True)
    visit.page.emulate_media(media="print")
    ground = visit.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    paper = visit.page.pdf()
    visit.close()
    assert ground == "rgb(255, 255, 255)"
    assert paper.startswith(b"%PDF")
    assert not visit.failed
