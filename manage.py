#!/usr/bin/env python3
"""Every command of the hub: `python3 manage.py up`, `python3 manage.py test`, `python3 manage.py help`."""

# This file alone must parse on old Pythons, so that they can say what is needed.
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.stderr.write(
            "manage.py needs Python 3.11 or newer; this is Python %d.%d.%d (%s).\n"
            "Install a newer Python and start it by its name, for example: python3.11 manage.py up\n"
            % (sys.version_info[0], sys.version_info[1], sys.version_info[2], sys.executable)
        )
        sys.exit(1)

    from cxhub import bootstrap

    sys.exit(bootstrap.run(sys.argv))
