"""Loading the configuration in a process of the service."""

import logging
import sys
from pathlib import Path

from solmux.config.load import ConfigError, load
from solmux.config.model import Config
from solmux.config.problems import report

log = logging.getLogger(__name__)


def load_or_explain(path: Path) -> Config | None:
    """Return the configuration, or None with everything that is wrong with it on standard error."""
    try:
        return load(path)
    except ConfigError as error:
        for line in report(error.problems):
            sys.stderr.write(f"{line}\n")
        count = len(error.problems)
        log.error("%d problem%s in the configuration, see above", count, "" if count == 1 else "s")
        return None
