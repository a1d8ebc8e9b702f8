"""Drawings of the real catalogue: named by their content, drawn when asked for."""

from __future__ import annotations

import pytest

from bot.messenger.pictures import CataloguePictures
from handlers.reply import Flowchart
from knowledge.catalogue import Catalogue


@pytest.fixture(scope="module")
def pictures(catalogue: Catalogue) -> CataloguePictures:
    return CataloguePictures(lambda: catalogue)


def test_each_content_has_its_key(catalogue: Catalogue, pictures: CataloguePictures) -> None:
    codes = [service.code for service in catalogue.services if service.workflow is not None]
    keys = [pictures.key(Flowchart(code, form)) for code in codes for form in ("png", "pdf")]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert keys[0] == pictures.key(Flowchart(codes[0]))


def test_what_has_no_drawing(catalogue: Catalogue, pictures: CataloguePictures) -> None:
    assert pictures.key(Flowchart("no-such-service")) is None
    without = [service.code for service in catalogue.services if service.workflow is None]
    assert [pictures.key(Flowchart(code)) for code in without[:3]] == [None] * len(without[:3])


def test_a_drawing(catalogue: Catalogue, pictures: CataloguePictures) -> None:
    code = next(service.code for service in catalogue.services if service.workflow is not None)
    assert pictures.draw(Flowchart(code)).startswith(b"\x89PNG")
    assert pictures.draw(Flowchart(code, "pdf")).startswith(b"%PDF")
