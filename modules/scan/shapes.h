/* modules/scan/shapes.h - checks of what has no check digit: shapes that count beside a word of
** context, and values that are no placeholders. */
#ifndef TAMIS_SHAPES_H
#define TAMIS_SHAPES_H

#include "scan/checks.h"

/* Digits grouped as a number is written at home (US, UK, DE, FR, IN, BR and their like), no date */
int check_national_phone(ScanCandidate *c);
int check_date(ScanCandidate *c);      /* a day, a month and a year, in any order that is written */
/* Not a placeholder ("your_key", "xxxx", AWS' EXAMPLE), a path, a variable or a plain word */
int check_secret(ScanCandidate *c);

#endif
