/* modules/lm/lm.h - how surprised is a character n-gram model by a text?
**
** A text is a row of symbols: a code point that was frequent in the fitted text is one symbol, any other is spelt by
** its UTF-8 bytes. So the alphabet is closed (no text has probability 0, there is no "unknown"), it is small enough for
** six symbols to be one machine word, and a script written in three bytes a character has a context as long as a
** Latin one. The model gives each symbol a probability after those before it; p sums to 1 over the alphabet.
**
** Smoothing: interpolated Witten-Bell, each order with the one below it, the lowest with the uniform distribution:
**   p(c | h) = (C(hc) + T(h) p(c | h')) / (C(h) + T(h))      T(h): different symbols seen behind h; h': h without its
**                                                            oldest symbol
** Witten, Bell, "The zero-frequency problem", IEEE Trans. Information Theory 37(4), 1991; Chen, Goodman, "An empirical
** study of smoothing techniques", 1999. Unlike Kneser-Ney it is well defined whatever the counts of counts are, and it
** bears n-grams that are pruned by count (Chelba et al., "Study on interaction between entropy pruning and Kneser-Ney
** smoothing", 2010): their counts join the weight of p(c | h'), so that p still sums to 1.
**
** A model is stored by n-grams that were seen: each with its -log2 p and the -log2 of the weight that the lower order
** has behind it (back-off form). Costs are whole units of 1/LM_UNITS bit, so sums are exact. The table holds 40-bit
** tags of keys, not keys: an n-gram that was not seen is taken for one that was with a chance of 1e-12 a slot looked at
** (Talbot, Osborne, "Randomised language modelling for statistical machine translation", 2007).
**
**   slot   tag 40 | -log2 p 12 | -log2 back-off 12      8 bytes an n-gram, open addressing
**
** No Lua, no policy. A model never changes once made: any thread may score with it. */
#ifndef TAMIS_LM_H
#define TAMIS_LM_H

#include <stdatomic.h>

#include "core/buf.h"
#include "core/error.h"

enum {
  LM_MIN_ORDER = 2, LM_MAX_ORDER = 6,
  LM_BITS = 10,                        /* of a symbol */
  LM_START = (1 << LM_BITS) - 1,       /* stands before the text; never predicted */
  LM_MAX_LETTERS = LM_START - 256,     /* code points past ASCII with a symbol of their own */
  LM_SYMBOLS = LM_START,               /* 0..255 bytes, then letters */
  LM_UNITS = 160,                      /* a bit */
  LM_MOST = 4095,                      /* units: what is dearer costs this, 25.6 bits */
  LM_PROBES = 64                       /* slots that a look-up may visit */
};

enum { LM_LETTER_SLOTS = 2048 };
/* Which symbol a code point has: open addressing, code point << LM_BITS | symbol; 0: free. */
typedef struct LmAlphabet {
  size_t nletters;
  uint32_t letter[LM_MAX_LETTERS];     /* [nletters] code points by symbol, from 256 on; ascending */
  uint32_t slot[LM_LETTER_SLOTS];
} LmAlphabet;

/* 0; -1 if the letters are no ascending list of code points past ASCII, or too many. */
int lm_alphabet_init(LmAlphabet *a, const uint32_t *letter, size_t n);

typedef struct LmEntry { uint16_t cost, back; } LmEntry;   /* units */

typedef struct Lm {
  atomic_int refs;
  int order;
  LmAlphabet alphabet;
  LmEntry first[LM_SYMBOLS + 1];       /* unigrams; that of LM_START has a back-off only */
  size_t nslots;
  uint64_t *slot;                      /* [nslots]; 0: free */
  Buf note;                            /* what the model says of itself: UTF-8, the caller's */
} Lm;

Lm *lm_ref(Lm *m);
void lm_unref(Lm *m);                  /* frees at the last one; NULL is left alone */

typedef struct LmScore {
  uint64_t units;                      /* sum over the text */
  size_t chars;                        /* code points; a byte that is no UTF-8 is one */
} LmScore;
/* O(len), allocates nothing. cost: NULL, or [text.len] filled with the units of each byte: all of a character's at its
** first one. */
LmScore lm_score(const Lm *m, Span text, uint32_t *cost);
/* Bits a character, and 2 to that: the perplexity. NaN of an empty text. */
double lm_bits(LmScore s);
double lm_perplexity(LmScore s);
/* The units of one symbol behind `n` symbols, oldest first. */
unsigned lm_cost(const Lm *m, const uint16_t *context, size_t n, unsigned symbol);

typedef struct LmWindow { size_t start, end; double bits; } LmWindow;   /* bytes; bits a character */
/* The part of `chars` characters that costs most (sign 1) or least (-1), the first of equals; a shorter text is one.
** cost: of lm_score. */
LmWindow lm_window(Span text, const uint32_t *cost, size_t chars, int sign);

/* ---- files ---- */

enum { LM_VERSION = 1 };
#define LM_MAGIC "TAMISLM"
/* The model's bytes: the same model, the same bytes on any machine. 0, or -1 if out of memory. */
int lm_write(const Lm *m, Buf *out);
/* Reads them, any bytes. NULL with err worded; name: what the message calls the file. */
Lm *lm_read(Span bytes, const char *name, Error *err);

#endif
