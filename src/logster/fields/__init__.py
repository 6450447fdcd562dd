"""What other programs write, and what it means: for readers, the search and the command line alike.

In: names, words, numbers and texts of any logger. Out: the fields of an event. Pure, all of it.

`aliases`   names of fields: `level` is severity, `service.version` the release
`severity`  words, letters and numbers of severities
`instant`   times that a program gives as a value: ISO 8601, or a number since 1970
`epoch`     the unit of such a number; `dates` what everybody who reads a date knows
`template`  `Hello {Name}` and its properties, as people read it
`dotnet`    formats of numbers and times in such a template
`exception` what an exception says, and its stack trace, of one text
`trace`     the lines of a stack trace belong to the message before them
`ansi`      text without the colours of a terminal
`line/`     a line of a log that says more than its text
"""
