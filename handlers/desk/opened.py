"""A complaint opened by a member of the desk who may see it."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.complaint.rules import store
from handlers.desk.guard import may_see
from handlers.desk.rules import cases, staff
from handlers.visit import Office, Visit
from records.complaint_errors import TrackingCodeError
from records.complaint_values import Complaint
from records.desk_values import Case
from records.staff import Member
from records.tracking import read_code


@dataclass(frozen=True)
class Opened:
    """The complaint with its case; `holder` is who has it in hand."""

    complaint: Complaint
    case: Case
    holder: Member | None = None

    @property
    def stamp(self) -> str:
        """What a button bears of what its presser saw: another stamp means that the complaint has changed since."""
        return f"{self.case.version}-{self.complaint.state}"


async def open_case(visit: Visit, member: Member, code: str, *, lock: bool = False) -> Opened | None:
    """The complaint of a code; None when there is none, or not for this member. `lock`: nobody changes it until the
    turn ends."""
    try:
        code = read_code(code)
    except TrackingCodeError:
        return None
    complaint = await store(visit).by_code(code)
    if complaint is None:
        return None
    case: Case | None = await cases(visit).open(complaint)
    if lock:
        case = await cases(visit).lock(complaint.id)
        complaint = await store(visit).by_code(code)
    if complaint is None or case is None or not may_see(member, case):
        return None
    return await with_holder(visit, complaint, case)


async def with_holder(visit: Visit, complaint: Complaint, case: Case) -> Opened:
    """The two with whoever has it in hand."""
    return Opened(complaint, case, await staff(visit).get(case.holder) if case.holder is not None else None)


def bureau_name(office: Office, slug: str) -> str:
    """A bureau's name; its slug when the catalogue has it no more."""
    return next((bureau.name for bureau in office.catalogue.bureaus if bureau.slug == slug), slug)
