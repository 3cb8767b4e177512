"""Push an image without request anything about it: `push.py SOURCE DESTINATION`."""

import sys

from pratique.registry.copy import copy_image
from pratique.registry.open import open_repository

source, reference = open_repository(sys.argv[1])
destination, tag = open_repository(sys.argv[2], create=True)
copy_image(source, reference or "", destination, tag)
