/* modules/neardup/neardup.h - the duplicate stages on a view: verdicts for its standing rows.
** Sources marked trusted win: their rows are visited before all others (and are no exception in
** decontamination). Each returns NULL with err worded, or with err->text "" when interrupted. */
#ifndef TAMIS_NEARDUP_H
#define TAMIS_NEARDUP_H

#include "neardup/compared.h"
#include "neardup/decontaminate.h"
#include "neardup/exact.h"
#include "neardup/leaders.h"
#include "neardup/sweep.h"

enum {
  NEARDUP_FIELDS = 1u << FIELD_INPUT | 1u << FIELD_OUTPUT | 1u << FIELD_ALTERNATIVE,
  NEARDUP_ALL_FIELDS = NEARDUP_FIELDS | 1u << FIELD_SYSTEM
};

typedef struct TemplateBytes { size_t begin, end; } TemplateBytes;

/* What a run of leaders did, for the report. */
typedef struct NeardupCounts {
  size_t rows, candidates, verified, groups, largest;
  size_t masked;                       /* shingles left out because too many rows have them (mask.h) */
  ClusterFigures clusters;   /* of p->most_rows; its texts are rows of the corpus */
  uint32_t loosest_twin;     /* the row that clusters.loosest_of names */
  size_t open;               /* rows that may have a pair that was not looked at */
  size_t refuted, unknown;   /* as in Leaders */
  TemplateBytes shared[FIELD_COUNT];   /* what was left out of each field, in bytes of folded text */
} NeardupCounts;

typedef struct ExactStage {
  unsigned fields;
  int fold_flags;
  const double *rank;      /* one number a row of the corpus, the highest of equal rows is kept; NULL: the first */
  NeardupMemory *memory;   /* where to keep what a second visit needs; NULL: nowhere */
} ExactStage;
/* Reason exact_duplicate; evidence: the twin, Jaccard 1, and the fields that some row has. */
VerdictList *neardup_exact(const View *v, const ExactStage *e, Pool *pool, Error *err);
/* The same for rows visited again; e->memory is that of the first visit, and learns new rows. */
VerdictList *neardup_exact_again(const View *v, const ExactStage *e, const NeardupAgain *again, Pool *pool, Error *err);
/* Reason near_duplicate; metric jaccard of rejected rows; all verified pairs. p->first is set by
** the sources; p->rank, if any, is one number a row of the corpus. What all rows share
** by t is left out of the comparison. p->memory, if any, is filled. counts may be NULL. */
VerdictList *neardup_leaders(const View *v, unsigned fields, const LeaderParams *p,
                             const TemplateParams *t, Pool *pool, NeardupCounts *counts, Error *err);
/* The same for rows visited again; p->memory is that of the first visit, and learns new rows. */
VerdictList *neardup_leaders_again(const View *v, unsigned fields, const LeaderParams *p,
                                   const NeardupAgain *again, Pool *pool, Error *err);
/* What such a run left, in rows of the corpus: from a VerdictList, or a PairLayer of a view. */
typedef struct SweepEvidence {
  const VerifiedPair *pair;
  size_t npairs;
  const RowCluster *cluster;
  size_t nclusters;
  const ClusterMember *member;
  size_t nmembers;
} SweepEvidence;
/* Other thresholds for the same rows (sweep.h): those that stand in v must be those that the run saw, p and
** t what it was given; t->threshold stays that of the run. step [s->nsteps] in rows of the corpus, freed by
** sweep_free. 0; -1 with err worded; POOL_INTERRUPTED. */
int neardup_sweep(const View *v, unsigned fields, const LeaderParams *p, const TemplateParams *t,
                  const SweepEvidence *e, const SweepParams *s, Pool *pool, SweepStep *step, Error *err);
/* The same over a source whose texts are the rows; p->first and p->rank are of these. */
int neardup_sweep_texts(const View *v, const Rows *rows, const TextSource *src, const LeaderParams *p,
                        const SweepEvidence *e, const SweepParams *s, Pool *pool, SweepStep *step, Error *err);

/* The same of a finished run, whose texts are not at hand. */
enum { SWEEP_REACHED = 1, SWEEP_TRUSTED = 2 };   /* 0: the row did not reach the stage */
typedef struct SweepRows {
  uint32_t nrows;
  const uint8_t *reached;  /* [nrows] SWEEP_… */
  const double *rank;      /* [nrows] NULL: all alike */
} SweepRows;
enum { SWEEP_NEEDS_TEXTS = 1 };   /* a cluster is open, or the order goes by length: neardup_sweep can tell */
/* 0; SWEEP_NEEDS_TEXTS; -1 with err worded; POOL_INTERRUPTED. */
int neardup_sweep_rows(const SweepRows *of, const LeaderParams *p, const SweepEvidence *e, const SweepParams *s,
                       SweepStep *step, Error *err);

/* The gold row whose input alone took the most rows, the first of equals; rows 0: none did. */
typedef struct GoldTaker { uint32_t gold; size_t rows; } GoldTaker;

typedef struct NeardupRecall {
  size_t pairs;      /* at the threshold or above, by the exact join; copies of a text left out */
  size_t proposed;   /* of these, pairs that share a band */
  size_t copies;     /* rows that are the same as one before, once folded */
} NeardupRecall;
/* The share of pairs that p's sketches propose. 0, or -1 with err worded. */
int neardup_recall(const View *v, unsigned fields, const LeaderParams *p, Pool *pool,
                   NeardupRecall *out, Error *err);
/* Reasons gold_exact, gold_near; evidence as JSON, since the twin is a row of another corpus. most
** may be NULL. */
VerdictList *neardup_decontaminate(const View *v, const View *gold, const DecontaminateParams *p,
                                   Pool *pool, GoldTaker *most, Error *err);

/* The first standing row whose input with output, or input alone, is that of a gold row, folded. */
typedef struct GoldCopy { uint32_t row, gold; int input_alone; size_t rows; } GoldCopy;   /* rows: how many are */
/* 0 with rows 0 where there is none; -1 with err worded; POOL_INTERRUPTED. */
int neardup_gold_copy(const View *v, const View *gold, int input_alone, Pool *pool, GoldCopy *out, Error *err);

/* "input+output": names of the fields in the set that some standing row has; lives as long as the
** corpus. NULL if out of memory. */
const char *neardup_field_names(const View *v, unsigned fields);
/* An empty list of one reason, whose evidence names these fields; NULL with err worded. */
VerdictList *neardup_list(const View *v, unsigned fields, const char *reason, Error *err);

#endif
