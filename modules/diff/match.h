/* modules/diff/match.h - which rows of two sets are the same, which were edited, which are new.
**
** Rows are compared by their fields (system, input, output, alternative; a field that a row lacks is an
** empty one), so that files of different formats can be. Each row is matched with one row of the other
** side at most, by the first of these that finds one:
**
**   id       rows of equal names (a path, or an annotation), if names were given
**   content  rows of equal fields, by 128 bits of hash
**   folded   rows of equal fields once case and white space are folded (text/fold.h)
**   near     the pairs of highest exact Jaccard (near.h); not of two rows with different names
**
** Sides are multisets: of three equal rows in A and two in B two pairs are the same, and one row is
** gone. Of rows that could change places those of equal bytes go together, then in the order of their
** identities; so the order of the rows of a side changes nothing, nor does the number of threads. */
#ifndef TAMIS_DIFF_MATCH_H
#define TAMIS_DIFF_MATCH_H

#include "core/error.h"
#include "core/pool.h"
#include "corpus/view.h"
#include "diff/near.h"

enum { DIFF_NONE = 0xFFFFFFFFu };   /* no row */

/* The standing rows of a view. */
typedef struct DiffSide {
  View *view;            /* a reference */
  size_t n;
  uint32_t *row;         /* [n] rows of the corpus, ascending */
  Hash128 *content;      /* [n] */
  Hash128 *id;           /* [n] both halves 0: the row has none; NULL: no ids were asked for */
  char *key_name;        /* by which rows are grouped; NULL: none was asked for */
  uint32_t *key;         /* [nrows of the corpus] their values there, ids of its names; NAME_NONE: none */
} DiffSide;

typedef struct DiffIds { size_t with, distinct; } DiffIds;   /* rows that have a value; different values */

/* 0 with *s ready; -1 with err worded; POOL_INTERRUPTED; *s is empty unless 0. */
int diff_side_init(DiffSide *s, View *v, Pool *pool, Error *err);
/* Names the rows by a key (row_key). found may be NULL. 0; -1 with err worded; POOL_INTERRUPTED. */
int diff_side_ids(DiffSide *s, Span key, Pool *pool, DiffIds *found, Error *err);
/* Sets key, unless it is that already. 0; -1 with err worded; POOL_INTERRUPTED. */
int diff_side_key(DiffSide *s, Span key, Pool *pool, Error *err);
typedef struct DiffGroup { uint32_t id, rows; } DiffGroup;   /* id: NAME_NONE for rows without a value */
/* The groups of the rows by s->key, by id. *out is malloc'ed. 0, or -1 if out of memory. */
int diff_side_groups(const DiffSide *s, DiffGroup **out, size_t *n);
void diff_side_free(DiffSide *s);   /* frees and empties */

typedef enum DiffHow {
  DIFF_NEW,              /* no partner: of a row of A, it is gone */
  DIFF_SAME_ID,          /* same fields; found by the id */
  DIFF_SAME,             /* same fields */
  DIFF_EDITED_ID,        /* the id is the same and a field is not */
  DIFF_EDITED_FOLDED,    /* case or white space alone differ */
  DIFF_EDITED_NEAR,
  DIFF_HOW_COUNT
} DiffHow;

typedef struct DiffParams {
  int by_id;                 /* both sides must have ids */
  int by_near;               /* what is left is held against each other */
  NearParams near;
} DiffParams;

typedef struct DiffMatch {
  size_t na, nb;
  uint32_t *of_a, *of_b;     /* [na] the partner in B by its place there, [nb] that in A; DIFF_NONE */
  uint8_t *how;              /* [nb] DiffHow */
  float *jaccard;            /* [nb] of DIFF_EDITED_NEAR; NaN */
  size_t count[DIFF_HOW_COUNT];   /* of rows of B */
} DiffMatch;

/* 0; -1 with err worded; POOL_INTERRUPTED; *m is empty unless 0. */
int diff_match(const DiffSide *a, const DiffSide *b, const DiffParams *p, Pool *pool, DiffMatch *m, Error *err);
void diff_match_free(DiffMatch *m);   /* frees and empties */

/* How many pairs have a value of `from` in A and `to` in B, of each side's names. */
typedef struct DiffMove { uint32_t from, to, count; } DiffMove;
/* By the keys of both sides, those whose values are not the same: most frequent first. *out is malloc'ed. 0, or
** -1 if out of memory. */
int diff_moves(const DiffSide *a, const DiffSide *b, const DiffMatch *m, DiffMove **out, size_t *n);

/* The first `most` places of rows of a side in order of their identity, that are so: of B `how`; of A, with
** how DIFF_NEW, those that are gone. How many there are. */
size_t diff_examples(const DiffSide *s, const DiffMatch *m, int of_a, unsigned how, uint32_t *out, size_t most);

#endif
