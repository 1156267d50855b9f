# Refused before the program is run even once.
nomem explore --sarif missing/report.sarif -- ../good
