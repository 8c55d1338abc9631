/* modules/stats/times.h - a moment as data writes it, in seconds since 1970-01-01 UTC. */
#ifndef TAMIS_TIMES_H
#define TAMIS_TIMES_H

#include "core/span.h"

/* Reads an ISO 8601 date, or date and time: 2024-06-30, 2024-06-30T12:00, 2024-06-30
** 12:00:00.5Z, 2024-06-30T12:00:00+02:00; without a zone it is UTC. 0; -1 if text is
** anything else. */
int time_parse(Span text, double *seconds);

#endif
