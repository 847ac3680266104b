"""Runs the emulator: python gcs_emulator PORT FOLDER."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gcs_emulator.web import serve  # noqa: E402  the path comes first

serve(int(sys.argv[1]), sys.argv[2])
