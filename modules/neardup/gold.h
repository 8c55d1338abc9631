/* modules/neardup/gold.h - which gold text does a text repeat? Every match is found, by proof.
**
** If J(x, y) >= t then x lacks at most (1 - t) |y| shingles of the gold text y. So of any s chosen
** shingles of y, x has at least s - (1 - t) |y|. The index holds for each y its rarest
** s = (1 - t) |y| + 8 (rare among the gold texts); a text is scanned once, the hits of each y
** are counted, and a y with 8 of them is verified by the exact Jaccard (verify.h). A bit
** filter in front answers for most shingles. Texts shorter than a shingle, and exact copies,
** are found by hash and compared byte by byte. An empty text repeats nothing. */
#ifndef TAMIS_GOLD_H
#define TAMIS_GOLD_H

#include "neardup/texts.h"

typedef struct GoldIndex GoldIndex;
typedef struct GoldRoom GoldRoom;   /* a worker's */

typedef struct GoldMatch {
  uint32_t twin;      /* the gold text; TEXT_NONE: no match */
  int exact;          /* the folded texts are the same */
  double jaccard;     /* 1 for an exact one */
} GoldMatch;

/* src must outlive the index; it is read by the worker that matches. NULL with err worded. */
GoldIndex *gold_new(const TextSource *src, unsigned shingle, double threshold, Error *err);
void gold_free(GoldIndex *g);                   /* NULL is left alone */
GoldRoom *gold_room_new(const GoldIndex *g, int worker);   /* NULL if out of memory */
void gold_room_free(GoldRoom *r);

/* The gold text that repeats it: an exact copy, else the match of highest Jaccard, the first of
** equals. text was cut by the index' shingle. 0, or -1 if out of memory. */
int gold_match(const GoldIndex *g, GoldRoom *r, const Grams *text, GoldMatch *out);
/* The same, but an exact copy or nothing. */
int gold_match_exact(const GoldIndex *g, GoldRoom *r, const Grams *text, GoldMatch *out);

#endif
