"""What users of the Service Layer report of it, as switches; see `ordersync.testing.quirks`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from ordersync.testing.quirks import Quirk, Setting

__all__ = ["OWN", "ApprovalDraft", "EndingSession", "SwitchCompany"]


class ApprovalDraft(Quirk):
    """An approval procedure makes a draft of each new order, and the answer is "No matching records found" (-2028).

    Taken for a refusal and sent again, the order becomes two drafts; once both are approved it stands twice. With
    `answer:created` the draft's DocEntry comes back as if an order had been made.
    """

    name = "approval_draft"
    stops = "Each order waits for its approval."
    settings: ClassVar[Mapping[str, Setting]] = {
        "answer": Setting("error", "what a create answers", words=("error", "created"))
    }
    told = ("https://docs.cloud-elements.com/home/sap-business-one-approval-process-api-implications",)


class EndingSession(Quirk):
    """The session ends in the middle of a run: the next request is refused with 401 and code 301.

    Whoever does not log in again reads and writes nothing more.
    """

    name = "ending_session"
    settings: ClassVar[Mapping[str, Setting]] = {
        "requests": Setting("12", "that a session is good for", least=1)
    }
    told = (
        "https://github.com/bgmulinari/B1SLayer/issues/46",
        "https://github.com/bgmulinari/B1SLayer/issues/12",
    )


class SwitchCompany(Quirk):
    """Every now and then a request is refused with code 305, "Switch company error: -1102".

    The node could not turn to the company; nothing was done, and a moment later the same request goes through.
    """

    name = "switch_company"
    settings: ClassVar[Mapping[str, Setting]] = {
        "every": Setting("7", "requests, of which one is refused", least=2)
    }
    told = ("https://github.com/nuobit/odoo-addons",)


OWN: tuple[type[Quirk], ...] = (ApprovalDraft, EndingSession, SwitchCompany)
