/* modules/text/tokens.h - tokens, words and shingles of a text.
**
** A token is a white-space word, or one character of a script written without spaces (Han,
** Hiragana, Katakana, Thai, Lao, Khmer, Myanmar, Tibetan). Combining marks of such scripts
** belong to their character, CJK punctuation and ASCII punctuation behind such a character
** count nothing. For a text without such scripts it is Python's len(text.split()). */
#ifndef TAMIS_TOKENS_H
#define TAMIS_TOKENS_H

#include "core/span.h"

/* Tokens of text; any bytes. ASCII runs at several GB/s (SSE2). */
size_t tokens_count(Span text);

/* The next token at or behind *at; *at moves behind it. ptr NULL when there is none. */
Span tokens_next(Span text, size_t *at);
/* The next white-space word at or behind *at; *at moves behind it. ptr NULL when there is none. */
Span words_next(Span text, size_t *at);
/* The next shingle, n consecutive code points (n >= 1): begins at *at, which moves on by one code
** point. A text of fewer than n is one shingle, an empty one has none. ptr NULL at the end. */
Span shingles_next(Span text, size_t n, size_t *at);
/* The same of tokens: from the first byte of the first of n tokens to the last of the last. A text of
** fewer is one shingle, one without tokens has none. */
Span token_shingles_next(Span text, size_t n, size_t *at);

#endif
