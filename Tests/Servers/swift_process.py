"""One process of OpenStack Swift, with Debian's Python: swift_process.py KIND CONFIGURATION, where KIND is proxy,
account, container, object or ring-builder (with its arguments)."""

import importlib
import sys
from pathlib import Path

from swift.common import utils

kind, configuration, *rest = sys.argv[1:]
# The machine's own in /etc is not ours; other modules read this when they are imported.
utils.SWIFT_CONF_FILE = str(Path(configuration).with_name("swift.conf"))

if kind == "ring-builder":
    from swift.cli.ringbuilder import main
    main([kind, configuration, *rest])
else:
    from swift.common.wsgi import run_wsgi
    module = importlib.import_module(f"swift.{kind[:3]}.server" if kind == "object" else
                                     f"swift.{kind}.server")
    callback = getattr(module, "global_conf_callback", None)
    sys.exit(run_wsgi(configuration, f"{kind}-server", global_conf_callback=callback)
             if callback else run_wsgi(configuration, f"{kind}-server"))
