"""Makes an e-mail of a stored delivery: texts by Jinja2, put together by `EmailMessage` alone.

Values are data: HTML is escaped by itself, an undefined name is an error, and a header that would need a line
break is refused by `EmailMessage`. Pictures and scripts are never embedded.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape
from pydantic import SecretStr

from common.ids import to_text
from common.link_tokens import LinkPurpose, make_token
from common.order_tokens import ORDER_PREFIX, order_link
from notifier.mail.attachments import Attachment
from notifier.mail.document_mails import TO_CLIENTS
from notifier.mail.order_mails import TO_BUYERS
from notifier.mail.rules import Locale, locale_of, money
from notifier.mail.storage import Delivery

PRODUCT = "Atelier"
LINK_PATHS: Mapping[LinkPurpose, str] = MappingProxyType({"verify": "/verify", "reset": "/reset", "email": "/email"})
"""The pages under the public address that read the token of a link."""
_SPEC = r"[^\s<>@]+@[^\s<>@]+"
_ADDRESS = re.compile(rf"(?P<bare>{_SPEC})|(?P<name>[^<>\x00-\x1f\x7f]*)<(?P<named>{_SPEC})>")


class UnusableAddressError(ValueError):
    """The text is not an e-mail address."""


def parse_address(text: str) -> Address:
    """The address behind `Name <user@host>` or `user@host`.

    Raises:
        UnusableAddressError: it is neither.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise UnusableAddressError("must look like name@host or Name <name@host>")
    try:
        return Address(display_name=(match["name"] or "").strip(' "'), addr_spec=match["named"] or match["bare"])
    except (MessageError, ValueError, IndexError, AttributeError) as error:  # the parser lets several through
        raise UnusableAddressError(str(error)) from None


class Renderer:
    """Renders deliveries from one sender.

    Args:
        sender: `Name <user@host>`; its host also names the messages.
        public_url: the base of every link.
        job_path: the page of a job under it, with `{job}` for the id.
        link_secrets: what tokens of links are made with.

    Raises:
        UnusableAddressError: the sender is not an address.
    """

    def __init__(self, sender: str, public_url: str, job_path: str, link_secrets: Sequence[SecretStr] = ()) -> None:
        self.sender = parse_address(sender)
        self._public_url = public_url.rstrip("/")
        self._job_path = job_path
        self._link_secrets = tuple(link_secrets)
        self._environment = Environment(
            loader=PackageLoader("notifier.mail"),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def message_id(self, delivery_id: UUID) -> str:
        """The `Message-ID`: the same for every try, so that a mail sent twice by a crash is known as one."""
        return f"<{delivery_id}@{self.sender.domain}>"

    def render(self, delivery: Delivery, date: datetime, attachment: Attachment | None = None) -> EmailMessage:
        """The finished mail.

        Raises:
            UnusableAddressError: the recipient's address cannot be used.
            jinja2.TemplateError: the template is missing or uses a name that the delivery does not have.
            ValueError: a header would contain a line break, or a link is due and no secret is configured.
        """
        locale = locale_of(delivery.locale)
        values = {**self._values(delivery, locale), "attached": attachment is not None}
        template = TO_BUYERS.get(delivery.template, delivery.template) if delivery.buyer else delivery.template
        plain = self._environment.get_template(f"{locale}/{template}.txt")
        rich = self._environment.get_template(f"{locale}/{template}.html")
        subject = _subject(plain, values)
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = parse_address(delivery.recipient)
        if delivery.template in TO_CLIENTS and delivery.owner is not None:
            message["Reply-To"] = parse_address(delivery.owner)
        message["Subject"] = subject
        message["Date"] = date
        message["Message-ID"] = self.message_id(delivery.delivery_id)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: answering machines keep quiet
        message.set_content(plain.render(values), cte="quoted-printable")
        message.add_alternative(rich.render({**values, "subject": subject}), subtype="html", cte="quoted-printable")
        if attachment is not None:
            maintype, _, subtype = attachment.media_type.partition("/")
            message.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name)
        message["Content-Language"] = locale  # last: setting the content clears what describes it
        return message

    def _values(self, delivery: Delivery, locale: Locale) -> dict[str, Any]:
        job = delivery.context.get("job")
        link = delivery.context.get("link")
        values = {
            **delivery.context,
            "link_url": None if link is None else self._link_url(link["purpose"], link["seed"]),
            "locale": locale,
            "product_name": PRODUCT,
            "home_url": self._public_url,
            "money": partial(_money, locale),
            "job_page": self._job_page,
        }
        if delivery.buyer:
            values["order"] = to_text(ORDER_PREFIX, delivery.account_id)
            values["order_url"] = order_link(self._public_url, self._link_secrets, delivery.account_id)
        if job is not None:
            values["job_url"] = self._job_page(job)
        return values

    def _job_page(self, job: str) -> str:
        return self._public_url + self._job_path.format(job=job)

    def _link_url(self, purpose: LinkPurpose, seed: str) -> str:
        """The token stands in the fragment, which browsers keep to themselves: no log and no referrer has it."""
        return f"{self._public_url}{LINK_PATHS[purpose]}#token={make_token(self._link_secrets, purpose, seed)}"


def _money(locale: Locale, amount_minor: int, currency: str) -> str:
    return money(amount_minor, currency, locale)


def _subject(template: Template, values: dict[str, Any]) -> str:
    block = template.blocks["subject"]
    return "".join(block(template.new_context(values))).strip()
