"""What tests of the loader share."""

from model.data.loader import CONTEXT, PRELOAD

CONTEXT.set_forkserver_preload([*PRELOAD, "pytest"])  # a worker imports the main module of the tests too
