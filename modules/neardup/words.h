/* modules/neardup/words.h - a row's strings as folded tokens (text/tokens.h), for what compares
** runs of words: repeated spans, n-grams of a gold set.
**
**   strings   "Reset my  password." | "Click Reset."
**   text      reset my password.\x1fclick reset.          folded, a string behind another
**   token     reset  my  password.  click  reset.         number 0 .. n-1, over all strings
**   piece     0                     3                     first token of each string
**   nth       0      1   2          0      1              its number in the string itself
**
** With WORDS_BARE a token is held without its punctuation (text/fold.h), and one that is nothing
** else is left out; nth still counts it, so a token is found again in the string as it was. */
#ifndef TAMIS_WORDS_H
#define TAMIS_WORDS_H

#include "neardup/texts.h"

enum { WORDS_BARE = 1 };

typedef struct Words {
  Grams text;
  size_t n, cap;
  uint64_t *hash;        /* [n] of a token's bytes */
  uint32_t *start, *end; /* [n] bytes in text.text */
  uint32_t *nth;         /* [n] */
  size_t npieces, piece_cap;
  uint32_t *piece;       /* [npieces + 1] */
} Words;

/* A zeroed Words is empty. Reads text i, whose fields are its strings. 0, or -1 if out of memory
** or if the text has 2^32 bytes. */
int words_read(const TextSource *src, size_t i, int worker, int flags, Words *w);
void words_free(Words *w);

static inline Span words_at(const Words *w, size_t token) {
  return span_of(w->text.text + w->start[token], w->end[token] - w->start[token]);
}
/* Are n tokens of a, from i on, those of b from k on? By their bytes. */
int words_equal(const Words *a, size_t i, const Words *b, size_t k, size_t n);

/* Hash of a run of tokens: next = (run - first of it * words_power(n)) * WORDS_BASE + token. */
#define WORDS_BASE UINT64_C(0x9E3779B97F4A7C15)
uint64_t words_power(unsigned n);   /* WORDS_BASE to the n - 1 */
static inline uint64_t words_mix(uint64_t h) {
  h = (h ^ h >> 32) * UINT64_C(0xD6E8FEB86659FD93);
  h = (h ^ h >> 32) * UINT64_C(0xD6E8FEB86659FD93);
  return h ^ h >> 32;
}

/* Where tokens first .. last (numbers of the string) lie in the string's own text, in bytes; next is
** where the token behind them begins, or the text's end. -1 if it has not so many. */
typedef struct WordsPlace { size_t begin, end, next; } WordsPlace;
int words_place(Span string, uint32_t first, uint32_t last, WordsPlace *out);

/* The strings of rows in a set of fields, each once, as the fields of a text: for words_read.
** Frees: view_texts_free. 0; -1 if out of memory. */
int view_strings_init(ViewTexts *t, const View *view, const uint32_t *rows, size_t n,
                      unsigned fields, Pool *pool);
/* The same strings of one row, in the same order; *out lives in the row's scratch (scratch_room).
** Their number; *out NULL if out of memory. */
size_t row_strings_of(const Row *row, unsigned fields, RowString **out);

#endif
