"""Pictures that the tests draw: flat designs, things before a background, a face."""

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]


def bands(size: tuple[int, int], *colours: Colour) -> Image.Image:
    """Vertical bands of equal width."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        left = number * size[0] // len(colours)
        draw.rectangle((left, 0, (number + 1) * size[0] // len(colours) - 1, size[1]), fill=colour)
    return image


def poster() -> Image.Image:
    """White ground, a large blue block, black letters, a small red dot."""
    image = Image.new("RGB", (600, 400), (250, 250, 248))
    draw = ImageDraw.Draw(image)
    draw.rectangle((120, 80, 479, 279), fill=(28, 74, 140))
    for row in range(4):
        draw.rectangle((140, 300 + row * 18, 460, 308 + row * 18), fill=(12, 12, 14))
    draw.ellipse((490, 40, 540, 90), fill=(214, 40, 30))
    return image


def thing(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """A striped thing in `box` (left, top, right, bottom) before a grey background that shades off."""
    ground = Image.linear_gradient("L").resize(size).point([170 + value // 8 for value in range(256)])
    image = Image.merge("RGB", (ground, ground, ground))
    draw = ImageDraw.Draw(image)
    draw.rectangle(box, fill=(180, 60, 40))
    for left in range(box[0] + 6, box[2] - 4, 16):
        draw.rectangle((left, box[1] + 8, left + 5, box[3] - 8), fill=(240, 220, 90))
    return image


def portrait(size: tuple[int, int], middle: tuple[float, float], radius: float) -> Image.Image:
    """A face that looks at the camera, with hair, brows, eyes, nose and mouth."""
    image = Image.new("RGB", size, (120, 150, 170))
    draw = ImageDraw.Draw(image)
    x, y = middle

    def ellipse(left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        draw.ellipse((x + left * radius, y + top * radius, x + right * radius, y + bottom * radius), fill=colour)

    ellipse(-1, -1.35, 1, 1.3, (60, 40, 30))
    ellipse(-0.82, -1.05, 0.82, 1.25, (224, 180, 150))
    for side in (-0.36, 0.36):
        ellipse(side - 0.26, -0.3, side + 0.26, -0.02, (150, 105, 85))
        ellipse(side - 0.17, -0.22, side + 0.17, -0.04, (235, 230, 225))
        ellipse(side - 0.09, -0.22, side + 0.09, -0.04, (30, 20, 20))
        ellipse(side - 0.28, -0.43, side + 0.28, -0.31, (60, 40, 30))
    ellipse(-0.16, -0.05, 0.16, 0.36, (205, 155, 128))
    ellipse(-0.14, 0.28, 0.14, 0.38, (150, 95, 80))
    ellipse(-0.34, 0.55, 0.34, 0.78, (150, 60, 60))
    return image.filter(ImageFilter.GaussianBlur(radius * 0.06))
