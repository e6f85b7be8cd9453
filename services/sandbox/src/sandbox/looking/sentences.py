"""A critic's sentences in English and French: by criterion, for weak, fair and strong marks, with what was measured."""

from dataclasses import dataclass

from sandbox.looking.impression import Impression


@dataclass(frozen=True, slots=True)
class Language:
    """Everything a critic says in one language; `{…}` are filled in with measurements."""

    criteria: dict[str, tuple[str, str, str]]
    openings: dict[str, tuple[str, str, str]]
    improvements: dict[str, str]
    refinements: tuple[str, ...]


ENGLISH = Language(
    criteria={
        "light": (
            "The light lets the picture down: {black} of it sinks into black and {white} burns out, so forms lose "
            "their volume.",
            "The light is serviceable, with tones over {contrast} of the scale, but nothing in the frame is truly lit.",
            "The light carries the picture: tones over {contrast} of the scale, deep shadows that still hold detail.",
        ),
        "composition": (
            "The weight lies {side}, far from any natural resting point, and the eye wanders out of the frame.",
            "The weight lies {side}; the arrangement holds together without quite deciding what matters.",
            "The weight lies {side}, just where the eye wants to rest, and everything else leads there.",
        ),
        "colour": (
            "With a saturation of {saturation} the colours stay mute, neither a palette nor a decision for grey.",
            "{hues} families of colour share the frame at a saturation of {saturation}: pleasant, not yet a palette.",
            "{hues} families of colour answer one another at a saturation of {saturation}; the palette is a choice.",
        ),
        "focus": (
            "Edges are soft throughout: the picture is blurred or has been shrunk and smoothed once too often.",
            "The sharpness is acceptable, though the finest detail dissolves when one looks closer.",
            "The detail is crisp where it counts, and the sharpness guides the eye without shouting.",
        ),
        "story": (
            "There is little to read here; a moment, a gesture or a second look would give it a reason to exist.",
            "A mood is there, and one would like to know what happened a second before or after.",
            "The picture tells more than it shows: one stays, looks again, and keeps finding things.",
        ),
    },
    openings={
        "professional": ("", "", ""),
        "kind": ("No harm done, this can be learnt: ", "You are on a good way: ", "Be proud of this: "),
        "roast": ("Oh dear. ", "Well, it is in focus on somebody's calendar: ", "Annoyingly good: "),
    },
    improvements={
        "light": "Come back within an hour of sunrise or sunset and expose for the highlights; {white} of the frame "
        "is burnt out now and {black} is lost in black.",
        "composition": "Move until the main subject sits on a third: at present the weight lies {side}.",
        "colour": "Decide on two colours and remove the rest, or go to black and white; {hues} compete at present.",
        "focus": "Use a shorter exposure or a tripod, focus on the nearest eye or edge, and check at full size.",
        "story": "Wait for the moment: a glance, a hand, a passing figure that says why this was photographed.",
    },
    refinements=(
        "Print it large once; what is missing shows on paper.",
        "Take the same frame at three other hours of the day and keep the best.",
    ),
)
FRENCH = Language(
    criteria={
        "light": (
            "La lumière dessert l’image : {black} du cadre se perd dans le noir et {white} est brûlé, les formes "
            "n’ont plus de volume.",
            "La lumière est correcte, avec des tons sur {contrast} de l’échelle, mais rien n’est vraiment éclairé.",
            "La lumière porte l’image : des tons sur {contrast} de l’échelle et des ombres qui gardent leur matière.",
        ),
        "composition": (
            "Le poids de l’image est {side}, loin de tout point de repos, et l’œil s’échappe du cadre.",
            "Le poids de l’image est {side} ; l’ensemble se tient sans décider tout à fait de ce qui compte.",
            "Le poids de l’image est {side}, là où l’œil veut se poser, et tout le reste y conduit.",
        ),
        "colour": (
            "Avec une saturation de {saturation}, les couleurs restent muettes, sans palette ni parti pris du gris.",
            "{hues} familles de couleurs se partagent le cadre, saturées à {saturation} : agréable, pas encore choisi.",
            "{hues} familles de couleurs se répondent, saturées à {saturation} ; la palette est un vrai choix.",
        ),
        "focus": (
            "Les contours sont mous partout : l’image est floue, ou a été réduite et lissée une fois de trop.",
            "La netteté est acceptable, mais le détail le plus fin se défait dès qu’on s’approche.",
            "Le détail est net là où il le faut, et la netteté guide l’œil sans crier.",
        ),
        "story": (
            "Il y a peu à lire ici ; un geste, un instant ou un second regard lui donnerait une raison d’être.",
            "Une atmosphère est là, et l’on voudrait savoir ce qui s’est passé une seconde avant ou après.",
            "L’image raconte plus qu’elle ne montre : on reste, on regarde encore, on découvre toujours.",
        ),
    },
    openings={
        "professional": ("", "", ""),
        "kind": ("Rien de grave, cela s’apprend : ", "Vous êtes sur la bonne voie : ", "Soyez fier de ceci : "),
        "roast": ("Aïe. ", "Bon, cela ferait un joli mois de février : ", "Agaçant de réussite : "),
    },
    improvements={
        "light": "Revenez dans l’heure qui suit l’aube ou précède le soir et exposez pour les hautes lumières ; "
        "{white} du cadre est brûlé et {black} perdu dans le noir.",
        "composition": "Déplacez-vous jusqu’à poser le sujet sur un tiers : pour l’instant le poids est {side}.",
        "colour": "Choisissez deux couleurs et écartez le reste, ou passez au noir et blanc ; {hues} se disputent "
        "l’image.",
        "focus": "Raccourcissez la pose ou prenez un trépied, visez l’œil ou l’arête la plus proche, vérifiez à 100 %.",
        "story": "Attendez l’instant : un regard, une main, un passant qui dise pourquoi cette photographie existe.",
    },
    refinements=(
        "Tirez-la une fois en grand ; ce qui manque se voit sur le papier.",
        "Reprenez le même cadre à trois autres heures du jour et gardez la meilleure.",
    ),
)

_SIDES_ENGLISH = (("at the upper left", "above the middle", "at the upper right"),
                  ("left of the middle", "in the middle", "right of the middle"),
                  ("at the lower left", "below the middle", "at the lower right"))  # fmt: skip
_SIDES_FRENCH = (("en haut à gauche", "au-dessus du centre", "en haut à droite"),
                 ("à gauche du centre", "au centre", "à droite du centre"),
                 ("en bas à gauche", "au-dessous du centre", "en bas à droite"))  # fmt: skip


def measurements(seen: Impression, *, french: bool) -> dict[str, str]:
    """What the sentences name, as words."""
    sides = _SIDES_FRENCH if french else _SIDES_ENGLISH
    row, column = (min(2, max(0, int((value - 0.45) * 10) + 1)) for value in (seen.down, seen.across))

    def percent(share: float) -> str:
        return f"{round(share * 100)}\u202f%" if french else f"{round(share * 100)}%"

    return {
        "black": percent(seen.black),
        "white": percent(seen.white),
        "contrast": percent(seen.contrast),
        "saturation": percent(seen.saturation),
        "hues": str(max(seen.hues, 1)),
        "side": sides[row][column],
    }
