/* modules/neardup/join_groups.h - one window of the exact join (join.h): which of its pairs may
** match. Inside the module only. */
#ifndef TAMIS_JOIN_GROUPS_H
#define TAMIS_JOIN_GROUPS_H

#include "neardup/join.h"
#include "neardup/verify.h"

enum { JOIN_BLOCK_BITS = 64 * GRAM_BITMAP, JOIN_SCALES = 7 };

/* Texts from the fewest distinct shingles to the most; a place is an index here. */
typedef struct JoinTexts {
  size_t n;
  uint32_t *text;       /* [n] place in the source */
  uint32_t *size;       /* [n] distinct shingles, ascending */
  uint32_t *lowest;     /* [n] first place that is large enough to match this one */
  uint64_t *bits;       /* bitmaps, one behind the other: larger texts have no smaller ones */
  uint8_t *scale;       /* [n] a bitmap has 1 << scale blocks of JOIN_BLOCK_BITS */
  size_t first[JOIN_SCALES], base[JOIN_SCALES];   /* first place of a scale; words of bits before it */
  uint8_t *centre;      /* [n] or NULL */
} JoinTexts;

static inline const uint64_t *join_bits(const JoinTexts *t, size_t place) {
  const unsigned scale = t->scale[place];
  return t->bits + t->base[scale] + ((place - t->first[scale]) * GRAM_BITMAP << scale);
}

typedef struct JoinChunk JoinChunk;

typedef struct JoinWorker {
  uint64_t *pair;             /* [pair_slots] open addressing: lower place << 32 | higher; 0: free */
  size_t pair_slots, npairs;
  Grams grams;
  uint32_t *hash;             /* [2 * hash_cap + 8] */
  size_t hash_cap;
  JoinChunk *chunk;           /* room for hashes of texts */
  struct JoinRoom *room;      /* for groups */
} JoinWorker;

typedef struct JoinWindow {
  const TextSource *src;
  const JoinTexts *texts;
  Pool *pool;
  int threads;
  unsigned shingle;
  double threshold;
  size_t room;
  JoinWay way;
  SimdPath path;
  JoinWorker *worker;         /* [threads] */
  size_t passes;              /* of the last window */
  /* the present window */
  size_t begin, fresh, end;   /* places; pairs among [begin, fresh) were seen before */
  uint32_t groups, first, last;   /* m, and those of the present slice */
  uint32_t **token;           /* [end - begin] sorted distinct hashes of the slice */
  uint32_t *tokens;           /* [end - begin] how many */
  size_t cap;
} JoinWindow;

int join_begin(JoinWindow *w);   /* 0, or -1 if out of memory */
void join_end(JoinWindow *w);
/* Candidates among places [begin, end), one of them in [fresh, end), into the workers' pairs.
** 0, -1, POOL_INTERRUPTED. */
int join_window(JoinWindow *w, size_t begin, size_t fresh, size_t end);
void join_forget(JoinWindow *w);   /* the pairs */

#endif
