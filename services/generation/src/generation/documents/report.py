"""What an orientation report is made of, and how it is laid out: three parts, schools, jobs, and a word of caution."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from generation.documents.content import Block, Cover, Document, Furniture, Heading, Items, Paragraph, Span

Language = Literal["en", "fr"]


def _plain(text: str) -> str:
    """One line without controls and marks that turn text around; what models write is words and nothing else."""
    kept = "".join(" " if sign in "\n\r\t" else sign for sign in text)
    line = " ".join("".join(sign for sign in kept if unicodedata.category(sign)[0] != "C").split())
    if not line:
        raise ValueError("there are no words in it")
    return line


Title = Annotated[str, StringConstraints(min_length=1, max_length=150), AfterValidator(_plain)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_plain)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=1500), AfterValidator(_plain)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Part):
    """A heading and what stands under it."""

    heading: Title
    paragraphs: list[Prose] = Field(min_length=1, max_length=4)


class School(_Part):
    """Where something can be learned, and why there."""

    name: Title
    programme: Title
    place: Title
    why: Sentence


class Job(_Part):
    """What could be done for a living, why, and how to find out."""

    title: Title
    why: Sentence
    first_step: Sentence


class Part(_Part):
    """One of the three parts, by whom it was written."""

    title: str
    sections: list[Section]
    points_title: str
    points: list[Sentence]
    provider: str
    model: str


class Words(_Part):
    """What we say in a report ourselves."""

    title: str
    made_from: str
    parts: tuple[str, str, str]
    portrait: str
    strengths: str
    advice: str
    schools: str
    jobs: str
    first_step: str
    caution: str
    caveat: str
    months: tuple[str, ...]


WORDS: dict[Language, Words] = {
    "en": Words(
        title="Orientation report",
        made_from="From the questionnaire completed on {day} {month} {year}",
        parts=("First analysis", "A psycho-pedagogical reading", "The field: schools and jobs"),
        portrait="A portrait",
        strengths="Your strengths",
        advice="What may help you",
        schools="Schools to look at",
        jobs="Jobs to look at",
        first_step="A first step:",
        caution="Before you decide",
        caveat=(
            "This report was written by machine from your answers. Schools, programmes, conditions and openings change"
            " and may be named wrongly here: check every fact with the school itself, or with a career counsellor,"
            " before you decide anything."
        ),
        months=("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                "November", "December"),
    ),
    "fr": Words(
        title="Rapport d’orientation",
        made_from="D’après le questionnaire complété le {day} {month} {year}",
        parts=("Première analyse", "Lecture psychopédagogique", "Le terrain : écoles et métiers"),
        portrait="Un portrait",
        strengths="Vos points forts",
        advice="Ce qui peut vous aider",
        schools="Des écoles à regarder",
        jobs="Des métiers à regarder",
        first_step="Un premier pas :",
        caution="Avant de décider",
        caveat=(
            "Ce rapport a été rédigé par une machine à partir de vos réponses. Les écoles, les formations, les"
            " conditions d’admission et les débouchés changent et peuvent être cités à tort : vérifiez chaque"
            " information auprès de l’établissement ou d’un·e psychologue de l’Éducation nationale avant toute"
            " décision."
        ),
        months=("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
                "novembre", "décembre"),
    ),
}  # fmt: skip


def lay_out(
    language: Language, completed_at: datetime, parts: Sequence[Part], schools: Sequence[School], jobs: Sequence[Job]
) -> Document:
    """The report as a document; the same parts give the same."""
    words = WORDS[language]
    day = words.made_from.format(
        day=completed_at.day, month=words.months[completed_at.month - 1], year=completed_at.year
    )
    blocks: list[Block] = [Cover(title=words.title, subtitle=day)]
    for part in parts:
        blocks += _part(part)
    blocks += [Heading(text=words.schools, level=2), Items(items=[_school(school) for school in schools])]
    blocks += [Heading(text=words.jobs, level=2), Items(items=[_job(job, words) for job in jobs])]
    blocks += [Heading(text=words.caution, level=2), Paragraph(text=words.caveat, look="strong")]
    return Document(
        title=words.title,
        language=language,
        author="Atelier",
        furniture=Furniture(header_left=words.title, footer=day),
        blocks=blocks,
    )


def _part(part: Part) -> list[Block]:
    blocks: list[Block] = [Heading(text=part.title, level=1)]
    for section in part.sections:
        blocks.append(Heading(text=section.heading, level=2))
        blocks += [Paragraph(text=paragraph) for paragraph in section.paragraphs]
    if part.points:
        blocks += [Heading(text=part.points_title, level=2), Items(items=list(part.points))]
    return blocks


def _school(school: School) -> list[Span]:
    facts = f"{school.programme}, {school.place}."
    return [Span(text=school.name, bold=True), Span(text=f" — {facts} "), Span(text=school.why)]


def _job(job: Job, words: Words) -> list[Span]:
    step = f" {words.first_step} "
    return [
        Span(text=job.title, bold=True), Span(text=f" — {job.why}"), Span(text=step, italic=True),
        Span(text=job.first_step),
    ]  # fmt: skip
