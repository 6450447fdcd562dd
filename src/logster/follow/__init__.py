"""Files as they grow: every complete line once, in order, whatever rotation does to the file.

    charset     bytes -> text: which encoding, where a line ends
    rows        chunks -> rows, each with the place where it ends
    position    how far a file was read, known again by the content before it
    decisions   pure: is this file a copy, may that one be let go
    folders     paths -> files, each once, and what is left out
    content     bytes of a file: is it text, where is a position in it
    reader      one open file: what is new, or that it is no longer what was read
    notes       what people are told, once
    positions   the state file: written whole, synced, locked
    files       the open files: what is read of them, which are like each other
    copies      who has what a file had: rotation by copying
    follower    all of them together: one look after the other

Nothing here knows where the lines go: whoever takes the rows says which places are safe.
"""
