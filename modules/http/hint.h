/* modules/http/hint.h - when a server says to come back.
** The forms in the wild: seconds ("7", "0.5"), milliseconds in a header of their own, an HTTP date,
** a Go duration ("12ms", "1.5s", "6m0s"), an RFC 3339 moment. Pure functions of their arguments. */
#ifndef TAMIS_HINT_H
#define TAMIS_HINT_H

#include "core/span.h"

typedef struct HintHeader { Span name, value; } HintHeader;   /* name in lower case */

/* Each reads text whole, spaces around it apart: 0; -1 if it is anything else. */
int hint_number(Span text, double *n);             /* digits with an optional fraction; no sign, no exponent */
int hint_duration(Span text, double *seconds);     /* 1h2m3.5s, 12ms, 5us, 80ns; at least one unit */
int hint_date(Span text, double *moment);          /* RFC 9110 dates, all three, or RFC 3339: seconds since 1970 */

/* What the headers of a refused request ask for, in seconds from now (seconds since 1970; the
** server's own Date header counts instead where it can be read, so that a clock that is off does no
** harm). The first of these that can be read: retry-after-ms, retry-after; else the longest of the
** reset headers (x-ratelimit-reset-{requests,tokens}, anthropic-ratelimit-*-reset) whose `remaining`
** is 0; else the longest of all resets. A moment that is past is 0. Returns 0 with *seconds and
** *which set, which pointing at the header that said so; -1 if none says anything. */
int hint_retry(const HintHeader *header, size_t n, double now, double *seconds, const HintHeader **which);

#endif
