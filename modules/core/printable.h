/* modules/core/printable.h - text from data, made safe to show on a terminal.
** Escape and control characters (C0 but the line feed and tab where asked, DEL, C1), bidirectional
** overrides, zero-width and other invisible format characters, line and paragraph separators and
** bytes that are no UTF-8 come out as \n, \t, \x1b, \u{202e}. Everything else as it is. */
#ifndef TAMIS_PRINTABLE_H
#define TAMIS_PRINTABLE_H

#include "core/buf.h"

enum { PRINTABLE_LINES = 1 };   /* line feeds and tabs stay as they are */

int printable(Buf *out, Span text, int flags);   /* 0, or -1 if out of memory */

#endif
