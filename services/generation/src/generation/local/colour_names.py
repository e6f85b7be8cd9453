"""Names for colours, English and French, and the one that is nearest to a colour for the eye."""

from functools import cache

import numpy as np

from generation.local.oklab import Floats, to_oklab

_NAMES = """
000000 black|noir
0f0f12 ink black|noir d’encre
1f1f1f charcoal black|noir charbon
2f2f33 anthracite|anthracite
36454f charcoal|gris charbon
4a4a4a dark grey|gris foncé
696969 dim grey|gris sombre
708090 slate grey|gris ardoise
808080 grey|gris
9aa0a6 steel grey|gris acier
a9a9a9 medium grey|gris moyen
b8b8b0 stone grey|gris pierre
c0c0c0 silver|argent
d3d3d3 light grey|gris clair
e5e4e2 platinum|platine
f0f0f0 pale grey|gris pâle
ffffff white|blanc
fffafa snow|blanc neige
f8f8ff ghost white|blanc spectral
fffff0 ivory|ivoire
faf0e6 linen|lin
fdf5e6 old lace|dentelle ancienne
f5f5dc beige|beige
fffdd0 cream|crème
f7e7ce champagne|champagne
f0ead6 eggshell|coquille d’œuf
eae0c8 pearl|perle
e3dac9 bone|os
d9d0c1 greige|grège
c9c0b1 putty|mastic
ffe4e1 misty rose|rose brume
ffdab9 peach|pêche
ffe5b4 apricot cream|crème d’abricot
fbceb1 apricot|abricot
ffcba4 deep peach|pêche soutenue
e9c9a8 nude|nude
d2b48c tan|fauve clair
c19a6b camel|chameau
c2b280 sand|sable
deb887 burlywood|bois clair
b5a27f khaki beige|beige kaki
bdb76b khaki|kaki
8b7d6b taupe brown|brun taupe
8b8589 taupe grey|gris taupe
a89a8e mushroom|champignon
967969 mocha|moka
b08d6e latte|café au lait
a0785a hazelnut|noisette
cd853f caramel|caramel
c68e17 toffee|caramel brun
cc7722 ochre|ocre
b8860b dark gold|or sombre
daa520 goldenrod|verge d’or
d4af37 gold|or
ffd700 golden yellow|jaune d’or
ffbf00 amber|ambre
f4c430 saffron|safran
e1ad01 mustard|moutarde
c3a33b brass|laiton
ffff00 yellow|jaune
fff44f lemon|citron
fffacd pale lemon|citron pâle
f8de7e straw|paille
fce883 pastel yellow|jaune pastel
eedc82 flax|lin doré
ffa500 orange|orange
ff8c00 dark orange|orange foncé
ff7518 pumpkin|citrouille
f28500 tangerine|mandarine
ffb347 pastel orange|orange pastel
ff7f50 coral|corail
f88379 coral pink|rose corail
fa8072 salmon|saumon
ffa07a light salmon|saumon clair
e9967a dark salmon|saumon foncé
e2725b terracotta|terre cuite
cb6d51 copper red|rouge cuivré
b87333 copper|cuivre
cd7f32 bronze|bronze
b7410e rust|rouille
cc5500 burnt orange|orange brûlé
a0522d sienna|terre de Sienne
e97451 burnt sienna|Sienne brûlée
8b4513 saddle brown|brun selle
964b00 brown|brun
7b3f00 chocolate|chocolat
6f4e37 coffee|café
5c4033 dark brown|brun foncé
4b3621 espresso|expresso
3d2b1f bistre|bistre
2a1a12 brown black|brun noir
80461b russet|roux
7c4a32 chestnut|châtaigne
954535 cinnamon|cannelle
65000b rosewood|bois de rose
800000 maroon|marron
722f37 wine|lie-de-vin
800020 burgundy|bordeaux
58111a garnet|grenat
8b0000 dark red|rouge foncé
b22222 brick red|rouge brique
a52a2a auburn|auburn
dc143c crimson|cramoisi
c41e3a cardinal|rouge cardinal
e0115f ruby|rubis
e34234 vermilion|vermillon
ff2400 scarlet|écarlate
ff0000 red|rouge
ff6347 tomato|tomate
de3163 cerise|cerise
e30b5d raspberry|framboise
ff007f bright rose|rose vif
ff1493 deep pink|rose profond
ff69b4 hot pink|rose soutenu
ffc0cb pink|rose
ffb6c1 light pink|rose clair
f4c2c2 baby pink|rose layette
de5d83 blush|rose fard
c08081 old rose|vieux rose
b76e79 rose gold|or rose
bc8f8f rosy brown|brun rosé
915f6d mauve taupe|taupe mauve
ff00ff magenta|magenta
c71585 violet red|rouge violacé
da70d6 orchid|orchidée
dda0dd plum pink|prune clair
8e4585 plum|prune
614051 aubergine|aubergine
3b1f3b dark aubergine|aubergine foncée
e0b0ff mauve|mauve
c8a2c8 lilac|lilas
e6e6fa lavender mist|brume de lavande
b57edc lavender|lavande
b19cd9 pastel violet|violet pastel
9966cc amethyst|améthyste
8f00ff violet|violet
8a2be2 blue violet|bleu violet
800080 purple|pourpre
663399 deep purple|violet profond
4b0082 indigo|indigo
301934 dark purple|violet foncé
483d8b slate violet|violet ardoise
6a5acd slate blue|bleu ardoise
7b68ee medium slate blue|pervenche foncé
ccccff periwinkle|pervenche
191970 midnight blue|bleu nuit
000080 navy|bleu marine
0b1a2b ink blue|bleu encre
1c2e4a dark navy|marine foncé
00008b dark blue|bleu foncé
0000ff blue|bleu
0047ab cobalt blue|bleu cobalt
4169e1 royal blue|bleu roi
120a8f ultramarine|outremer
0f52ba sapphire|saphir
1e90ff bright blue|bleu vif
0070c0 azure blue|bleu azur
007ba7 cerulean|bleu céruléen
4682b4 steel blue|bleu acier
5b7c99 dusty blue|bleu poussière
2e4a62 petrol blue|bleu pétrole
3b5b78 denim|denim
6495ed cornflower|bleuet
87ceeb sky blue|bleu ciel
87cefa light sky blue|bleu ciel clair
add8e6 light blue|bleu clair
b0c4de powder blue|bleu poudre
f0f8ff alice blue|bleu givre
dbe9f4 ice blue|bleu glacé
5f9ea0 cadet blue|bleu pétrole clair
00ffff cyan|cyan
7fffd4 aquamarine|aigue-marine
40e0d0 turquoise|turquoise
00ced1 dark turquoise|turquoise foncé
afeeee pale turquoise|turquoise pâle
008b8b dark cyan|cyan foncé
008080 teal|sarcelle
004d4d deep teal|sarcelle profond
367588 teal blue|bleu canard
2f4f4f dark slate|ardoise foncée
00ff7f spring green|vert printemps
98ff98 mint|menthe
bdfcc9 pale mint|menthe pâle
3eb489 mint green|vert menthe
00a86b jade|jade
50c878 emerald|émeraude
2e8b57 sea green|vert de mer
8fbc8f celadon|céladon
ace1af pale celadon|céladon pâle
9dc183 sage|sauge
8a9a5b moss green|vert mousse
77815c grey olive|olive gris
808000 olive|olive
6b8e23 olive green|vert olive
556b2f dark olive|olive foncé
3b3c1e deep olive|olive profond
4b5320 army green|vert armée
013220 dark green|vert foncé
0b3d2e fir green|vert sapin
228b22 forest green|vert forêt
006400 bottle green|vert bouteille
008000 green|vert
00ff00 lime green|vert citron
32cd32 bright green|vert vif
7cfc00 grass green|vert gazon
93c572 pistachio|pistache
a4c639 apple green|vert pomme
bfff00 lime|citron vert
7fff00 chartreuse|chartreuse
adff2f green yellow|jaune-vert
d1e231 pear|poire
c5e384 pale lime|vert tilleul
e8f4d9 pale green|vert pâle
"""


def nearest_names(colours: list[str]) -> list[tuple[str, str]]:
    """For each colour `#rrggbb` the English and the French name that is nearest to it in OKLab."""
    names, places = _known()
    wanted = to_oklab(_channels([colour.removeprefix("#") for colour in colours]))
    apart = ((wanted[:, None, :] - places[None, :, :]) ** 2).sum(axis=-1)
    return [names[int(index)] for index in apart.argmin(axis=1)]


@cache
def _known() -> tuple[list[tuple[str, str]], Floats]:
    lines = [line.split(" ", 1) for line in _NAMES.strip().splitlines()]
    names = []
    for _, both in lines:
        english, _, french = both.partition("|")
        names.append((english, french))
    return names, to_oklab(_channels([code for code, _ in lines]))


def _channels(codes: list[str]) -> Floats:
    return np.array([[int(code[i : i + 2], 16) for i in (0, 2, 4)] for code in codes], dtype=np.float64)
