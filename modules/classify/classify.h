/* modules/classify/classify.h - a linear classifier of texts over hashed n-grams (features.h), and its file.
**
** A piece of text with the buckets b[0..n) has the value  bias + sum(weight[b[i]]) / sqrt(n + pad),  that is, but for
** pad, a dot product with its counts brought to length one as if all were different, so that short and long pieces
** compare; pad draws the shortest to the bias, since a word or two prove little. A text is read in
** windows: whole sentences in a row, as many as have `window` words together, each beginning one sentence after the
** one before; so a text of fewer words is one piece. A sentence longer than a window is cut; each is also a piece by
** itself, so that what stands around a bad sentence does not hide it. Pieces of fewer than `least` words do not count:
** a word alone is a name, a role or a topic. The text's value is that of its worst piece; its score is
** 1 / (1 + exp(-(slope * value + offset))), a probability where slope and offset were fitted on texts held out
** (Platt, "Probabilistic outputs for support vector machines", 1999).
**
** The file, little-endian, all of it checked by classify_read:
**   "tamis classify 1\n"            magic and version
**   u32 bytes, the header           UTF-8 that people and scripts read; no meaning here
**   u8 bits, char_min, char_max, words; u32 window, pad, least
**   f64 unit, bias, slope, offset   finite; unit above 0
**   i8 weight[1 << bits]            a weight is  unit * q * |q|
**   u64 XXH3-64 of all before it */
#ifndef TAMIS_CLASSIFY_H
#define TAMIS_CLASSIFY_H

#include "classify/features.h"
#include "core/buf.h"
#include "core/error.h"

enum { CLASSIFY_MAX_WINDOW = 256, CLASSIFY_MAX_HEADER = 1 << 16, CLASSIFY_MAX_PAD = 1 << 16 };

/* How a text is read: scoring and the fit agree on it. */
typedef struct ClassifyReading {
  FeatureShape shape;
  uint32_t window;         /* words, 1 to CLASSIFY_MAX_WINDOW */
  uint32_t pad;            /* buckets, at most CLASSIFY_MAX_PAD */
  uint32_t least;          /* words of a piece that counts; at most window */
} ClassifyReading;

typedef struct Classify {
  ClassifyReading read;
  double unit, bias, slope, offset;
  int8_t *weight;          /* [1 << read.shape.bits] owned */
  char *header;            /* [header_len] owned */
  size_t header_len;
} Classify;

typedef struct ClassifyResult {
  double value;            /* before calibration; -HUGE_VAL of a text without a piece */
  double score;            /* 0 to 1; 0 of a text without a piece */
  size_t start, end;       /* bytes of the worst piece */
} ClassifyResult;

/* Linear in the text; any bytes; allocates nothing; any thread. */
ClassifyResult classify_text(const Classify *c, Span text);
double classify_score(const Classify *c, double value);

/* An empty classifier with room for its weights, all 0. NULL if out of memory. */
Classify *classify_new(const ClassifyReading *r, Span header);
void classify_free(Classify *c);   /* NULL is left alone */

int classify_write(const Classify *c, Buf *out);   /* appends the file; 0, or -1 if out of memory */
/* NULL with err worded: no such file, cut, changed, or a number that cannot be. Copies what it needs. */
Classify *classify_read(Span bytes, Error *err);

#endif
