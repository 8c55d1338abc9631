/* modules/rules/markers.h - words before an answer ("Answer:", "SUMMARY:") in the text that asks for it.
** A marker begins a line, behind blanks and the signs of Markdown, case apart, and has text behind it: a
** prompt that ends with "Answer:" gives nothing away. What it gives away reaches to the next blank line. */
#ifndef TAMIS_MARKERS_H
#define TAMIS_MARKERS_H

#include "core/error.h"
#include "corpus/rowop.h"

typedef struct Marker {
  size_t start, end;    /* bytes: from the line's first to the end of the paragraph */
  size_t mark, behind;  /* the marker's own bytes */
} Marker;

/* The next one at or behind `from`, the beginning of a line. 1, or 0 if there is none.
** words[n]: lower-case ASCII. */
int marker_next(Span text, size_t from, const Span *words, size_t n, Marker *out);

typedef enum MarkerAction { MARKER_REJECT, MARKER_STRIP } MarkerAction;
/* Looks at every string of the field. Strips what the marker gives away, or rejects; a string that would be
** left blank is a reason to reject too. Words and names are copied. NULL with err worded. */
RowOp *markers_op(Field field, const Span *words, size_t n, MarkerAction action, const char *reason,
                  const char *metric, Error *err);

#endif
