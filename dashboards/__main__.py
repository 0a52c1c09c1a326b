"""`python -m dashboards`: writes the JSON of every dashboard, and removes that of those that are gone."""

from pathlib import Path

from dashboards import DASHBOARDS
from dashboards.board import text

FOLDER = Path(__file__).with_name("grafana")


def main() -> None:
    written = {FOLDER / f"{board.uid}.json": text(board) for board in DASHBOARDS.values()}
    for old in set(FOLDER.glob("*.json")) - set(written):
        old.unlink()
    for path, json in written.items():
        path.write_text(json, encoding="utf-8")


if __name__ == "__main__":
    main()
