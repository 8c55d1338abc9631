/* modules/text/fold.h - the text that duplicates are judged by: lower-cased by Unicode's simple
** mapping (no locale), every run of white space one blank, none at the ends. White space is
** Unicode White_Space and U+001C to U+001F, so the result never holds U+001F and fields can be
** joined by it. Folding twice changes nothing.
**
** FOLD_DROP_PUNCTUATION also leaves out every code point of the general categories P* (Unicode's
** punctuation: . , ! ? ' " ( ) - / and their like in all scripts). Symbols (categories S*: + < =
** > $ ^ ` | ~) stay, since 2+2 is not 22. It drops before white space is collapsed: "a - b" is
** "a b", "don't" is "dont". */
#ifndef TAMIS_FOLD_H
#define TAMIS_FOLD_H

#include "core/simd.h"
#include "core/span.h"

enum { FOLD_DROP_PUNCTUATION = 1 };

/* Bytes of room that fold_text needs for len bytes of text: a lower-case letter may be longer
** (U+023A has 2 bytes, its lower case 3), and blocks are stored whole. */
static inline size_t fold_room(size_t len) { return len + len / 2 + 64; }

/* Folds text into out[0..fold_room(text.len)) and returns the bytes of the result; bytes behind
** it are undefined. *ascii is cleared when the result holds a byte above 0x7F, else left alone;
** it may be NULL. Bytes that are no UTF-8 are copied as they are. */
size_t fold_text(char *out, Span text, int flags, int *ascii);
/* The same by one path; the result is the same for each. */
size_t fold_text_path(SimdPath path, char *out, Span text, int flags, int *ascii);

/* One code point as fold_text writes it, white space apart: its simple lower case. */
uint32_t fold_char(uint32_t cp);

const char *fold_unicode_version(void);

#endif
