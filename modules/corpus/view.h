/* modules/corpus/view.h - what a run knows about its rows, in layers.
**
** A view is a set of columns over all rows of a corpus. A stage never writes into a view: it
** makes a child that shares the columns it leaves alone and copies those it writes; on failure
** the child is dropped whole. Records of any length (verdicts, edits, pairs) stand in logs of
** the corpus, append-only; columns hold places in them, so siblings do not disturb each other.
**
**   status[n]   standing, rejected, quarantined
**   verdict[n]  first record of the row in the verdict log; records of one row lie together
**   metric m    double[n], NaN where a stage did not look
**   annotation  uint32_t[n] ids in corpus->names
**   edit[n]     first edit of the row, only once anything was edited                         */
#ifndef TAMIS_VIEW_H
#define TAMIS_VIEW_H

#include "corpus/corpus.h"
#include "corpus/rowop.h"

typedef enum Status { STATUS_STANDING, STATUS_REJECTED, STATUS_QUARANTINED } Status;

typedef enum EvidenceKind {
  EVIDENCE_NONE, EVIDENCE_THRESHOLD, EVIDENCE_TWIN, EVIDENCE_DETAIL, EVIDENCE_JSON
} EvidenceKind;

enum { PLACE_NONE = 0xFFFFFFFFu };   /* no record */

typedef struct Verdict {
  uint32_t row;
  uint32_t reason;       /* names id */
  uint32_t field;        /* names id: "input", "input+output" */
  uint32_t twin;         /* EVIDENCE_TWIN: the kept row */
  double value;          /* threshold: what was measured; twin: the Jaccard or cosine */
  double threshold;      /* EVIDENCE_TWIN: the Jaccard or cosine with `via`; without one the other of both, which
                         ** confirmed it, or NaN */
  char *blob;            /* EVIDENCE_DETAIL: text; EVIDENCE_JSON: a JSON object; in the log's arena */
  uint32_t blob_len;
  uint32_t via;          /* EVIDENCE_TWIN: the row through which the twin was reached, from 1; 0: none */
  uint16_t stage;        /* names-independent: index into the stage list given to corpus_stage */
  uint8_t kind;          /* EvidenceKind */
  uint8_t measure : 1;   /* EVIDENCE_TWIN: 0 jaccard, 1 cosine */
  uint8_t more : 1;      /* the next record is this row's too (`also`) */
  uint8_t quarantine : 1;
} Verdict;

/* Verdicts of a corpus stage, made by kernels, one a row at most. */
typedef struct VerdictEntry {
  uint32_t row, twin;    /* twin PLACE_NONE: none */
  double value, threshold;   /* with a twin: threshold as in Verdict */
  uint32_t reason;       /* index into VerdictList.reasons */
  int32_t blob;          /* index into blobs (JSON objects); -1: none */
  int32_t quarantine;    /* 1: the stage could not decide; the row is quarantined */
  uint32_t via;          /* the row through which the twin was reached, from 1; 0: none */
} VerdictEntry;

typedef struct VerifiedPair { uint32_t a, b; double value; } VerifiedPair;   /* a < b in row order */

/* Rows that are copies of one kept row, and that row: the cluster's name. One that is not complete may
** have pairs that were not looked at, with rows of other such clusters too. */
typedef struct RowCluster {
  uint32_t row, rows;    /* the kept row; how many rows, with it */
  uint32_t complete;     /* 1 or 0 */
  double loosest;        /* lowest value of a rejected row with the kept one; NaN: it has none */
} RowCluster;
typedef struct ClusterMember { uint32_t row, cluster; } ClusterMember;   /* cluster: its kept row */

enum { VERDICTS_MAX_REASONS = 64 };

typedef struct VerdictList {
  size_t n, cap;
  VerdictEntry *entry;      /* [n], any order; applied in row order */
  const char *reasons[VERDICTS_MAX_REASONS];   /* NULL behind the last; they live as long as the list */
  const char *field;        /* evidence field of twins: "input+output" */
  int measure;              /* 0 jaccard, 1 cosine */
  size_t nblobs;
  Span *blobs;              /* [nblobs] owned */
  size_t npairs;
  VerifiedPair *pairs;      /* [npairs] verified pairs for the ledger */
  size_t nclusters, nmembers;
  RowCluster *clusters;     /* [nclusters] by row: those of two rows, and those that are not complete */
  ClusterMember *members;   /* [nmembers] by row: the rows of these */
  double *metric;           /* [nrows] or NULL: one metric column */
  const char *metric_name;
  int again;                /* of rows visited again: pairs join those that the stage left before */
} VerdictList;
#define VERDICTS_TYPE "tamis.verdicts"   /* userdata: a VerdictList *, freed by verdicts_free */
VerdictList *verdicts_new(void);
int verdicts_add(VerdictList *v, VerdictEntry e);
int verdicts_add_blob(VerdictList *v, Span json);     /* copies; its index, or -1 */
int verdicts_add_pair(VerdictList *v, VerifiedPair p);
void verdicts_free(VerdictList *v);

typedef struct Column Column;   /* refcounted array, view.c */
typedef struct ViewColumn { char *name; Column *col; } ViewColumn;

/* The verified pairs that one stage left, sorted; the pairs of the stages before it follow. */
typedef struct PairLayer {
  atomic_int refs;
  struct PairLayer *before;
  uint16_t stage;
  size_t n, nclusters, nmembers;
  RowCluster *cluster;   /* as in VerdictList */
  ClusterMember *member;
  VerifiedPair pair[];
} PairLayer;

/* What a stage hands to those behind it: vectors, say. Views share it; whoever holds a reference may read it. Its
** maker puts this first in a struct of his own and sets refs to 1. */
typedef struct Attached {
  atomic_int refs;
  const char *type;      /* "vectors": whoever asks for it by this name knows the struct */
  void (*destroy)(struct Attached *);
} Attached;
Attached *attached_ref(Attached *a);     /* returns a */
void attached_unref(Attached *a);        /* NULL is left alone */

struct View {
  atomic_int refs;
  Corpus *corpus;
  Column *status;        /* uint8_t[nrows] */
  Column *verdict;       /* uint32_t[nrows] into the verdict log */
  Column *edit;          /* uint32_t[nrows] into the edit log; NULL: nothing edited */
  size_t nmetrics;
  ViewColumn *metric;        /* "length.input_tokens" */
  size_t nannotations;
  ViewColumn *annotation;    /* "topic" */
  PairLayer *pairs;      /* of the last stage that left any; NULL: none */
  struct AttachedLayer *attached;   /* the last that was attached; NULL: none */
  size_t standing, rejected, quarantined;             /* add up to corpus->nrows */
};

View *view_new(Corpus *c);     /* the first layer: rows not ROW_OK are rejected by stage "load". Takes a reference of c. NULL if out of memory */
View *view_ref(View *v);
void view_unref(View *v);

/* The number of a stage's name (16 bits), made when new; stage_name gives it back. "load" is 0. */
int corpus_stage(Corpus *c, Span name);
const char *corpus_stage_name(const Corpus *c, uint16_t stage);

Status view_status(const View *v, uint32_t row);
const Verdict *view_verdict(const View *v, uint32_t row);   /* the deciding one; NULL if standing. Its `also` follow while .more */
int verdict_evidence(const View *v, const Verdict *d, Buf *out);   /* the JSON object of its evidence */
const PairLayer *view_pairs(const View *v, uint16_t stage);   /* what that stage left; NULL: nothing */
const double *view_metric(const View *v, Span name);        /* [nrows]; NULL if there is none */
uint32_t view_annotation(const View *v, Span name, uint32_t row);   /* names id, NAME_NONE if none */
const uint32_t *view_annotation_column(const View *v, Span name);   /* [nrows] names ids; NULL if there is none */

/* Edits of a row in order of their place: a string's start, and its new text. Behind them lie the
** earlier ones that another stage's edit of the same string replaced, oldest first. */
typedef struct Edit {
  uint32_t start, raw_len;
  uint32_t left;         /* edits of this row from this one on; set by the log */
  uint16_t stage;        /* who made it (corpus_stage_name) */
  uint16_t replaced;     /* how many replaced ones lie behind the row's edits; set by the log */
  Span text;
  Span spans;            /* what it replaced, as JSON (out_edit_spans); ptr NULL: the stage did not say */
} Edit;
size_t view_edits(const View *v, uint32_t row, const Edit **out);   /* how many; *out [n], latest text a string */
/* The replaced ones: how many; *out [n]. */
size_t view_replaced(const View *v, uint32_t row, const Edit **out);
/* Adds to count[stage] each row of which that stage changed a text, whatever became of the row. */
void view_edited_by(const View *v, uint32_t *count, size_t nstages);
size_t corpus_stages(const Corpus *c);                              /* how many there are */
size_t view_edited(const View *v);                                  /* standing rows with an edit */

/* Runs a group of row operators over the standing rows (or over rows[0..nrows), ascending) and
** returns the child view; NULL with err worded, or interrupted (err->text ""). stage[i] is the
** stage number of ops[i]. Same result for any number of threads. */
View *view_run_group(const View *v, Pool *pool, RowOp *const *ops, const uint16_t *stage,
                     size_t nops, const uint32_t *rows, size_t nrows, Error *err);

/* What an operator of a group took, as a sample of the rows tells: one in GROUP_SAMPLE, of more than
** GROUP_MANY rows one in GROUP_SAMPLE_MANY, chosen by a hash of their numbers, is timed operator by
** operator. What an operator is first to ask of a row (its decoded text) counts as its own. Rows during which the thread waited for a processor are left out. */
enum { GROUP_SAMPLE = 16, GROUP_SAMPLE_MANY = 512, GROUP_MANY = 50000 };
typedef struct GroupTime {
  double seconds;     /* over the sampled rows, of all threads */
  uint64_t calls;     /* sampled rows that it was called on */
} GroupTime;
/* The same, with times [nops + 1] added to; the last one is what a row costs beside its operators. */
View *view_run_group_timed(const View *v, Pool *pool, RowOp *const *ops, const uint16_t *stage, size_t nops,
                           const uint32_t *rows, size_t nrows, GroupTime *times, Error *err);

/* A child with the list's verdicts on standing rows. NULL with err worded, also for a row that
** does not exist and for two verdicts on one row. */
View *view_apply(const View *v, uint16_t stage, const VerdictList *list, Error *err);
/* A child with one annotation column replaced: ids[nrows] of corpus->names. */
View *view_annotate(const View *v, Span name, const uint32_t *ids, Error *err);

/* A child with one metric column replaced: values[nrows], NaN for a row without one. */
View *view_measure(const View *v, Span name, const double *values, Error *err);

/* A child that has the object too, under that name; it takes a reference. An earlier one of the name is hidden. */
View *view_attach(const View *v, Span name, Attached *object, Error *err);
/* The object of that name, or, where the name is empty, the last of that type. It belongs to the view. NULL: there
** is none, or the one of that name is of another type. */
Attached *view_attached(const View *v, Span name, const char *type);

/* Standing rows in row order into out[v->standing]. */
void view_standing(const View *v, uint32_t *out);

#endif
