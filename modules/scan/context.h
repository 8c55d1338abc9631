/* modules/scan/context.h - what stands around a match, and how random it looks. */
#ifndef TAMIS_CONTEXT_H
#define TAMIS_CONTEXT_H

#include "core/span.h"

/* Whether one of the words stands among the `within` words before text[start..end) or behind it.
** words are parted by blanks, in lower case; "phone*" stands for all that begin so; a word after
** '!' speaks against: of the words before the match that are listed the nearest decides, and only
** where there is none those behind. A word is a run of letters, digits, apostrophes and bytes from
** 0x80 on; ASCII case does not count; one over 64 bytes ends the look, so that its cost is bounded. */
int context_holds(Span text, size_t start, size_t end, Span words, unsigned within);

/* Shannon entropy of a text's bytes, in bits a byte: 0.0 to 8.0. */
double context_entropy(Span text);

#endif
