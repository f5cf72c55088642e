"""The blot page in a real browser: two clicks a row by mouse, and the same by keyboard, blinded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SCREEN = {"width": 1280, "height": 800}
NARROW = {"width": 700, "height": 900}
PICTURE = (760, 460)  # pixels
PHOSPHO, SECOND = "p-STAT3", "p-STAT3 S727"
HIDDEN = ("STAT3", "GAPDH", "ctrl 1", "IL-6", "exo 1", "membrane1", "membrane 1", ".tif")
A_STEP = 2.0  # pixels of the raw picture: one of the screen, rounded
PATIENCE = 30_000  # ms: a shared machine measures slowly


@dataclass
class Visit:
    """A person at the page, with everything the browser said and received."""

    page: playwright.Page
    said: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note console and JSON answers."""
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("response", self._keep)

    def _keep(self, response: playwright.Response) -> None:
        if "/api/" in response.url and "json" in response.headers.get("content-type", ""):
            self.answers.append(response.text())

    def at(self, point: list[float]) -> tuple[float, float]:
        """Where a pixel of the raw picture lies on the screen, the whole picture being shown."""
        box = self.page.locator("#membrane").bounding_box()
        scale = min(box["width"] / PICTURE[0], box["height"] / PICTURE[1])
        left = box["x"] + (box["width"] - PICTURE[0] * scale) / 2
        top = box["y"] + (box["height"] - PICTURE[1] * scale) / 2
        return left + (point[0] + 0.5) * scale, top + (point[1] + 0.5) * scale

    def click(self, point: list[float]) -> None:
        """Click a pixel of the raw picture."""
        self.page.mouse.click(*self.at(point))

    def wanted(self, words: str) -> None:
        """Wait until the page asks for this."""
        playwright.expect(self.page.locator("#wanted")).to_contain_text(words, timeout=PATIENCE)

    def exact(self) -> None:
        """Wait until exoraw has measured."""
        playwright.expect(self.page.locator("#how")).to_contain_text("Exact", timeout=PATIENCE)

    def volumes(self) -> list[int]:
        """Volumes of the table of lanes."""
        cells = self.page.locator("#numbers td.now").all_inner_texts()
        return [int(cell.replace(",", "")) for cell in cells]

    def sign_and_apply(self) -> None:
        """Say who and why, apply, and wait until it is kept."""
        self.page.fill("#who", "AB")
        self.page.fill("#why", "two rows look alike")
        self.page.click("#apply")
        kept = self.page.locator("#said")
        playwright.expect(kept).to_contain_text("Kept beside the study", timeout=PATIENCE)

    def run(self) -> None:
        """Compute, and wait for it."""
        self.page.click("#run")
        playwright.expect(self.page.locator("#said")).to_contain_text("computed in", timeout=2 * PATIENCE)

    def placed(self, name: str) -> list[float]:
        """Pixel of the raw picture where a point lies."""
        label = self.page.locator(f"#{name}").get_attribute("aria-label")
        return [float(number) for number in label.rpartition(" at ")[2].split(", ")]


@pytest.fixture
def visit(browser, address):
    """`visit(lab, blind=False)`: the first picture of the list."""
    contexts = []

    def start(lab, *, blind: bool = False) -> Visit:
        context = browser.new_context(viewport=SCREEN)
        contexts.append(context)
        found = Visit(context.new_page())
        found.listen()
        found.page.goto(address(lab, blind=blind))
        found.page.locator("#membrane").wait_for(timeout=PATIENCE)
        found.page.locator("#numbers table").wait_for()
        return found

    yield start
    for context in contexts:
        context.close()


def test_two_clicks_on_a_row_give_its_numbers_and_only_that_blot_runs_again(visit, lab):
    before, (first, last) = lab.tasks(), lab.row(PHOSPHO)
    person = visit(lab)
    assert person.page.locator("#list .name").all_inner_texts() == [f"{PHOSPHO}, {SECOND}", "STAT3", "GAPDH"]
    assert "needs points" in person.page.locator("#item-marks").inner_text()
    assert "another row is about as strong" in person.page.locator("#reason").inner_text()
    person.wanted("p-STAT3: click the middle of the FIRST band of lane 1, ctrl 1")
    place = person.page.locator("#membrane").bounding_box()

    person.click([last[0], last[1] - 60])  # a slip, taken back
    person.wanted("LAST band of lane 3, exo 1")
    person.page.keyboard.press("Backspace")
    person.wanted("FIRST band")
    person.click(first)
    assert person.page.locator("#apply").is_disabled()  # no number has been seen yet
    person.wanted("LAST band of lane 3, exo 1")
    person.click(last)
    person.wanted("p-STAT3 S727: click the middle of the FIRST band of lane 1, ctrl 1")  # offered by name
    for point in lab.row(SECOND):
        person.click(point)
    person.wanted("p-STAT3 S727: both points are set")
    person.exact()
    assert person.placed("point-1-first") == pytest.approx(first, abs=A_STEP)
    assert person.placed("point-1-last") == pytest.approx(last, abs=A_STEP)
    assert person.page.locator("#membrane .box.band").count() == 6
    assert person.page.locator("#membrane").bounding_box() == place  # nothing jumps under the mouse
    assert person.page.evaluate("document.documentElement.scrollWidth") <= SCREEN["width"]

    person.page.mouse.move(*person.at(last))
    person.page.mouse.down()
    person.page.mouse.move(*person.at([last[0] + 4, last[1] + 3]), steps=3)
    person.page.mouse.up()
    person.wanted(
        "p-STAT3: both points are set"
    )  # the row whose point is dragged is the one that is looked at
    person.exact()
    assert person.placed("point-1-last") == pytest.approx([last[0] + 4, last[1] + 3], abs=A_STEP)
    shown = person.volumes()
    person.sign_and_apply()
    assert "3 tasks to compute again" in person.page.locator("#waiting-words").inner_text()
    person.run()

    again = {unit.split("/")[1] for unit, task in lab.tasks().items() if before[unit] != task}
    assert again == {"quantify", "normalise", "summary"}
    assert len([unit for unit, task in lab.tasks().items() if before[unit] != task]) == 3
    numbers = {name: lab.numbers("adjusted_volume", f"band:{name}") for name in (PHOSPHO, SECOND)}
    assert [round(value) for value, _ in numbers[PHOSPHO].values()] == shown
    for values in numbers.values():
        for sample, (value, curated) in values.items():
            assert curated
            assert value == pytest.approx(lab.true(sample, "band_volume", f"band:{PHOSPHO}"), rel=0.04)
    assert "needs_points" not in lab.codes()
    marks = person.page.locator("#item-marks").inner_text()
    assert "curated" in marks
    assert "needs points" not in marks
    assert "AB, 20" in person.page.locator("#below").inner_text()

    assert person.page.locator("#exclude").is_disabled()
    person.page.get_by_role("button", name="lane 2, IL-6 1").click()
    person.page.fill("#why", "air bubble")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.click("#exclude")
    playwright.expect(person.page.locator("#said")).to_contain_text("Left out", timeout=PATIENCE)
    assert "sample,IL-6 1,air bubble,AB," in (lab.folder / "exclusions.csv").read_text("utf-8")
    assert person.page.locator("#numbers .out").inner_text().strip() == "IL-6 1"

    person.page.set_viewport_size(NARROW)
    assert person.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert person.page.locator("#membrane").bounding_box()["width"] > 400
    assert person.said == []


def test_the_keyboard_alone_is_enough_and_a_blinded_page_names_nothing(visit, lab):
    person = visit(lab, blind=True)
    first, last = lab.row(PHOSPHO)
    person.wanted("row 1: click the middle of the FIRST band of lane 1.")
    picture = person.page.locator("#membrane")
    picture.focus()
    picture.press("Enter")  # shows the cross in the middle of the picture
    walk(picture, (PICTURE[0] / 2, PICTURE[1] / 2), first)
    picture.press("Enter")
    person.wanted("LAST band of lane 3.")
    picture.press("+")
    walk(picture, first, last)
    picture.press("0")
    picture.press("Enter")
    person.wanted("row 2: click the middle of the FIRST band")
    person.page.locator("#row-1").click()
    person.exact()
    assert person.placed("point-1-first") == pytest.approx(first, abs=1.0)
    assert person.placed("point-1-last") == pytest.approx(last, abs=1.0)
    handle = person.page.locator("#point-1-last")
    handle.focus()
    handle.press("ArrowDown")
    person.exact()
    assert person.placed("point-1-last")[1] == pytest.approx(last[1] + 1, abs=1.0)
    handle.press("Delete")
    person.wanted("LAST band of lane 3.")
    picture.press("Backspace")  # takes the removal back
    person.exact()
    person.sign_and_apply()
    (kept,) = lab.kept()
    assert kept["who"] == "AB (blinded)"
    everything = [person.page.content(), *person.answers]
    assert len(person.answers) > 5
    for word in HIDDEN:
        assert not [text for text in everything if word.lower() in text.lower()], word
    assert json.dumps(kept["value"]).count("[") == 3
    assert person.said == []


def walk(picture, start, end) -> None:
    """Move the cross by tens and by ones."""
    for axis, (less, more) in enumerate((("ArrowLeft", "ArrowRight"), ("ArrowUp", "ArrowDown"))):
        way = round(end[axis] - start[axis])
        key = more if way > 0 else less
        for _ in range(abs(way) // 10):
            picture.press(f"Shift+{key}")
        for _ in range(abs(way) % 10):
            picture.press(key)
