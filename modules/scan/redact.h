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

/* Adds what stands for a match of a type to out: ASCII without quotes, backslashes or control characters
** of its own. 0, or -1 if out of memory. */
typedef int (*ScanWriter)(void *with, Buf *out, uint32_t type, Span match);
/* The same, with what `write` adds in place of each match; a match with a backslash in it, which may be
** an escape, is "[" name "]" in a JSON text all the same. */
int scan_replace(Buf *out, Span text, const ScanMatch *match, size_t n, const char *const *name, ScanWriter write,
                 void *with);

#endif
