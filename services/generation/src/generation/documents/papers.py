"""What a quote and an invoice look like on paper."""

from datetime import date

from generation.documents.content import (
    Block,
    Box,
    Boxes,
    Column,
    Document,
    Facts,
    Furniture,
    Heading,
    Link,
    Paragraph,
    Table,
)
from generation.documents.numbering import Number
from generation.documents.offer import Offer, Party
from generation.documents.wording import WORDS, day, decimal, money


def quote_paper(number: Number, offer: Offer) -> Document:
    """The quote as a document."""
    words = WORDS[offer.language]
    facts = [(words["date"], day(number.issued_on, offer.language))]
    return _paper("quote", number, offer, facts, [Paragraph(text=words["valid"], look="small")])


def invoice_paper(number: Number, offer: Offer, *, quote: str, due_on: date, pay_url: str | None) -> Document:
    """The invoice as a document; `pay_url` is our page, which leads to where it can be paid."""
    words = WORDS[offer.language]
    facts = [
        (words["date"], day(number.issued_on, offer.language)),
        (words["due"], day(due_on, offer.language)),
        (words["of_quote"], quote),
    ]
    pay: list[Block] = []
    if pay_url is not None:
        pay = [Link(text=words["pay"], url=pay_url), Paragraph(text=pay_url, look="small")]
    return _paper("invoice", number, offer, facts, pay)


def _paper(name: str, number: Number, offer: Offer, facts: list[tuple[str, str]], closing: list[Block]) -> Document:
    words = WORDS[offer.language]
    title = f"{words[name]} {number.text}"
    boxes = [] if offer.issuer is None else [_box(words["from"], offer.issuer)]
    return Document(
        title=title,
        language=offer.language,
        author="" if offer.issuer is None else offer.issuer.name,
        subject=offer.title,
        furniture=Furniture(
            header_left="" if offer.issuer is None else offer.issuer.name, header_right=title, footer=offer.title
        ),
        blocks=[
            Heading(text=title),
            Paragraph(text=offer.title, look="lead"),
            Boxes(boxes=[*boxes, _box(words["to"], offer.client)]),
            Facts(pairs=facts),
            _lines(offer),
            *closing,
        ],
    )


def _box(title: str, party: Party) -> Box:
    lines = [party.name, *(party.address or "").splitlines()[:10], party.email, party.registration]
    return Box(title=title, lines=[line for line in lines if line])


def _lines(offer: Offer) -> Table:
    words, language = WORDS[offer.language], offer.language

    def written(amount_minor: int) -> str:
        return money(amount_minor, offer.currency, language)

    rate = decimal(offer.tax_rate_percent, language)
    return Table(
        columns=[
            Column(title=words["description"], share=4.6),
            Column(title=words["quantity"], share=1.6, align="right"),
            Column(title=words["unit_price"], share=1.9, align="right"),
            Column(title=words["total"], share=1.9, align="right"),
        ],
        rows=[
            [
                item.description,
                f"{decimal(item.quantity, language)} {item.unit}",
                written(item.unit_price_minor),
                written(item.total_minor),
            ]
            for item in offer.items
        ],
        closing=[
            (words["net"], written(offer.net_minor)),
            (words["tax"].format(rate=rate), written(offer.tax_minor)),
            (words["gross"], written(offer.gross_minor)),
        ],
    )
