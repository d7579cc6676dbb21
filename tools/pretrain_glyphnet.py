"""Pretrains GlyphNet's bundled weights on letters and symbols rendered from matplotlib's fonts.

Needs torch, safetensors and matplotlib (which brings the fonts, Pillow and fontTools):

    python tools/pretrain_glyphnet.py --out src/finetrust/models/weights/glyphnet.safetensors

No class is a digit, and letters that are drawn like one (O, o, l, I, Cyrillic Ze, ...) are left
out; those kept (S, B, g, delta, ...) overlap a digit about as much as 3 overlaps 8. Every class of
a transfer to handwritten digits is therefore new to the network.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
import torch
import torch.nn.functional as F
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from safetensors.torch import save
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
from finetrust.models.glyphnet import INPUT_SIZE, MEAN, STD, GlyphNet

SEED = 20261124
STEPS = 3000
BATCH = 128
PEAK_LR = 4e-3
CANVAS = 64
GRID = 8

LATIN = "ABCDEFGHJKLMNPQRSTUVWXYZabdefghjkmnpqrty"
GREEK = "ΓΔΛΞΠΣΦΨΩαβγδεζηλμξπσςτφψω"
CYRILLIC = "БДЖИЛЦШЩЪЫЭЮЯ"
ARMENIAN = "ԱԲԳԴԵԶԷԸԹԺԻԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՎՐՔՖաբգդեէըթժիխծկձճմյնչպջռվտրքֆ"
GEORGIAN = "ადზთიკლმნპჟრსტუფქღყშჩწჭჯჰ"
SYMBOLS = "?#$%&@*+=/~{}[]^§¶£¥€√∞∫∂∇∈∀⊂⊃⊕⊢≠≈≡≤≥±×÷→←↔⇒"
CLASSES = LATIN + GREEK + CYRILLIC + ARMENIAN + GEORGIAN + SYMBOLS

DEJAVU = [
    f"DejaVu{face}.ttf"
    for face in (
        *("Sans", "Sans-Bold", "Sans-Oblique", "Sans-BoldOblique"),
        *("SansMono", "SansMono-Bold", "SansMono-Oblique", "SansMono-BoldOblique"),
        *("Serif", "Serif-Bold", "Serif-Italic", "Serif-BoldItalic"),
    )
]
STIX = [f"STIXGeneral{face}.ttf" for face in ("", "Bol", "Italic", "BolIta")]
COMPUTER_MODERN = ["cmr10.ttf", "cmb10.ttf", "cmss10.ttf", "cmtt10.ttf", "cmti10.ttf"]


def render_bank(classes: str) -> tuple[Tensor, Tensor, Tensor]:
    """Draw every class in every font that has it, scaled to fill three quarters of a canvas.

    Returns
    -------
    glyphs : uint8 tensor (glyphs, CANVAS, CANVAS), glyphs of one class lying together
    starts, counts : int tensors (classes,)
        Where each class's glyphs begin, and how many it has.
    """
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [
        (ImageFont.truetype(str(folder / name), 96), _characters(folder / name))
        for name in DEJAVU + STIX + COMPUTER_MODERN
    ]
    drawn = [[_draw(glyph, font) for font, known in fonts if glyph in known] for glyph in classes]
    counts = torch.tensor([len(versions) for versions in drawn])
    glyphs = torch.from_numpy(np.stack([image for versions in drawn for image in versions]))
    return glyphs, counts.cumsum(0) - counts, counts


def _characters(path: Path) -> set[str]:
    known = {chr(code) for code in TTFont(path).getBestCmap()}
    return known & set(LATIN) if path.name in COMPUTER_MODERN else known


def _draw(glyph: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    page = Image.new("L", (320, 320))
    ImageDraw.Draw(page).text((96, 96), glyph, font=font, fill=255)
    page = page.crop(page.getbbox())
    scale = 0.75 * CANVAS / max(page.size)
    width, height = (max(1, round(side * scale)) for side in page.size)
    canvas = Image.new("L", (CANVAS, CANVAS))
    resized = page.resize((width, height), Image.Resampling.BOX)
    canvas.paste(resized, ((CANVAS - width) // 2, (CANVAS - height) // 2))
    return np.asarray(canvas)


def augment(glyphs: Tensor) -> Tensor:
    """Distort printed glyphs into something like handwriting, sampled as scikit-learn's digits.

    A 32x32 black and white bitmap is counted in 4x4 cells, giving 8x8 pixels of 17 grey levels,
    which are enlarged bilinearly as the demo enlarges the digits.

    Parameters
    ----------
    glyphs : uint8 tensor (n, CANVAS, CANVAS)

    Returns
    -------
    float tensor (n, 3, INPUT_SIZE, INPUT_SIZE), normalised with MEAN and STD.
    """
    ink = glyphs[:, None].float() / 255
    ink = F.grid_sample(ink, _distortion(len(ink)), align_corners=False)
    ink = _change_stroke(ink)
    levels = F.avg_pool2d(ink, INPUT_SIZE // GRID)
    levels = (levels * 16 + 0.7 * torch.randn_like(levels) * (levels > 0)).round().clamp(0, 16) / 16
    small = F.interpolate(levels, size=INPUT_SIZE, mode="bilinear", align_corners=False)
    return (small.expand(-1, 3, -1, -1) - MEAN[0]) / STD[0]


def _distortion(count: int) -> Tensor:
    """Sampling grids (count, INPUT_SIZE, INPUT_SIZE, 2): random affine maps plus elastic waves."""
    angle = torch.randn(count) * math.radians(9)
    shear = torch.randn(count) * 0.22
    scale = 0.75 * torch.empty(count, 1).uniform_(0.92, 1.25)
    stretch = torch.exp(0.15 + torch.randn(count) * 0.2)
    columns = scale * torch.stack([stretch, 1 / stretch], dim=1)
    cos, sin = torch.cos(angle), torch.sin(angle)
    rotation = torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)
    slant = torch.eye(2).repeat(count, 1, 1)
    slant[:, 0, 1] = shear
    shift = torch.randn(count, 2, 1) * 0.04
    affine = torch.cat([rotation @ slant * columns[:, None, :], shift], dim=2)
    grid = F.affine_grid(affine, [count, 1, INPUT_SIZE, INPUT_SIZE], align_corners=False)

    strength = torch.empty(count, 1, 1, 1).uniform_(0, 0.16)
    waves = torch.randn(count, 2, 4, 4) * strength
    waves = F.interpolate(waves, size=INPUT_SIZE, mode="bicubic", align_corners=True)
    return grid + waves.permute(0, 2, 3, 1)


def _change_stroke(ink: Tensor) -> Tensor:
    """Thicken some glyphs, then cut every one to black and white at its own random level."""
    thick = F.max_pool2d(ink, 3, stride=1, padding=1)
    ink = torch.where(torch.rand(len(ink), 1, 1, 1) < 0.5, thick, ink)
    blurred = F.avg_pool2d(ink, 3, stride=1, padding=1)
    cut = torch.empty(len(ink), 1, 1, 1).uniform_(0.25, 0.6)
    return (blurred > cut).float()


def sample(bank: tuple[Tensor, Tensor, Tensor], count: int) -> tuple[Tensor, Tensor]:
    """Draw `count` augmented glyphs: a uniform class, then a uniform font that has it.

    Returns
    -------
    images : float tensor (count, 3, INPUT_SIZE, INPUT_SIZE)
    labels : int tensor (count,)
    """
    glyphs, starts, counts = bank
    labels = torch.randint(len(counts), (count,))
    version = (torch.rand(count) * counts[labels]).long()
    return augment(glyphs[starts[labels] + version]), labels


def pretrain(bank: tuple[Tensor, Tensor, Tensor], steps: int) -> GlyphNet:
    """Train on fresh samples with AdamW under a one-cycle learning rate."""
    model = GlyphNet(num_classes=len(CLASSES)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK_LR, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LR, total_steps=steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for step in range(1, steps + 1):
        images, labels = sample(bank, BATCH)
        loss = loss_of(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 250 == 0:
            print(f"step {step}/{steps}  loss {loss.item():.3f}", flush=True)
    return model


@torch.inference_mode()
def accuracy(model: GlyphNet, bank: tuple[Tensor, Tensor, Tensor], batches: int = 40) -> float:
    """Share of freshly augmented glyphs (the same fonts, new distortions) that are recognised."""
    model.eval()
    hits = 0
    for _ in range(batches):
        images, labels = sample(bank, 256)
        hits += int((model(images).argmax(dim=1) == labels).sum())
    return hits / (batches * 256)


def describe(score: float, steps: int) -> dict[str, str]:
    """What the weights file says about itself."""
    return {
        "architecture": "finetrust.models.glyphnet.GlyphNet(num_classes=0)",
        "source": f"{len(CLASSES)} letters and symbols, no digits, rendered from matplotlib "
        f"{matplotlib.__version__}'s DejaVu, STIX and Computer Modern fonts",
        "licence": "Apache-2.0; of the fonts: DejaVu (Bitstream Vera), STIX (OFL 1.1), BaKoMa",
        "script": "tools/pretrain_glyphnet.py",
        "date": "2026-11-24",
        "seed": str(SEED),
        "steps": str(steps),
        "pretraining_accuracy": f"{score:.4f}",
        "torch": torch.__version__,
    }


def canonical(file: bytes) -> bytes:
    """Sort a safetensors file's header, whose metadata comes in random order, by key."""
    end = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[end:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--steps", type=int, default=STEPS, help="optimizer steps")
    options = parser.parse_args()

    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    bank = render_bank(CLASSES)
    print(f"{len(CLASSES)} classes, {len(bank[0])} glyphs")
    began = time.perf_counter()
    model = pretrain(bank, options.steps)
    score = accuracy(model, bank)
    print(f"accuracy {score:.4f} after {time.perf_counter() - began:.0f} s")

    weights = {k: v.contiguous() for k, v in model.state_dict().items() if not k.startswith("fc.")}
    metadata = describe(score, options.steps)
    options.out.write_bytes(canonical(save(weights, metadata)))


if __name__ == "__main__":
    main()
