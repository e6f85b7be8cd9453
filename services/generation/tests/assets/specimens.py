"""Pictures that are as they should be, and files that pretend to be."""

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

GPS_IFD, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F
SECRET = "52 Rue de la Maison"


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def two_halves(width: int = 80, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    return image.convert(mode)


def jpeg(**options: Any) -> bytes:
    return encoded(two_halves(), "JPEG", **options)


def photo_with_exif(orientation: int = 6) -> bytes:
    """As a telephone makes them: lying on its side, and telling where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = SECRET
    exif.get_ifd(GPS_IFD)[1] = "N"
    return encoded(two_halves(), "JPEG", exif=exif, comment=SECRET.encode(), quality=95)


def png_with_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET)
    return encoded(two_halves(), "PNG", pnginfo=info)


def sixteen_bits() -> bytes:
    """Grey of 16 bits: half of full scale."""
    return encoded(Image.new("I;16", (32, 32), 0x8000), "PNG")


def cmyk() -> bytes:
    return encoded(two_halves(mode="CMYK"), "JPEG")


def wide_gamut_profile() -> bytes:
    """A profile of another kind of colours than the picture has."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and green exchanged: what says red is green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    entries = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def png_of(width: int, height: int, data: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def animated(file_format: str) -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    return encoded(frames[0], file_format, save_all=True, append_images=frames[1:], duration=100)


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 90).convert("RGB")


SCRIPT = b"<html><script>alert(document.domain)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'

REFUSED: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\xff",
    "text": b"not a picture at all, whatever it is called",
    "svg": SVG,
    "html": SCRIPT,
    "gif": encoded(two_halves(), "GIF"),
    "tiff": encoded(two_halves(), "TIFF"),
    "bmp": encoded(two_halves(), "BMP"),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
    "zip": b"PK\x03\x04" + bytes(100),
    "html before a picture": SCRIPT + jpeg(),
    "magic only": b"\xff\xd8\xff\xe0" + bytes(100),
    "magic and html": b"\xff\xd8\xff" + SCRIPT,
    "truncated jpeg": encoded(noise(200, 200), "JPEG")[:-2000],
    "truncated png": encoded(noise(200, 200), "PNG")[:-2000],
    "truncated webp": encoded(noise(200, 200), "WEBP")[:-2000],
    "png with a broken stream": png_of(64, 64, b"\x78\x9c" + b"\xee" * 90),
    "animated webp": animated("WEBP"),
    "animated png": animated("PNG"),
    "riff that is sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(60),
}
"""By what they are; each is UNSUPPORTED_IMAGE."""
