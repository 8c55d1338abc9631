/* modules/neardup/judge.h - judges one group of texts (lsh.h) by leader; see leaders.h.
** Inside the module only. */
#ifndef TAMIS_JUDGE_H
#define TAMIS_JUDGE_H

#include "neardup/leaders.h"
#include "neardup/lsh.h"
#include "neardup/verify.h"

/* What all workers share. A worker writes twin and jaccard of its own group's texts alone. */
typedef struct Judge {
  const TextSource *src;
  const LeaderParams *p;
  size_t stride;
  const uint32_t *keys;     /* [n][stride] */
  const uint64_t *hash;     /* [n] of the folded text */
  const uint32_t *shingles; /* [n] repeated ones counted */
  uint32_t *twin;           /* [n] result */
  double *jaccard;          /* [n] result */
  size_t patience;          /* looks at kept texts, for each text kept or to come, before a group gets an index
                            ** of rare shingles (rare.h): speed alone depends on it; JUDGE_PATIENCE */
} Judge;

enum { JUDGE_PATIENCE = 2048 };   /* about what the index costs a text, in looks of 10 ns */

typedef struct JudgeRoom JudgeRoom;   /* a worker's */
JudgeRoom *judge_room_new(int worker);          /* NULL if out of memory */
void judge_room_free(JudgeRoom *r);             /* NULL is left alone */

/* Judges text[0..n), in visiting order. 0, -1 if out of memory, POOL_INTERRUPTED. */
int judge_group(const Judge *j, JudgeRoom *r, const uint32_t *text, size_t n);

/* What the worker has gathered over all its groups. */
const TextPair *judge_pairs(const JudgeRoom *r, size_t *n);
/* Added to the counts of l. */
void judge_counts(const JudgeRoom *r, Leaders *l);

#endif
