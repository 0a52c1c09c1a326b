"""Unpacks every program FOLDER/*.xz into TARGET and makes it executable: python3 scripts/unpack.py FOLDER TARGET"""

import lzma
import shutil
import sys
from pathlib import Path


def unpack(folder: Path, target: Path) -> None:
    """Leaves alone what is there already; a half-written file never has the program's name."""
    target.mkdir(parents=True, exist_ok=True)
    for packed in sorted(folder.glob("*.xz")):
        program = target / packed.stem
        if program.exists():
            continue
        half = program.with_suffix(".half")
        with lzma.open(packed) as source, half.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        half.chmod(0o755)
        half.rename(program)


if __name__ == "__main__":
    unpack(Path(sys.argv[1]), Path(sys.argv[2]))
