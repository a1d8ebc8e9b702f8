"""The catalogue's values: bureau, service, document, workflow. Frozen, checked when built.

Source of every fact: the booklet «کتابچه خدمات استانداری قزوین»; `source` says where in its text.
`summary` and `short_title` are editorial: written for this program, adding no fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from knowledge.persian import text_problems

BOOKLET = "کتابچه خدمات استانداری قزوین، ویراست اول، بهمن ۱۴۰۲"
SHORT_TITLE_LIMIT = 30

Scope = Literal["exclusive", "general", "shared"]
DocumentKind = Literal["bring", "form", "system", "law", "internal"]
StepKind = Literal["start", "action", "decision", "end"]
EditorialField = Literal["summary", "short_title"]
EDITORIAL_FIELDS: tuple[EditorialField, ...] = ("summary", "short_title")


def _clean(text: str) -> str:
    problems = text_problems(text)
    if problems:
        raise ValueError("؛ ".join(problems))
    return text


def _code(text: str) -> str:
    if not re.fullmatch(r"[a-z]+-\d{2,3}", text):
        raise ValueError(f"کد «{text}» به شکل slug-NN نیست")
    return text


def _service_number(text: str) -> str:
    if not re.fullmatch(r"\d{8,13}", text):
        raise ValueError(f"شناسه‌ی «{text}» عددی ۸ تا ۱۳ رقمی نیست")
    return text


def _lines(value: tuple[int, int]) -> tuple[int, int]:
    first, last = value
    if not 1 <= first <= last:
        raise ValueError(f"بازه‌ی سطر {first} تا {last} درست نیست")
    return value


PersianText = Annotated[str, Field(strict=True), AfterValidator(_clean)]
Code = Annotated[str, Field(strict=True), AfterValidator(_code)]
ServiceNumber = Annotated[str, Field(strict=True), AfterValidator(_service_number)]
LineRange = Annotated[tuple[int, int], AfterValidator(_lines)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Document(_Frozen):
    """One item under «مدارک/فرم‌ها/رویه‌های مرتبط و مورد نیاز».

    `printed` is the booklet's own wording where `text` mends an OCR slip. A `confidential` item is one that the
    booklet calls محرمانه; it is never shown to a citizen.
    """

    text: PersianText
    kind: DocumentKind
    printed: str | None = None
    confidential: bool = False
    lines: LineRange | None = None


class Branch(_Frozen):
    """One way out of a decision. `inferred`: the booklet's text does not tell the target; it was judged from sense."""

    label: PersianText
    next: str | tuple[str, ...]
    inferred: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the steps this branch leads to."""
        return (self.next,) if isinstance(self.next, str) else self.next


class Step(_Frozen):
    """One box of a flowchart. A decision has `branches`; any other box has `next` (one id, or several in parallel)."""

    id: str
    text: PersianText
    kind: StepKind
    printed: str | None = None
    actor: PersianText | None = None
    deadline: PersianText | None = None
    next: str | tuple[str, ...] | None = None
    branches: tuple[Branch, ...] = ()
    inferred: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the steps that can follow this one."""
        if self.branches:
            return tuple(target for branch in self.branches for target in branch.targets)
        if self.next is None:
            return ()
        return (self.next,) if isinstance(self.next, str) else self.next

    @model_validator(mode="after")
    def _ways_out_fit_the_kind(self) -> Self:
        if self.kind == "decision":
            if not self.branches:
                raise ValueError(f"گام {self.id}: تصمیم باید دست‌کم یک شاخه داشته باشد")
            if self.next is not None:
                raise ValueError(f"گام {self.id}: تصمیم به جای next شاخه دارد")
        elif self.branches:
            raise ValueError(f"گام {self.id}: فقط تصمیم شاخه دارد")
        if self.kind == "end" and self.next is not None:
            raise ValueError(f"گام {self.id}: پس از پایان گامی نیست")
        if self.deadline is not None and self.deadline not in self.text:
            raise ValueError(f"گام {self.id}: مهلت «{self.deadline}» در متن گام نیامده است")
        return self


class Workflow(_Frozen):
    """A flowchart as a graph; `steps` stand in the order of the process, the first is where it begins."""

    steps: tuple[Step, ...] = Field(min_length=1)

    def __iter__(self) -> Iterator[Step]:  # type: ignore[override]
        return iter(self.steps)

    def step(self, step_id: str) -> Step:
        """The step with this id; KeyError when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    @model_validator(mode="after")
    def _graph_is_sound(self) -> Self:
        ids = [step.id for step in self.steps]
        doubled = {step_id for step_id in ids if ids.count(step_id) > 1}
        if doubled:
            raise ValueError(f"شناسه‌ی گام تکراری است: {'، '.join(sorted(doubled))}")
        known = set(ids)
        for step in self.steps:
            for target in step.targets:
                if target not in known:
                    raise ValueError(f"گام {step.id} به گامی می‌رود که نیست: {target}")
        by_id = {step.id: step for step in self.steps}
        starts = [step.id for step in self.steps if step.kind == "start"] or [ids[0]]
        reached: set[str] = set()
        waiting = list(starts)
        while waiting:
            step_id = waiting.pop()
            if step_id not in reached:
                reached.add(step_id)
                waiting.extend(by_id[step_id].targets)
        lost = [step_id for step_id in ids if step_id not in reached]
        if lost:
            raise ValueError(f"راهی از آغاز به این گام‌ها نیست: {'، '.join(lost)}")
        ending = {step.id for step in self.steps if not step.targets}
        grew = True
        while grew:
            before = len(ending)
            ending |= {step.id for step in self.steps if any(target in ending for target in step.targets)}
            grew = len(ending) > before
        stuck = [step_id for step_id in ids if step_id not in ending]
        if stuck:
            raise ValueError(f"از این گام‌ها راهی به پایان نیست: {'، '.join(stuck)}")
        return self


class Source(_Frozen):
    """Where a service stands in the booklet's text (1-based line numbers, first and last)."""

    table: LineRange | None = None
    lines: LineRange | None = None

    @model_validator(mode="after")
    def _stands_somewhere(self) -> Self:
        if self.table is None and self.lines is None:
            raise ValueError("جای خدمت در کتابچه گفته نشده است")
        return self


class Service(_Frozen):
    """One service (زیرخدمت) of the office. `parent` is the printed «عنوان خدمت» it belongs to.

    `title_inferred`: the page has lost its title; it is named after its content, as `notes` says.
    `duration` is the time that the page names for the whole service.
    `service_id` None stands for «فاقد شناسه»; `scope` or `has_client` None for what the booklet leaves unknown.
    """

    code: Code
    row: int | None = None
    title: PersianText
    title_printed: str | None = None
    title_inferred: Annotated[bool, Field(strict=True)] = False
    heading: PersianText | None = None
    short_title: Annotated[PersianText, Field(max_length=SHORT_TITLE_LIMIT)]
    summary: PersianText
    parent: PersianText | None = None
    parent_id: ServiceNumber | None = None
    service_id: ServiceNumber | None
    scope: Scope | None
    has_client: Annotated[bool, Field(strict=True)] | None
    documents: tuple[Document, ...]
    workflow: Workflow | None
    workflow_absent: PersianText | None = None
    duration: PersianText | None = None
    source: Source
    notes: PersianText | None = None

    @model_validator(mode="after")
    def _workflow_or_its_reason(self) -> Self:
        if self.workflow is None and self.workflow_absent is None:
            raise ValueError("workflow: بی گردش کار، دلیل آن (workflow_absent) لازم است")
        if self.workflow is not None and self.workflow_absent is not None:
            raise ValueError("workflow_absent: با بودن گردش کار جایی ندارد")
        if self.title_inferred and self.notes is None:
            raise ValueError("notes: برای عنوانی که در کتابچه چاپ نشده، توضیح لازم است")
        return self

    @property
    def public_documents(self) -> tuple[Document, ...]:
        """The documents that a citizen may see."""
        return tuple(document for document in self.documents if not document.confidential)


class Counts(_Frozen):
    """Numbers of services, as table 1 of the booklet counts them."""

    total: Annotated[int, Field(ge=0)]
    exclusive: Annotated[int, Field(ge=0)]
    general: Annotated[int, Field(ge=0)]
    shared: Annotated[int, Field(ge=0)]
    with_client: Annotated[int, Field(ge=0)]

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            total=self.total + other.total,
            exclusive=self.exclusive + other.exclusive,
            general=self.general + other.general,
            shared=self.shared + other.shared,
            with_client=self.with_client + other.with_client,
        )


CountCell = Literal["total", "exclusive", "general", "shared", "with_client"]


class KnownGap(_Frozen):
    """A service that table 1 counts and the booklet's text does not show. Its code is reserved."""

    code: Code
    reason: PersianText


class BureauSource(_Frozen):
    """Booklet lines of a bureau's list table and of its process pages."""

    table: LineRange
    pages: LineRange | None = None


class Bureau(_Frozen):
    """A bureau (دفتر / اداره کل) and what table 1 says of it. Contact fields are the operator's; absent by default.

    `table1_differs` gives the reason for a cell in which the booklet's own list and its table 1 disagree.
    """

    slug: Annotated[str, Field(pattern=r"^[a-z]+$")]
    name: PersianText
    deputy: PersianText
    order: Annotated[int, Field(ge=1)]
    source: BureauSource
    table1: Counts
    table1_differs: dict[CountCell, PersianText] = Field(default_factory=dict)
    known_gaps: tuple[KnownGap, ...] = ()
    phone: PersianText | None = None
    address: PersianText | None = None
    hours: PersianText | None = None


class BureauFile(_Frozen):
    """The content of one file of `knowledge/data/bureaus/`."""

    bureau: Bureau
    services: tuple[Service, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_belong_here(self) -> Self:
        slug = self.bureau.slug
        seen: set[str] = set()
        reserved = {gap.code for gap in self.bureau.known_gaps}
        for service in self.services:
            if not service.code.startswith(f"{slug}-"):
                raise ValueError(f"{service.code}: code با «{slug}-» آغاز نمی‌شود")
            if service.code in seen:
                raise ValueError(f"{service.code}: code تکراری است")
            if service.code in reserved:
                raise ValueError(f"{service.code}: code برای یک کمبود شناخته‌شده نگه داشته شده است")
            seen.add(service.code)
        shorts = [service.short_title for service in self.services]
        for service in self.services:
            if shorts.count(service.short_title) > 1:
                raise ValueError(f"{service.code}: short_title «{service.short_title}» تکراری است")
        return self
