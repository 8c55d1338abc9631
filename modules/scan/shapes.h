/* modules/scan/shapes.h - checks of what has no check digit: shapes that count beside a word of
** context, and values that are no placeholders. */
#ifndef TAMIS_SHAPES_H
#define TAMIS_SHAPES_H

#include "scan/checks.h"

/* Digits grouped as a number is written at home (US, UK, DE, FR, IN, BR and their like), no date */
int check_national_phone(ScanCandidate *c);
int check_date(ScanCandidate *c);      /* a day, a month and a year, in any order that is written */
int check_filled(ScanCandidate *c);    /* not a placeholder ("your_key", "xxxx", AWS' EXAMPLE) */
int check_secret(ScanCandidate *c);    /* filled, with a letter and a digit */
int check_assigned(ScanCandidate *c);  /* a secret that is no path, no variable, no member of a thing */
int check_password(ScanCandidate *c);  /* the same, of three of: small letters, capitals, digits, signs */

#endif
