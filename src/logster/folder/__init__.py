"""The data folder: made, found usable, closed to other users, had by one server alone.

    place         a folder is made, and can be used; or a sentence says what is in the way
    lock          one server alone has it, and who that is
    permissions   nobody else may look into it

Promise: nothing is touched that is not Logster's. No link is followed, what belongs to another
user is named and left, and a folder that holds other things keeps its own mode
(docs/decisions/033).
"""
