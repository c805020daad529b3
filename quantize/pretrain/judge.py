"""Scores a model file and writes its card; needs the held-out files, and no checkpoint."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iquest_lsp.errors import RuntimeSetupError, UsageError
from quantize.pretrain import card, evaluate, figures, pictures, reader, scores, sections
from quantize.pretrain.evaluate import Trials
from quantize.pretrain.film import Scene, draw
from quantize.pretrain.kept import Kept
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.places import ALONE
from quantize.pretrain.recipe import Recipe
from quantize.pretrain.stages import Say, Stages

#: Cursors that the film is of, and how many answers of each kind, right and wrong, it shows of them at most.
FILMED, SHOWN = 40, 4


class Judge:
    """What is known of one recipe's model file.

    Beside the recipe lie the figures that were measured (`NAME.figures.json`), the curve of the training
    (`NAME.curve.csv`), the tables of the architecture search (`NAME.search.json`, and of its second part
    `NAME.search-second.json`), the speeds of decoding (`NAME.speeds.json`, as `iquest-lsp bench decode --json` prints
    them) and what people add (`NAME.notes.md`), so that the card can be written anew without measuring or training.
    Of a recipe `NAME-MORE`, which goes on from `NAME`, search and speeds are those of `NAME`: it has the same shape.
    """

    def __init__(self, recipe: Recipe, path: Path, stages: Stages, say: Say) -> None:
        self._recipe, self._path, self._stages, self._say = recipe, path, stages, say

    def beside(self, what: str) -> Path:
        """Where a record of this recipe lies."""
        return self._path.with_suffix(f".{what}")

    def evaluate(self, path: Path, *, measure: bool = True) -> dict[str, Any]:
        """Figures of the file on the held-out packages, the file read back from disk; what was measured is kept.

        Without `measure` they are those of what was measured so far.
        """
        kept, trials, train = self._prepared(path)
        if measure:
            evaluate.measure(path, trials, train, kept, self._say, engine=self._engine_present())
        found = figures.figures(trials, kept)
        self.beside("figures.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return found

    def film(self, path: Path, target: Path, count: int = FILMED) -> None:
        """Draws what the model writes at the first cursors of the evaluation, as an animated SVG.

        The first answers that are right and the first that are wrong take turns; the title tells how many there are.
        """
        kept, trials, _ = self._prepared(path)
        scenes = [
            Scene(
                place.package,
                place.texts[ALONE],
                text,
                place.target,
                scores.same(text, place.target),
            )
            for place, text in evaluate.first_answers(path, trials, kept, count)
        ]
        right = [scene for scene in scenes if scene.is_right]
        wrong = [scene for scene in scenes if not scene.is_right]
        share = f"{len(right)} of {len(scenes)} rests of lines right"
        title = f"{self._recipe.name} in packages it never saw: {share}; some of each"
        pairs = itertools.zip_longest(wrong[:SHOWN], right[:SHOWN])
        target.write_text(draw([scene for pair in pairs for scene in pair if scene], title), encoding="utf-8")
        self._say(f"wrote {target}")

    def known(self) -> dict[str, Any]:
        """The figures measured last."""
        try:
            found: dict[str, Any] = json.loads(self.beside("figures.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError("There are no figures of this recipe", why=str(error), fix="Measure them") from error
        return found

    def card(self, path: Path, found: dict[str, Any]) -> list[Path]:
        """Writes the model card and its pictures into the file's folder."""
        cleaned, _ = self._stages.clean()
        curve = self.beside("curve.csv")
        if not curve.exists():
            raise UsageError(f"There is no {curve.name}, which the card tells of", fix=f"Put it at {curve}")
        points = card.read_curve(curve)
        drawn = path.with_name(f"{path.stem}-curve.png")
        pictures.curve(drawn, points)
        more = []
        if "by_length" in found and "reliability" in found:
            more.append(path.with_name(f"{path.stem}-figures.png"))
            pictures.figures(more[0], found)
        notes = self.beside("notes.md")
        further = card.Further(
            notes=notes.read_text(encoding="utf-8").strip() + "\n\n" if notes.exists() else "",
            speeds=sections.speeds(self._record("speeds.json")),
            search=sections.search(self._record("search.json"), self._record("search-second.json")),
            pictures=[item.name for item in more],
        )
        page = path.with_name("MODEL_CARD.md")
        text = card.render(self._recipe, path, found, cleaned, points, drawn.name, further, self._path.stem)
        page.write_text(text, encoding="utf-8")
        return [page, drawn, *more]

    def _prepared(self, path: Path) -> tuple[Kept, Trials, Sequence[SourceFile]]:
        """What was measured of the file, what it is tried on, and the files for training."""
        cleaned, _ = self._stages.clean()
        file = reader.read(path)
        key = evaluate.kept_key(file, self._recipe.evaluate, cleaned.train, cleaned.held_out)
        trials = Trials(cleaned.held_out, file, self._recipe.evaluate)
        return Kept(self._stages.work / "evaluate" / key, self._say), trials, cleaned.train

    def _record(self, what: str) -> dict[str, Any] | None:
        family = self._path.with_name(self._path.stem.partition("-")[0]).with_suffix(f".{what}")
        found = next((path for path in (self.beside(what), family) if path.exists()), None)
        return json.loads(found.read_text(encoding="utf-8")) if found is not None else None

    def _engine_present(self) -> bool:
        from iquest_lsp.runtime.llama import model

        try:
            present = model.is_ported()
        except RuntimeSetupError:
            present = False
        if not present:
            self._say("evaluate: the ported llama.cpp is not installed, so the rest of the line is not measured")
        return present
