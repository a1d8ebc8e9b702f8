"""`khedmatyar catalogue …`: look at the catalogue, check it, take it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from bot.terminal import print_card, rtl
from handlers.card import service_card
from knowledge.catalogue import Catalogue, count, export_json, export_service, load_bureaus, load_catalogue
from knowledge.check import CELLS, OVERALL, Booklet, check, compare_counts, gaps, unread_lines
from knowledge.export import export_markdown, write_workbook
from knowledge.models import Counts
from knowledge.persian import persian_digits
from knowledge.tables import load_conflicts

app = typer.Typer(help="The catalogue of services: list, show, export, stats, check, gaps.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
BureauOption = Annotated[list[str] | None, typer.Option("--bureau", "-b", help="Slug of a bureau; may be repeated.")]

LACKS = {"documents": "مدارک", "workflow": "گردش کار"}


def _slugs(catalogue: Catalogue, bureau: list[str] | None) -> list[str]:
    slugs = bureau or [b.slug for b in catalogue.bureaus]
    for slug in slugs:
        catalogue.file(slug)
    return slugs


@app.command("list")
def list_services(bureau: BureauOption = None, as_json: JsonOption = False) -> None:
    """List the services, all or of one bureau."""
    catalogue = load_catalogue()
    console = Console(highlight=False)
    for slug in _slugs(catalogue, bureau):
        file = catalogue.file(slug)
        if as_json:
            for service in file.services:
                row = {"code": service.code, "title": service.title, "bureau": file.bureau.name}
                typer.echo(json.dumps(row, ensure_ascii=False))
            continue
        console.print(f"\n{rtl(file.bureau.name)} ({slug})", markup=False)
        for service in file.services:
            console.print(f"{service.code:<16} {rtl(service.title)}", markup=False, soft_wrap=True)


@app.command()
def show(
    code: Annotated[str, typer.Argument(help="Code of a service, such as technical-02.")], as_json: JsonOption = False
) -> None:
    """Show one service as a citizen sees it, or all of its data with --json."""
    catalogue = load_catalogue()
    service = catalogue.service(code)
    if as_json:
        typer.echo(json.dumps(export_service(catalogue, service), ensure_ascii=False, indent=2))
    else:
        print_card(service_card(service, catalogue.bureau_of(code)))


@app.command()
def export(
    form: Annotated[Literal["json", "xlsx", "md"], typer.Option("--format", "-f", help="What to write.")] = "json",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; needed for xlsx.")] = None,
) -> None:
    """Write the whole catalogue as JSON, an Excel workbook or Markdown."""
    catalogue = load_catalogue()
    if form == "xlsx":
        if output is None:
            raise typer.BadParameter("an Excel workbook needs a file: --output FILE.xlsx")
        write_workbook(catalogue, output)
        return
    text = export_json(catalogue) if form == "json" else export_markdown(catalogue)
    if output is None:
        typer.echo(text)
    else:
        output.write_text(text + "\n", encoding="utf-8")


@app.command()
def stats(as_json: JsonOption = False) -> None:
    """Print table 1 of the booklet beside our own counts; a cell that differs is named with its reason."""
    catalogue = load_catalogue()
    rows = [(file.bureau.slug, file.bureau.name, file.bureau.table1, count(file.services)) for file in catalogue.files]
    rows.append(("", "جمع کل", OVERALL, count(catalogue.services)))
    differences = [difference for file in catalogue.files for difference in compare_counts(file)]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "rows": [
                        {"slug": slug, "bureau": name, "table1": table1.model_dump(), "ours": ours.model_dump()}
                        for slug, name, table1, ours in rows
                    ],
                    "differences": [difference.__dict__ for difference in differences],
                },
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        _print_stats(rows, [f"{d.slug} {d.cell}: {d.printed} ≠ {d.ours} — {d.reason or '؟'}" for d in differences])
    if any(difference.reason is None for difference in differences):
        raise typer.Exit(1)


def _print_stats(rows: list[tuple[str, str, Counts, Counts]], differences: list[str]) -> None:
    table = Table(title="table 1 of the booklet / this catalogue", show_lines=False)
    table.add_column("bureau")
    for cell in CELLS:
        table.add_column(cell, justify="right")
    for slug, name, table1, ours in rows:
        cells = []
        for cell in CELLS:
            printed, counted = getattr(table1, cell), getattr(ours, cell)
            cells.append(f"{printed}" if printed == counted else f"[bold red]{printed} / {counted}[/]")
        table.add_row(slug or rtl(name), *cells)
    console = Console(highlight=False)
    console.print(table)
    for line in differences:
        console.print(rtl(line), markup=False, soft_wrap=True)


@app.command("check")
def check_command(
    booklet: Annotated[Path | None, typer.Option(help="The booklet's text file, to compare every text with.")] = None,
    bureau: BureauOption = None,
    unread: Annotated[bool, typer.Option(help="Also list booklet lines that no entry accounts for.")] = False,
) -> None:
    """Check the data: counts, graphs, and with the booklet every title, id, document and step. Exit 1 on a problem."""
    catalogue = load_bureaus(bureau) if bureau else load_catalogue()
    slugs = list(bureau or [])
    text = Booklet.read(booklet) if booklet else None
    problems = check(catalogue, text, slugs)
    console = Console(highlight=False)
    for problem in problems:
        console.print(str(problem), markup=False, soft_wrap=True)
    if unread and text is not None:
        for slug in slugs or [b.slug for b in catalogue.bureaus]:
            for number, line in unread_lines(catalogue.file(slug), text):
                console.print(f"{slug} line {number}: {line}", markup=False, soft_wrap=True)
    services = sum(len(catalogue.file(slug).services) for slug in slugs) if slugs else len(catalogue)
    console.print(f"{services} services, {len(problems)} problems", markup=False)
    if problems:
        raise typer.Exit(1)


@app.command("gaps")
def gaps_command(bureau: BureauOption = None, as_json: JsonOption = False) -> None:
    """List the services without documents or workflow, by bureau: the office's to-do list."""
    catalogue = load_catalogue()
    todo = gaps(catalogue)
    slugs = _slugs(catalogue, bureau)
    if as_json:
        rows: list[dict[str, object]] = [
            {"code": service.code, "title": service.title, "lacks": list(lacks)}
            for slug in slugs
            for service, lacks in todo.get(slug, [])
        ]
        rows += [
            {"code": gap.code, "title": None, "lacks": ["text"], "reason": gap.reason}
            for slug in slugs
            for gap in catalogue.file(slug).bureau.known_gaps
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    for slug in slugs:
        file = catalogue.file(slug)
        rows_here = todo.get(slug, [])
        console.print(
            f"\n{rtl(file.bureau.name)} — {persian_digits(len(rows_here))} از {persian_digits(len(file.services))}",
            markup=False,
        )
        for gap in file.bureau.known_gaps:
            console.print(f"{gap.code:<16} {rtl(gap.reason)}", markup=False, soft_wrap=True)
        for service, lacks in rows_here:
            what = " و ".join(LACKS[part] for part in lacks)
            console.print(f"{service.code:<16} {rtl(f'{service.title} — ندارد: {what}')}", markup=False, soft_wrap=True)


@app.command()
def conflicts(as_json: JsonOption = False) -> None:
    """List the letters, laws and ids that the booklet prints in more than one way."""
    table = load_conflicts()
    if as_json:
        typer.echo(json.dumps([conflict.model_dump(mode="json") for conflict in table], ensure_ascii=False, indent=2))
        return
    console = Console(highlight=False)
    for conflict in table:
        console.print(f"\n{rtl(conflict.subject)}", markup=False)
        for one in conflict.prints:
            where = f"{'، '.join(one.services)}، سطر {persian_digits(one.lines[0])}"
            console.print(rtl(f"  «{one.printed}» — {where}"), markup=False, soft_wrap=True)
