/* modules/scan/redact.h - a text with what was found in it replaced.
** A text that is itself a JSON object or array (tool arguments) still is one afterwards: a match
** inside one of its strings leaves escapes whole, a number that matched becomes a string. */
#ifndef TAMIS_REDACT_H
#define TAMIS_REDACT_H

#include "core/buf.h"
#include "scan/scan.h"

/* Writes text into out (emptied first) with each of match[0..n), by place, replaced by
** "[" name "]", names by type; a type whose name is NULL stays. 0, or -1 if out of memory. */
int scan_redact(Buf *out, Span text, const ScanMatch *match, size_t n, const char *const *name);

#endif
