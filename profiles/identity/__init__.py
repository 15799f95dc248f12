"""The identity core: plain Python, no Django, no clock, no I/O.

`values` names the evidence, `canonical` gives identifiers their comparable form, `worth` says which may join at all,
`from_header` reads who a mail is from, `partition` decides who is one person; `suggestion` only asks a human.
"""
