"""A paper as an office handles it: printed, stamped with a red seal, scanned again."""

import io
import subprocess
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from formsvc.documents.press import Press, drawing
from formsvc.forms import Form

_DPI = 150


def sheets(paper: bytes, folder: Path) -> list[Image.Image]:
    """The pages of a PDF as a printer has them."""
    (folder / "paper.pdf").write_bytes(paper)
    command = ["pdftoppm", "-r", str(_DPI), folder / "paper.pdf", folder / "page"]
    subprocess.run(command, check=True)
    found = sorted(folder.glob("page-*.ppm"))
    images = [Image.open(path).convert("RGB") for path in found]
    for path in found:
        path.unlink()
    return images


def stamp(
    paper: list[Image.Image], form: Form, data: dict, name: str, press: Press, place=(0.5, 0.5)
) -> list[Image.Image]:
    """With a seal of 42 mm in the box of that name, at `place` of its width and height."""
    where = drawing.stamping(form, data, press)
    at, box = next((at, box) for at, box in where.places if box.name == name)
    left, top, width, height = (length * _DPI / 72 for length in box.box)
    mark = _seal(int(42 / 25.4 * _DPI))
    paper = [page.copy() for page in paper]
    spot = (int(left + width * place[0] - mark.width / 2),
            int(top + height * place[1] - mark.height / 2))  # fmt: skip
    paper[at].paste(mark, spot, mark)
    return paper


def scanned(paper, *, angle: float = 3, grey: bool = False) -> list[Image.Image]:
    """As an office's scanner gives them: askew, blurred, with noise, on paper that is not white."""
    found = []
    for page in paper:
        turned = page.rotate(angle, expand=True, fillcolor=(250, 249, 244),
                             resample=Image.Resampling.BICUBIC)  # fmt: skip
        blurred = turned.filter(ImageFilter.GaussianBlur(0.5))
        noise = Image.effect_noise(blurred.size, 50).convert("RGB")
        worn = Image.blend(blurred, noise, 0.1)
        found.append(worn.convert("L") if grey else worn)
    return found


def saved(paper, kind: str = "PDF") -> bytes:
    """One file of all pages; of the first alone where the kind has one."""
    stream = io.BytesIO()
    more = {"save_all": True, "append_images": paper[1:], "resolution": _DPI}
    paper[0].save(stream, kind, quality=80, **(more if kind == "PDF" else {}))
    return stream.getvalue()


def _seal(diameter: int) -> Image.Image:
    """A round seal as units have: ring, star, characters; worn, as stamped by hand."""
    image = Image.new("RGBA", (diameter, diameter), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    red = (205, 35, 45, 215)
    draw.ellipse((3, 3, diameter - 4, diameter - 4), outline=red, width=max(3, diameter // 35))
    draw.regular_polygon((diameter / 2, diameter / 2, diameter / 7), 3, fill=red)
    for at in range(8):
        x, y = diameter * (0.2 + 0.08 * at), diameter * 0.2
        draw.rectangle((x, y, x + diameter * 0.03, y + diameter * 0.1), fill=red)
    worn = Image.effect_noise(image.size, 90).point(lambda v: 255 if v > 85 else 0)
    image.putalpha(Image.composite(image.getchannel("A"), Image.new("L", image.size), worn))
    return image
