/* modules/neardup/verify.h - the exact Jaccard similarity of two texts' sets of shingles.
**
** A GramTable holds the distinct shingles of one text by open addressing. Another text is held
** against it by probing: hits are counted once each, and shingles that only the other has are
** put in for the time of the comparison, so that they too count once; nothing is sorted and no
** set of the other text is built. It ends early where the answer can no longer reach the floor.
** Near copies share long runs: where both texts are narrow, a shingle that is found is followed
** through both as far as they agree, and the whole run is counted by the bits of its places.
** Where a token is a hash, the code points or words are compared as well: no figure rests on a hash. */
#ifndef TAMIS_VERIFY_H
#define TAMIS_VERIFY_H

#include "neardup/grams.h"

typedef struct GramSlot {
  uint64_t token;
  uint32_t stamp;   /* below GramTable.base: free */
  uint32_t pos;     /* first shingle with that token; the top bit: of the other text */
} GramSlot;

enum { GRAM_BITMAP = 16 };   /* words */

typedef struct GramTable {
  GramSlot *slot;        /* [1 << made], of which [1 << bits] are in use */
  unsigned bits, made;
  uint32_t base;         /* stamps from here on are of the present text */
  uint32_t stamp;        /* of the present comparison */
  const Grams *of;       /* whose shingles these are; must outlive the comparisons */
  size_t distinct;
  uint64_t bitmap[GRAM_BITMAP];   /* each distinct shingle flips one bit */
  uint32_t *added;       /* [added_cap] slots lent to the other text */
  size_t added_cap;
  /* of a narrow text: */
  uint64_t *first;       /* [n] bits: the first of equal shingles stands here */
  uint64_t *seen;        /* [n] bits: the first ones that the other text has */
  uint32_t *same;        /* [n] where the first one stands; set where it is another */
  size_t place_cap;
} GramTable;

/* A zeroed table is empty. Fills it with the shingles of g. 0, or -1 if out of memory. */
int gram_table_fill(GramTable *t, const Grams *g);
void gram_table_free(GramTable *t);

/* Compares the table's text with `other`, cut into shingles of the same length. Returns 1 with
** the counts set when (double)common / all >= floor; 0 when not (the counts may then be unset,
** the walk having ended early); -1 if out of memory. */
int gram_table_compare(GramTable *t, const Grams *other, double floor, size_t *common,
                       size_t *all);

/* Can two texts of nx and ny distinct shingles with these bitmaps reach the floor? 0 is a proof
** that not: bits that differ are at most the shingles that only one has, and those must not be
** more than (1 - floor) / (1 + floor) of nx + ny. */
int gram_bitmap_allows(const uint64_t *x, size_t nx, const uint64_t *y, size_t ny, double floor);
/* The same by the bits alone: of two sets of bits [GRAM_BITMAP] that the shingles set or flip, and no fewer
** shingles than both texts have together. */
int gram_bits_allow(const uint64_t *x, const uint64_t *y, double shingles, double floor);

/* In one go. */
int grams_compare(const Grams *a, const Grams *b, double floor, size_t *common, size_t *all);

#endif
