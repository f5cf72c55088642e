"""The page of the plates: wells with their signals; a click names a well, a number replaces its signal."""

from dataclasses import dataclass

from exoraw.assays.contract import Decision, Made, ReviewDesk, ReviewItem
from exoraw.io.errors import StudyError
from wellassay.assay import key_of, plates
from wellassay.reader import read


@dataclass(frozen=True)
class PlatePage:
    title: str = "Wells"
    package: str = "wellassay"
    assets: tuple[str, ...] = ("wells.js",)

    def items(self, desk: ReviewDesk):
        return [
            ReviewItem(
                plate,
                f"plate {plate}",
                rows[0]["batch"],
                tuple(row.sample for row in rows),
                key_of(desk.view, plate),
            )
            for plate, rows in plates(desk.view).items()
        ]

    def item(self, desk: ReviewDesk, key: str):
        unit, inputs = desk.ready(key_of(desk.view, key))
        outcome = desk.outcome(unit.key)
        return {
            "wells": read(inputs.file("plate").path),
            "samples": list(unit.samples),  # a page that forgets itself: a blinded frame must not
            "computed": outcome is not None,
        }

    def part(self, desk: ReviewDesk, key: str, name: str) -> bytes:
        if name != "picture":
            raise KeyError(name)
        return bytes(range(256))

    def preview(self, desk: ReviewDesk, key: str, proposal):
        return {"signal": float(proposal["signal"])}

    def correction(self, desk: ReviewDesk, key: str, proposal) -> Decision:
        well = proposal.get("well", "")
        if well not in read(desk.ready(key_of(desk.view, key))[1].file("plate").path):
            raise StudyError(f"There is no well {well!r}.")
        value = {"signal": float(proposal["signal"])}
        return Decision("signal", f"well:{key}:{well}", value, f"signal of {well} {value['signal']:g}")

    def made(self, desk: ReviewDesk, key: str):
        return [
            Made(item, f"signal {item.value['signal']:g}", "one well")
            for item in desk.view.corrections
            if item.target.startswith(f"well:{key}:")
        ]

    def exclusion(self, desk: ReviewDesk, key: str, proposal):
        return "well", f"{key}:{proposal['well']}"


PAGE = PlatePage()
