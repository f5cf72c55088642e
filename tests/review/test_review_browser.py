"""The review pages in a real browser, by mouse and by keyboard."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import pytest

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

SCREEN = {"width": 1280, "height": 800}
HIDDEN = ("DOX", "control 1", "control 2", "exosomes", "day1", "day2", "MDA", "Specimen", ".fcs", "vehicle")


@dataclass
class Visit:
    """A person at the pages, with everything the browser said and received."""

    page: playwright.Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Note console, requests and JSON answers."""
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("response", self._keep)

    def _keep(self, response: playwright.Response) -> None:
        if "/api/" in response.url and "json" in response.headers.get("content-type", ""):
            self.answers.append(response.text())

    def open(self, title: str) -> None:
        """Choose an item in the list."""
        self.page.locator("#list .name", has_text=re.compile(f"^{re.escape(title)}$")).click()
        playwright.expect(self.page.locator("#item-title")).to_have_text(title)
        self.page.locator("#numbers table").first.wait_for()

    def percent(self, name: str) -> float:
        """What the table of numbers says."""
        return float(self.page.locator(f"#numbers tr[data-name='{name}'] td.now").inner_text())

    def count(self, name: str) -> int:
        """Events of a population."""
        return int(
            self.page.locator(f"#numbers tr[data-name='{name}'] td.count").inner_text().replace(",", "")
        )

    def border(self, name: str = "annexin") -> float:
        """Where a border stands."""
        return float(self.page.locator(f"#gate-{name}").get_attribute("aria-valuenow"))

    def drag(self, what: str, x: float, y: float, *, release: bool = True) -> None:
        """Drag a handle by so many pixels."""
        box = self.page.locator(what).bounding_box()
        start = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(start[0] + x, start[1] + y, steps=4)
        if release:
            self.page.mouse.up()

    def exact(self) -> None:
        """Wait until exoraw has counted."""
        playwright.expect(self.page.locator("#how")).to_contain_text("Exact")

    def sign(self, why: str) -> None:
        """Type who and why."""
        self.page.fill("#who", "AB")
        self.page.fill("#why", why)

    def apply(self, why: str = "the shoulder is background") -> None:
        """Sign, apply, and wait until it is kept."""
        self.sign(why)
        self.page.click("#apply")
        playwright.expect(self.page.locator("#said")).to_contain_text("Kept beside the study")

    def run(self) -> None:
        """Compute, and wait for it."""
        self.page.click("#run")
        playwright.expect(self.page.locator("#said")).to_contain_text("computed in", timeout=60_000)

    def marks(self) -> str:
        """The badges of the item."""
        return self.page.locator("#item-marks").inner_text()


@pytest.fixture
def visit(browser, serving):
    """`visit(lab, blind=False)`: the pages of a study, opened from the address of the terminal."""
    contexts = []

    def start(lab, *, blind: bool = False) -> Visit:
        served = serving(lab, blind=blind)
        context = browser.new_context(viewport=SCREEN)
        contexts.append(context)
        found = Visit(context.new_page())
        found.listen()
        found.page.goto(served.session.address)
        found.page.locator("#item-title").wait_for()
        found.page.wait_for_function(
            "() => document.querySelector('#item-title').textContent !== 'Choose an item'"
        )
        return found

    yield start
    for context in contexts:
        context.close()


def value_of(tubes, sample: str = "DOX 1") -> tuple[float, bool]:
    return tubes.value(sample, "apoptotic_share")


# ----------------------------------------------------------------- the frame, with another assay's page


def test_another_assays_page_works_in_the_same_frame(visit, plates):
    person = visit(plates)
    person.page.locator("#wells").wait_for()
    assert person.page.locator("#wells").inner_text() == "A1 A2 B1"
    person.page.fill("#signal", "5")
    playwright.expect(person.page.locator("#numbers")).to_have_text("signal 5")
    person.apply()
    assert "1 task to compute again" in person.page.locator("#waiting-words").inner_text()
    person.run()
    assert plates.value("vehicle on P1", "signal") == (5.0, True)
    assert "curated" in person.marks()
    assert person.said == []


# ----------------------------------------------------------------- a threshold


def test_a_dragged_threshold_is_counted_at_once_kept_run_and_taken_back(visit, tubes):
    before, _ = value_of(tubes)
    person = visit(tubes)
    person.open("DOX 1")
    assert person.percent("apoptotic") == pytest.approx(before, abs=0.005)
    person.drag("#gate-annexin .grip", 60, 0, release=False)
    playwright.expect(person.page.locator("#how")).to_contain_text("While you drag")
    dragged = person.percent("apoptotic")
    assert dragged < before - 1
    person.page.mouse.up()
    person.exact()
    assert person.percent("apoptotic") == dragged  # all events are in the browser: the same count
    border = person.border()
    person.apply()
    assert value_of(tubes) == (before, False)  # nothing is computed before it is asked for
    assert "to run again" in person.marks()
    person.run()
    value, curated = value_of(tubes)
    assert curated
    assert value == pytest.approx(dragged, abs=0.005)
    assert "curated" in person.marks()
    (finding,) = [one for one in tubes.findings("gate_corrected") if one["sample"] == "DOX 1"]
    assert f"{border:,.0f}" in finding["message"]
    assert "AB, 20" in finding["message"]
    assert "the shoulder is background" in finding["message"]
    assert not value_of(tubes, "control 1")[1]
    person.sign("it was right after all")
    person.page.get_by_role("button", name="Take back").click()
    playwright.expect(person.page.locator("#said")).to_contain_text("Taken back")
    assert "known from before" in person.page.locator("#waiting-words").inner_text()
    person.run()
    assert value_of(tubes) == (before, False)
    assert "curated" not in person.marks()
    assert person.percent("apoptotic") == pytest.approx(before, abs=0.005)
    assert person.said == []


def test_the_arrow_keys_move_a_threshold_and_shift_moves_it_farther(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    start = person.border()
    handle = person.page.locator("#gate-annexin")
    handle.focus()
    handle.press("ArrowRight")
    near = person.border()
    handle.press("Shift+ArrowRight")
    far = person.border()
    assert start < near < far
    assert far - near > 5 * (near - start)
    handle.press("ArrowUp")  # an upright line goes left and right only
    assert person.border() == far
    person.exact()
    person.page.click("#reset")
    assert person.border() == pytest.approx(start)


def test_the_batch_gets_a_border_and_the_other_batch_keeps_its_own(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    person.drag("#gate-dead .grip", 0, -40)
    person.exact()
    wanted = person.border("dead")
    person.page.get_by_label("the batch", exact=True).check()
    person.apply("PI control was bleached")
    person.run()
    assert value_of(tubes, "DOX 1")[1]
    assert value_of(tubes, "control 1")[1]
    assert not value_of(tubes, "DOX 2")[1]
    person.open("control 1")
    assert person.border("dead") == wanted
    assert "the batch" in person.page.locator("#below").inner_text()
    person.open("DOX 2")
    assert person.border("dead") != wanted


# ----------------------------------------------------------------- an outline


def test_a_dragged_corner_of_the_cells_changes_what_is_counted(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    cells = person.count("cells")
    person.page.click("#tab-cells")
    person.drag("#corner-1", 150, 0)
    person.exact()
    assert person.count("cells") < cells
    fewer, apoptotic = person.count("single cells"), person.percent("apoptotic")
    person.apply("debris in the gate")
    person.run()
    assert tubes.value("DOX 1", "population_events", "population:single cells") == (fewer, True)
    value, curated = value_of(tubes)
    assert curated
    assert value == pytest.approx(apoptotic, abs=0.005)


def test_corners_are_added_and_removed(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    person.page.click("#tab-cells")
    first, second = (person.page.locator(f"#corner-{n}").bounding_box() for n in (1, 4))
    person.page.mouse.dblclick(first["x"] + 5, (first["y"] + second["y"]) / 2)
    playwright.expect(person.page.locator(".corner")).to_have_count(5)
    person.page.locator("#corner-5").focus()
    person.page.keyboard.press("Delete")
    playwright.expect(person.page.locator(".corner")).to_have_count(4)


# ----------------------------------------------------------------- keyboard, leaving out, blinding


def test_keys_go_to_the_next_item_and_ask_before_a_change_is_lost(visit, tubes):
    person = visit(tubes)
    person.open("control 1")
    person.page.keyboard.press("n")
    playwright.expect(person.page.locator("#item-title")).to_have_text("DOX 1")
    person.page.keyboard.press("p")
    playwright.expect(person.page.locator("#item-title")).to_have_text("control 1")
    person.page.locator("#numbers table").first.wait_for()
    person.page.locator("#gate-annexin").focus()
    person.page.keyboard.press("ArrowRight")
    asked = []
    person.page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    person.page.keyboard.press("n")
    person.page.wait_for_timeout(200)
    assert len(asked) == 1
    assert person.page.locator("#item-title").inner_text() == "control 1"


def test_a_tube_left_out_is_struck_through_and_stands_in_exclusions(visit, tubes):
    person = visit(tubes)
    person.open("DOX 2")
    person.sign("air bubble")
    person.page.once("dialog", lambda dialog: dialog.accept())
    person.page.click("#exclude")
    playwright.expect(person.page.locator("#said")).to_contain_text("Left out")
    assert "left out" in person.marks()
    assert "sample,DOX 2,air bubble,AB," in (tubes.folder / "exclusions.csv").read_text("utf-8")


def test_apply_needs_who_and_why(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    person.page.locator("#gate-annexin").focus()
    person.page.keyboard.press("ArrowRight")
    assert person.page.locator("#apply").is_disabled()
    person.page.fill("#who", "AB")
    assert person.page.locator("#apply").is_disabled()
    person.page.fill("#why", "too low")
    assert person.page.locator("#apply").is_enabled()


def test_blinded_pages_and_answers_hold_no_name(visit, tubes):
    person = visit(tubes, blind=True)
    titles = person.page.locator("#list .name").all_inner_texts()
    assert sorted(titles) == [f"No. {n}" for n in range(1, 7)]
    for title in titles:
        person.open(title)
        person.page.click("#tab-cells")
        person.page.click("#tab-quadrants")
    person.drag("#gate-annexin .grip", 30, 0)
    person.exact()
    person.apply("too low for No. 3")
    person.run()
    everything = [person.page.content(), *person.answers, *person.asked]
    assert len(person.answers) > 12
    for word in HIDDEN:
        assert not [text for text in everything if word.lower() in text.lower()], word
    (kept,) = [json.loads(path.read_text("utf-8")) for path in tubes.folder.glob("corrections/*.json")]
    assert kept["who"] == "AB (blinded)"


# ----------------------------------------------------------------- looks


def test_nothing_is_requested_from_elsewhere_and_nothing_is_complained_of(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    hosts = {url.split("/")[2].split(":")[0] for url in person.asked if not url.startswith("data:")}
    assert hosts == {"127.0.0.1"}
    assert person.said == []
    assert "token=" not in person.page.url


def test_everything_is_on_a_small_screen_and_nothing_jumps(visit, tubes):
    person = visit(tubes)
    person.open("DOX 1")
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert person.page.evaluate(wide) <= 0
    places = {what: person.page.locator(what).bounding_box() for what in ("#apply", "#numbers", ".flow-plot")}
    apply = places["#apply"]
    assert apply["y"] + apply["height"] <= SCREEN["height"]
    plot = places[".flow-plot"]
    assert plot["y"] + plot["height"] <= SCREEN["height"]
    person.drag("#gate-annexin .grip", 60, 0, release=False)
    now = {what: person.page.locator(what).bounding_box() for what in places}
    assert now == places
    person.page.mouse.up()
