"""Notices that show what else can happen: returned, waiting at each step, corrected, withdrawn, confidential, asked about …

Each is a script; `SCRIPTS` says how many working days ago it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from channelportal.core.files import keep_bytes
from channelportal.demo import notice_texts as texts
from channelportal.demo.history import Script
from channelportal.demo.notice_texts import Words
from channelportal.demo.notices import Notices, Waiting
from channelportal.lib.workdays import local_date
from feedback import workflow as tickets
from feedback.models import Ticket
from notices import deciders, receipts, workflow
from notices.audience import Audience
from notices.models import Notice
from notices.workflow import answers

SHORT: Final = "涉及客户业务安全，须立即执行。"
PROMPT: Final = ("川南", "皖北", "苏南", "浙东", "南京", "成都", "粤东", "冀中")
"""Units that acknowledge what is urgent within the hour."""


def urgent(notices: Notices, back: int) -> Script:
    """Out this hour, to be acknowledged now; some already have."""
    at = yield notices.player.until - timedelta(minutes=70)
    notice = notices.draft(texts.URGENT, at)
    workflow.send(notice, by=notice.author, lead_note=SHORT, at=at)
    for minutes in (60, 45):
        at = yield notices.player.until - timedelta(minutes=minutes)
        notices.approve(notice, at, lead_reason=SHORT)
    at = yield notices.player.until - timedelta(minutes=20)
    for place in PROMPT:
        receipts.acknowledge(notice, by=notices.company.one(place, "officer"), at=at)
    receipts.open_(notice, notices.company.one("鲁东", "head"), at)


# ── on its way ──────────────────────────────────────────────────────────────────────────────────


def returned(notices: Notices, back: int) -> Script:
    """Returned by channel management with remarks at places of the text."""
    notice, at = yield from _sent(notices, texts.RETURNED, notices.ago(back, "13:40"))
    at = yield notices.player.soon(at, 0.3, 2)
    notices.approve(notice, at)
    at = yield notices.player.soon(at, 1, 4)
    remarks = [
        (1, "整体提高 0.5 个百分点", "超额部分的计算口径没有写，请补一张表。"),
        (2, "不支付现金", "合同写的是“现金或货款抵扣”，须先与法务确认。"),
    ]
    _send_back(notice, "口径与财务部意见不一致，请按批注修改后再报。", remarks, at)


def second_round(notices: Notices, back: int) -> Script:
    """Taken back once, returned once, approved at the third sending, and read."""
    words = texts.IN_HAND
    notice, at = yield from _sent(notices, words, notices.ago(back, "09:10"))
    at = yield notices.player.soon(at, 0.3, 1)
    workflow.recall(notice, by=notice.author, at=at)
    at = yield notices.player.soon(at, 0.3, 1)
    workflow.send(notice, by=notice.author, at=at)
    at = yield notices.player.soon(at, 1, 2)
    _send_back(notice, "请补充双电源切换的判定标准。", [(None, "", "检查表要能让客户看懂。")], at)
    at = yield notices.player.soon(at, 2, 5)
    body = words.body + "<p>双电源切换：拔掉任意一路电源，业务不中断，面板告警灯亮。</p>"
    audience = Audience.read(notice.audience)
    workflow.edit(notice, by=notice.author, title=words.title, body=body, audience=audience, at=at)
    at = yield from notices.through(notice, at)
    yield from notices.readers(notice, at)


def waiting(words: Words, steps: int, clock: str) -> Callable[[Notices, int], Script]:
    """In approval, so many steps approved."""

    def script(notices: Notices, back: int) -> Script:
        notice, at = yield from _sent(notices, words, notices.ago(back, clock))
        for _step in range(steps):
            at = yield notices.player.soon(at, 0.2, 1)
            notices.approve(notice, at)

    return script


def scheduled(notices: Notices, back: int) -> Script:
    """Approved; goes out on the morning after next."""
    at = yield notices.ago(back)
    notice = notices.draft(texts.SCHEDULED, at, publish_at=notices.ahead(2, "09:00"))
    yield from notices.through(notice, at)


def drafts(notices: Notices, back: int) -> Script:
    at = yield notices.ago(back, "16:20")
    for words in texts.DRAFTS:
        notices.draft(words, at)
    cancelled = notices.draft(texts.CANCELLED, at)
    workflow.cancel(cancelled, by=cancelled.author, reason="改在年度大会现场发放问卷。", at=at + timedelta(minutes=40))


# ── after publication ───────────────────────────────────────────────────────────────────────────


def corrected_error(notices: Notices, back: int) -> Script:
    """Published with an error: corrected through the same chain, and acknowledged anew."""
    notice, at = yield from _published(notices, texts.WRONG, back)
    yield from _until(notices, notices.readers(notice, at), notices.ago(back - 3))
    at = yield notices.ago(back - 3, "10:30")
    _correction(notice, texts.WRONG_NOW, "供电参数由 2 A 更正为 5 A，最大功耗更正为 60 W", at, error=True)
    at = yield from notices.through(notice, at)
    yield from notices.readers(notice, at)


def corrected_facts(notices: Notices, back: int) -> Script:
    """The facts changed: corrected without an error; another correction is being written."""
    notice, at = yield from _published(notices, texts.MOVED, back)
    yield from _until(notices, notices.readers(notice, at), notices.ago(back - 4))
    at = yield notices.ago(back - 4, "11:10")
    _correction(notice, texts.MOVED_NOW, "考试改期一周，并开通线上考场", at)
    at = yield from notices.through(notice, at)
    yield from _until(notices, notices.readers(notice, at), notices.ago(1))
    at = yield notices.ago(1, "15:00")
    _correction(notice, texts.MOVED_NOW + "<p>线上考场链接考前一天发布。</p>", "补充线上考场链接的发布时间", at)


def withdrawn(notices: Notices, back: int) -> Script:
    notice, at = yield from _published(notices, texts.WITHDRAWN, back)
    yield from _until(notices, notices.readers(notice, at), notices.ago(back - 2))
    at = yield notices.ago(back - 2, "09:40")
    workflow.withdraw(
        notice, by=notices.company.one("market", "head"), reason="清单价格与现行协议价冲突，重新核定后另行通知。", at=at
    )


def confidential(notices: Notices, back: int) -> Script:
    """For the heads of A channels alone, with a file that is kept encrypted."""
    at = yield notices.ago(back)
    author = notices.company.one(texts.CONFIDENTIAL.by, "officer")
    sheet = keep_bytes(
        f"{at.year + 1} 年渠道供货价格表.pdf", price_sheet(), "application/pdf", by=author, at=at, confidential=True
    )
    notice = notices.draft(texts.CONFIDENTIAL, at, files=[sheet])
    at = yield from notices.through(notice, at)
    yield from notices.readers(notice, at)


def price_sheet() -> bytes:
    """A page of figures, as PDF."""
    page = Image.new("L", (900, 560), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(26)
    rows = ("MODEL            A        B        C", "GW-3200        38,000   39,500   41,000", "GW-5600        86,000   88,500   92,000", "EdgeBox 120     2,180    2,260    2,380", "LogVault 6     54,000   56,000   58,500", "SecMail 3      31,000   32,200   33,500")  # fmt: skip
    for number, row in enumerate(rows):
        draw.text((60, 60 + 70 * number), row, font=font, fill=0)
    found = BytesIO()
    page.save(found, format="PDF", resolution=96)
    return found.getvalue()


# ── communication requests ──────────────────────────────────────────────────────────────────────


def requests(notices: Notices, back: int) -> Script:
    """渠道沟通申请表: one to be carried out, one done, one published whose meeting is still owed."""
    for words in (texts.VISITED, texts.VISIT, texts.BOTH):
        at = yield notices.ago(back)
        request = notices.draft(words, at, request=True)
        at = yield from notices.through(request, at)
        if words is texts.VISITED:
            at = yield notices.player.soon(at, 20, 50)
            workflow.record_outcome(request, by=request.author, text=texts.VISITED_TEXT, on=local_date(at), at=at)
    yield from notices.readers(request, at)


# ── questions ───────────────────────────────────────────────────────────────────────────────────


def asked(notices: Notices, back: int) -> Script:
    """Two questions about policies become tickets; one is answered for all readers."""
    at = yield notices.ago(back, "15:20")
    policy = Notice.objects.filter(title="样机支持政策", state=Notice.State.PUBLISHED).first()
    newest = Notice.objects.filter(title="政务项目授权函办理办法", state=Notice.State.PUBLISHED).first()
    if policy is None or newest is None:
        return
    _ask(notices, policy, "浙东", texts.QUESTION_OPEN, at)
    ticket = _ask(notices, newest, "鲁东", texts.QUESTION, at)
    at = yield notices.player.soon(at, 1, 3)
    officer = notices.company.one("gov", "officer")
    tickets.resolve(ticket, by=officer, text=texts.QUESTION_ANSWER, at=at)
    answers.publish(
        newest, by=officer, question=texts.QUESTION, answer=texts.QUESTION_ANSWER, ticket_id=ticket.pk, ticket_number=ticket.number,
        at=at + timedelta(minutes=15),
    )  # fmt: skip


def _ask(notices: Notices, notice: Notice, place: str, body: str, at: datetime) -> Ticket:
    head = notices.company.one(place, "head")
    return tickets.file(
        by=head, kind=notices.company.kinds["question"], title=f"关于 {notice.number}《{notice.title}》的提问", body=body,
        responsible=notice.unit, subject=notice, at=at,
    )  # fmt: skip


# ── what they share ─────────────────────────────────────────────────────────────────────────────


def _sent(notices: Notices, words: Words, begins: datetime) -> Waiting:
    """Written and sent; the notice, and when."""
    at = yield begins
    notice = notices.draft(words, at)
    at = yield notices.player.soon(at, 0.2, 0.6)
    workflow.send(notice, by=notice.author, at=at)
    return notice, at


def _published(notices: Notices, words: Words, back: int) -> Waiting:
    at = yield notices.ago(back)
    notice = notices.draft(words, at)
    at = yield from notices.through(notice, at)
    return notice, at


def _until(notices: Notices, script: Script, end: datetime) -> Script:
    """A part of a script, as far as it comes before `end`."""
    moment = next(script, None)
    while moment is not None and moment < end:
        at = yield moment
        try:
            moment = script.send(at)
        except StopIteration:
            return


def _send_back(notice: Notice, text: str, remarks: Sequence[tuple[int | None, str, str]], at: datetime) -> None:
    step = workflow.open_step(notice.versions.last())
    if step:
        head = deciders.of_step(step, local_date(at))[0]
        workflow.send_back(step, by=head, text=text, remarks=remarks, at=at)


def _correction(notice: Notice, body: str, change: str, at: datetime, *, error: bool = False) -> None:
    why = "原通知有误，以本版为准。" if error else "情况有变化。"
    workflow.correct(
        notice, by=notice.author, title=notice.title, body=body, change=change, change_reason=why, error=error, at=at
    )


SCRIPTS: Final[tuple[tuple[int, Callable[[Notices, int], Script]], ...]] = (
    (21, withdrawn), (19, corrected_facts), (22, corrected_error), (15, second_round), (13, requests), (10, confidential), (5, asked), (3, returned),
    (4, scheduled), (2, drafts), (1, waiting(texts.AT_MANAGEMENT, 2, "09:00")), (1, waiting(texts.AT_CHECK, 1, "10:30")),
    (1, waiting(texts.AT_HEAD, 0, "15:40")), (0, urgent),
)  # fmt: skip
"""Working days before today."""


def prepare(notices: Notices) -> None:
    for back, script in SCRIPTS:
        notices.begin(back, script(notices, back))
