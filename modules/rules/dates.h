/* modules/rules/dates.h - dates in a text, and texts that speak of days after their row was written.
**
** Days count from 1970-01-01 of the Gregorian calendar. Dates of a text are those of four-digit years:
**   2026-03-05, 2026/03/05, with or without a time behind it
**   March 5, 2026; Mar 5th 2026; 5 March 2026; 5th of March, 2026; 05-Mar-2026
**   03/05/2026, 3-5-2026, 05.03.2026 (points: day first)
**   March 2026, "March" or "Mar" with a capital: the first of that month
**   2026, where bare years are asked for: the first of January
** A number beside a letter, a digit, or a sign that makes it part of a longer one (a version, a phone number,
** an ISBN, a path) is no date. */
#ifndef TAMIS_DATES_H
#define TAMIS_DATES_H

#include "core/error.h"
#include "corpus/rowop.h"

/* What 03/05/2026 says where both readings are dates. */
typedef enum DateOrder { DATE_EARLIER, DATE_LATER, DATE_DAY_FIRST, DATE_MONTH_FIRST } DateOrder;

typedef struct DateStyle {
  DateOrder order;
  int bare_years;
} DateStyle;

typedef struct DateFound {
  size_t start, end;   /* bytes of the text */
  int64_t day;
} DateFound;

/* The next date at or behind *at; *at moves behind it. 1, or 0 if there is none. Linear. */
int dates_next(Span text, size_t *at, const DateStyle *style, DateFound *out);

/* The day of a row: ISO 8601, RFC 2822, eight digits, any date of a text above that stands first in it, or an
** epoch in seconds, milliseconds, microseconds or nanoseconds, told apart by its size. 1, 0 if it is none. */
int dates_of_text(Span text, DateOrder order, int64_t *day);
int dates_of_number(double epoch, int64_t *day);

/* Writes YYYY-MM-DD; out of years 0 to 9999 the count of days. */
void dates_write(int64_t day, char out[32]);

typedef struct DatesSpec {
  Field field;
  Span path;                    /* of the row's own date */
  DateStyle style;
  DateOrder row_order;
  double slack;                 /* days after the row's that a date may lie */
  int reject_missing, reject_unreadable;
} DatesSpec;

/* Rejects with future_date, no_row_date, bad_row_date; the metric is days_after, of the latest date, NaN where
** text or row has none; undated and unreadable are 1 for a row without a date of its own. path is copied.
** NULL with err worded: out of memory. */
RowOp *dates_op(const DatesSpec *spec, Error *err);

#endif
