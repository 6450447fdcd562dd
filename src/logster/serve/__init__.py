"""The server as processes.

    supervisor    first_start, metrics_folder, and a part for each process it keeps running
    worker        one process that serves: http1 in front, router behind it
    assembly      the parts of a worker, handed to each other
    loops         what goes on in it beside the requests; health says what is wrong

In: the settings. Out: exit codes, and answers.
"""
