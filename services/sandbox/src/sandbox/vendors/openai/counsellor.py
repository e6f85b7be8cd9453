"""What the pretended model says when it is asked to write as a counsellor, in English and French."""

import re
from collections.abc import Mapping

PhraseBook = Mapping[str, tuple[str, ...]]
"""Words by the name of a property; what is not in it is made up as for anybody."""

_ASKED = re.compile(r"\bcounsellor\b", re.IGNORECASE)
_FRENCH = re.compile(r"\bwrite in french\b", re.IGNORECASE)

_ENGLISH: PhraseBook = {
    "heading": (
        "What you enjoy and what you are good at", "How you learn", "What holds your motivation", "Between two wishes",
        "The limits you have named", "What is still open", "How to prepare the choice",
    ),
    "portrait": (
        "You describe yourself as somebody who listens, holds on and wants to be of use. Living things draw you more"
        " than machines, and you would rather move than sit. You know what you do not want, which is half of a choice.",
    ),
    "paragraphs": (
        "Your answers agree on one thing: you want to see what your work is good for. That shows in the subjects you"
        " like as much as in what you do outside of lessons.",
        "You work best with others around you and a clear aim. Without one, your patience is tested first.",
        "There is a tension between the freedom you ask for and the security you also named. It need not be solved now;"
        " it helps to know about it before the first application.",
        "You learn by doing, and explain well what you have done. Formats with practice early on suit that better than"
        " long years of lectures.",
        "The limits of place and money that you name narrow the field, but not as much as it may seem: several public"
        " programmes in the region lead to the same jobs.",
    ),
    "strengths": (
        "You listen before you answer.", "You stay with a task when it gets long.",
        "You notice what others need.", "You can say clearly what you do not want.",
    ),
    "advice": (
        "Talk to two people who do the job, and ask about a dull day.", "Write down what made a good week good.",
        "Try one short placement before you apply.", "Decide on the next step only, not on all of them.",
    ),
    "name": (
        "An agricultural college of the region", "A public school of nursing", "A technical institute near you",
        "A faculty of life sciences",
    ),
    "programme": (
        "a two-year technician's course", "a bachelor's degree in biology", "a vocational diploma with apprenticeship",
        "a preparatory year",
    ),
    "place": ("in your region", "the nearest university town", "within an hour by train"),
    "why": (
        "It joins what you like about living things with the practice you ask for.",
        "It stays within the place and the length of study you named.",
        "You would be of use from the first month on, which is what you ask of a job.",
    ),
    "title": ("Veterinary nurse", "Environmental technician", "Teacher of life sciences", "Occupational therapist"),
    "first_step": (
        "Ask a practice near you for two days of looking on.", "Go to the next open day and ask for the drop-out rate.",
        "Write to somebody who does it and ask three questions.",
    ),
}  # fmt: skip
_FRENCH_WORDS: PhraseBook = {
    "heading": (
        "Ce que vous aimez et ce que vous savez faire", "Votre manière d’apprendre", "Ce qui soutient votre motivation",
        "Entre deux envies", "Les limites que vous avez nommées", "Ce qui reste ouvert", "Préparer le choix",
    ),
    "portrait": (
        "Vous vous décrivez comme quelqu’un qui écoute, qui tient bon et qui veut être utile. Le vivant vous attire"
        " plus que les machines, et vous préférez bouger que rester assis·e. Vous savez ce que vous ne voulez pas : la"
        " moitié d’un choix.",
    ),
    "paragraphs": (
        "Vos réponses s’accordent sur un point : vous voulez voir à quoi sert votre travail. Cela se lit dans les"
        " matières que vous aimez comme dans ce que vous faites en dehors des cours.",
        "Vous travaillez mieux entouré·e et avec un but clair. Quand le but manque, c’est d’abord votre patience qui"
        " est mise à l’épreuve.",
        "Une tension existe entre la liberté que vous demandez et la sécurité que vous citez aussi. Il n’est pas"
        " nécessaire de la résoudre aujourd’hui ; il est utile de la connaître.",
        "Vous apprenez en faisant, et vous expliquez bien ce que vous avez fait. Des formations où la pratique vient"
        " tôt vous conviennent mieux que de longues années de cours magistraux.",
        "Les limites de lieu et d’argent que vous nommez resserrent le champ, mais moins qu’il n’y paraît : plusieurs"
        " formations publiques de la région mènent aux mêmes métiers.",
    ),
    "strengths": (
        "Vous écoutez avant de répondre.", "Vous allez au bout d’une tâche longue.",
        "Vous remarquez ce dont les autres ont besoin.", "Vous dites clairement ce que vous ne voulez pas.",
    ),
    "advice": (
        "Parlez à deux personnes qui font ce métier, et demandez-leur un jour ordinaire.",
        "Notez ce qui a rendu bonne une bonne semaine.", "Faites un court stage avant de déposer un dossier.",
        "Décidez seulement du prochain pas, pas de tous.",
    ),
    "name": (
        "Un lycée agricole de la région", "Un institut public de formation en soins infirmiers", "Un IUT proche",
        "Une faculté des sciences de la vie",
    ),
    "programme": ("un BTS en deux ans", "une licence de biologie", "un bac pro en apprentissage", "une prépa"),
    "place": ("dans votre région", "la ville universitaire la plus proche", "à moins d’une heure de train"),
    "why": (
        "Cela réunit votre goût du vivant et la pratique que vous demandez.",
        "Cela respecte le lieu et la durée d’études que vous avez indiqués.",
        "Vous y seriez utile dès le premier mois, ce que vous attendez d’un métier.",
    ),
    "title": ("Auxiliaire vétérinaire", "Technicien·ne de l’environnement", "Professeur·e de SVT", "Ergothérapeute"),
    "first_step": (
        "Demandez deux jours d’observation dans un cabinet proche.",
        "Allez à la prochaine journée portes ouvertes et demandez le taux d’abandon.",
        "Écrivez à quelqu’un du métier et posez trois questions.",
    ),
}  # fmt: skip


def words_for(rules: str) -> PhraseBook:
    """The words for whoever is asked to be a counsellor, in the language that is asked for; none for anybody else."""
    if _ASKED.search(rules) is None:
        return {}
    return _FRENCH_WORDS if _FRENCH.search(rules) else _ENGLISH
