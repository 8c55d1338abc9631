/* modules/neardup/neardup.c - see neardup.h */
#include "neardup/neardup.h"

#include <math.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "core/spill.h"
#include "corpus/evidence.h"
#include "neardup/compared.h"
#include "neardup/join.h"
#include "neardup/leaders_exact.h"
#include "neardup/marks.h"
#include "neardup/mask.h"
#include "neardup/recall.h"
#include "text/chars.h"

/* Where runs of a gold question are looked for. */
enum { ROW_FIELDS = (1u << FIELD_COUNT) - 1 };

const char *neardup_field_names(const View *v, unsigned fields) {
  const Corpus *c = v->corpus;
  unsigned found = 0;
  for (uint32_t row = 0; row < c->nrows && found != fields; row++) {
    if (view_status(v, row) != STATUS_STANDING) continue;
    const StringRef *s = corpus_row_strings(c, row);
    for (unsigned i = 0; i < c->rows[row].nstrings; i++) {
      if (s[i].field < FIELD_COUNT) found |= 1u << s[i].field & fields;
      if (s[i].flags & STRING_ASSISTANT) found |= 1u << FIELD_ASSISTANT & fields;
    }
  }
  if (found == 0) found = fields;
  char text[64] = "";
  for (unsigned f = 0; f < FIELD_COUNT; f++) {
    if (!(found >> f & 1)) continue;
    if (text[0] != '\0') strcat(text, "+");
    strcat(text, field_name((Field)f));   /* all five take 43 bytes */
  }
  uint32_t id = names_intern(c->names, span_str(text));
  return id == NAME_FAIL ? NULL : names_text(c->names, id);
}

VerdictList *neardup_list(const View *v, unsigned fields, const char *reason, Error *err) {
  VerdictList *list = verdicts_new();
  if (list != NULL) {
    list->reasons[0] = reason;
    list->field = neardup_field_names(v, fields);
    if (list->field != NULL) return list;
    verdicts_free(list);
  }
  error_memory(err);
  return NULL;
}

static int add_twin(VerdictList *list, uint32_t row, uint32_t twin, double jaccard) {
  VerdictEntry e = { .row = row, .twin = twin, .value = jaccard, .threshold = NAN, .blob = -1 };
  return verdicts_add(list, e);
}

/* ---- exact ---- */

/* Is row i rather kept than k, a row of the same text? */
static int rather_kept(const Rows *rows, const double *rank, size_t i, size_t k) {
  if (rows->barred != NULL && rows->barred[i] != rows->barred[k]) return rows->barred[k];
  if (rows->first != NULL && rows->first[i] != rows->first[k]) return rows->first[i] > rows->first[k];
  double a = rank != NULL ? rank[rows->row[i]] : 0, b = rank != NULL ? rank[rows->row[k]] : 0;
  a = isnan(a) ? -INFINITY : a;
  b = isnan(b) ? -INFINITY : b;
  return a != b ? a > b : i < k;
}

/* Gives each set of equal texts the kept row that it should have; none if all are barred. */
static int choose_kept(const Rows *rows, const double *rank, uint32_t *twin) {
  uint32_t *best = malloc((rows->n + 1) * sizeof *best);
  if (best == NULL) return -1;
  for (uint32_t i = 0; i < rows->n; i++) best[i] = i;
  for (uint32_t i = 0; i < rows->n; i++)
    if (twin[i] != TEXT_NONE && rather_kept(rows, rank, i, best[twin[i]])) best[twin[i]] = i;
  for (uint32_t i = 0; i < rows->n; i++) {
    uint32_t kept = best[twin[i] != TEXT_NONE ? twin[i] : i];
    twin[i] = kept == i || (rows->barred != NULL && rows->barred[kept]) ? TEXT_NONE : kept;
  }
  free(best);
  return 0;
}

/* Twins of the rows, and, if a memory is given, their keys to it. */
static int exact_twins(const View *v, const Rows *rows, const ExactStage *e, uint32_t *twin, Pool *pool, Error *err) {
  ExactParams p = { .first = rows->first };
  ViewTexts texts;
  size_t rejected;
  uint32_t *row = NULL;
  int r = 0;
  if (e->memory != NULL) {
    p.keys = spill_alloc((rows->n + 1) * sizeof *p.keys);
    row = malloc((rows->n + 1) * sizeof *row);
    if (p.keys == NULL || row == NULL) r = error_memory(err);
    else memcpy(row, rows->row, rows->n * sizeof *row);
  }
  if (view_texts_init(&texts, v, rows->row, rows->n, e->fields, e->fold_flags, pool) != 0) r = error_memory(err);
  if (r == 0) r = exact_find(&texts.source, &p, pool, twin, &rejected, err);
  view_texts_free(&texts);
  if (r != 0 || e->memory == NULL) {
    free(row);
    spill_free(p.keys);
    return r;
  }
  e->memory->bands = 1;
  e->memory->stride = 1;
  return neardup_memory_add(e->memory, row, p.keys, rows->n) == 0 ? 0 : error_memory(err);
}

static int exact_list(VerdictList *list, const View *v, const Rows *rows, const ExactStage *e, Pool *pool, Error *err) {
  uint32_t *twin = malloc((rows->n + 1) * sizeof *twin);
  if (twin == NULL) return error_memory(err);
  int r = exact_twins(v, rows, e, twin, pool, err);
  if (r == 0 && (e->rank != NULL || rows->again != NULL) && choose_kept(rows, e->rank, twin) != 0) r = error_memory(err);
  for (size_t i = 0; r == 0 && i < rows->n; i++)
    if (twin[i] != TEXT_NONE && is_judged(rows, i) && add_twin(list, rows->row[i], rows->row[twin[i]], 1) != 0)
      r = error_memory(err);
  free(twin);
  return r;
}

VerdictList *neardup_exact(const View *v, const ExactStage *e, Pool *pool, Error *err) {
  Rows rows;
  VerdictList *list = neardup_list(v, e->fields, "exact_duplicate", err);
  if (list == NULL) return NULL;
  int r = rows_of(&rows, v, err);
  if (r == 0) r = exact_list(list, v, &rows, e, pool, err);
  rows_free(&rows);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
}

/* Gives the memory the keys of rows that come from an earlier stage and that it never saw. */
static int exact_new(const View *v, const ExactStage *e, const NeardupAgain *again, Pool *pool, Error *err) {
  Rows rows = { .row = malloc((again->n + 1) * sizeof *rows.row) };
  uint32_t *twin = malloc((again->n + 1) * sizeof *twin);
  int r = rows.row == NULL || twin == NULL ? error_memory(err) : 0;
  if (r == 0) rows.n = neardup_memory_lacks(e->memory, again->row, again->n, rows.row);
  if (r == 0 && rows.n > 0) r = exact_twins(v, &rows, e, twin, pool, err);
  free(twin);
  rows_free(&rows);
  return r;
}

VerdictList *neardup_exact_again(const View *v, const ExactStage *e, const NeardupAgain *again, Pool *pool, Error *err) {
  Rows rows = { .row = NULL };
  ExactStage mine = *e;
  VerdictList *list = neardup_list(v, e->fields, "exact_duplicate", err);
  if (list == NULL) return NULL;
  list->again = 1;
  mine.memory = NULL;
  int r = exact_new(v, e, again, pool, err);
  if (r == 0) r = (rows.row = malloc((e->memory->n + 1) * sizeof *rows.row)) == NULL ? error_memory(err) : 0;
  if (r == 0) r = neardup_memory_near(e->memory, v, again->row, again->n, pool, rows.row, &rows.n);
  if (r == 0 && rows_again(&rows, v, again) != 0) r = error_memory(err);
  if (r == 0) r = exact_list(list, v, &rows, &mine, pool, err);
  if (r == -1 && err->text[0] == '\0') error_memory(err);
  rows_free(&rows);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
}

/* ---- leaders ---- */

/* The cosines that confirmed the verdicts, into their evidence. */
static void add_cosines(VerdictList *list, const LeaderParams *p) {
  const Vectors *v = p->vectors;
  for (size_t i = 0; v != NULL && i < list->n; i++) {
    VerdictEntry *e = &list->entry[i];
    e->threshold = vectors_cosine(v, v->slot[e->row], v->slot[e->twin]);
  }
}

static int count_leaders(NeardupCounts *counts, const Compared *c, const Leaders *l, Error *err) {
  *counts = (NeardupCounts){ .rows = c->rows.n, .candidates = l->candidates, .verified = l->verified,
                             .groups = l->groups, .largest = l->largest, .masked = mask_count(c->mask),
                             .refuted = l->refuted, .unknown = l->unknown };
  for (int f = 0; f < FIELD_COUNT; f++)
    counts->shared[f] = (TemplateBytes){ c->shared.field[f].begin_len, c->shared.field[f].end_len };
  ClusterFigures *figures = &counts->clusters;
  if (cluster_figures(l->twin, l->jaccard, l->n, c->p.most_rows, figures) != 0) return error_memory(err);
  if (figures->largest_of != TEXT_NONE) figures->largest_of = c->rows.row[figures->largest_of];
  if (figures->loosest_of != TEXT_NONE) {
    counts->loosest_twin = c->rows.row[l->twin[figures->loosest_of]];
    figures->loosest_of = c->rows.row[figures->loosest_of];
  }
  for (size_t i = 0; i < l->n; i++) counts->open += l->open[i];
  return 0;
}

static int leaders_list(VerdictList *list, const View *v, unsigned fields, const LeaderParams *p,
                        const TemplateParams *t, Pool *pool, NeardupCounts *counts, Error *err) {
  Compared c;
  Leaders leaders = { 0 };
  int r = compared_open(&c, v, fields, p, t, pool, err);
  if (r == 0) r = (c.p.exact ? leaders_exact : leaders_find)(&c.texts.source, &c.p, pool, &leaders, err);
  if (r == 0) r = leaders_verdicts(list, v, &c.rows, &leaders, "jaccard", err);
  if (r == 0) add_cosines(list, p);
  if (r == 0 && counts != NULL) r = count_leaders(counts, &c, &leaders, err);
  if (r == 0 && c.p.keep_keys) r = compared_remember(&c, &leaders, err);
  leaders_free(&leaders);
  compared_close(&c);
  return r;
}

VerdictList *neardup_leaders(const View *v, unsigned fields, const LeaderParams *p,
                             const TemplateParams *t, Pool *pool, NeardupCounts *counts, Error *err) {
  VerdictList *list = neardup_list(v, fields, "near_duplicate", err);
  if (list == NULL) return NULL;
  if (leaders_list(list, v, fields, p, t, pool, counts, err) == 0) return list;
  verdicts_free(list);
  return NULL;
}

static int again_list(VerdictList *list, const View *v, unsigned fields, const LeaderParams *p,
                      const NeardupAgain *again, Pool *pool, Error *err) {
  Compared c;
  Leaders leaders = { 0 };
  int r = compared_again(&c, v, fields, p, again, pool, err);
  if (r == 0) r = (p->exact ? leaders_exact : leaders_find)(&c.texts.source, &c.p, pool, &leaders, err);
  if (r == 0) r = leaders_verdicts(list, v, &c.rows, &leaders, "jaccard", err);
  if (r == 0) add_cosines(list, p);
  leaders_free(&leaders);
  compared_close(&c);
  return r;
}

VerdictList *neardup_leaders_again(const View *v, unsigned fields, const LeaderParams *p,
                                   const NeardupAgain *again, Pool *pool, Error *err) {
  VerdictList *list = neardup_list(v, fields, "near_duplicate", err);
  if (list == NULL) return NULL;
  list->again = 1;
  if (again_list(list, v, fields, p, again, pool, err) == 0) return list;
  verdicts_free(list);
  return NULL;
}

/* ---- recall ---- */

int neardup_recall(const View *v, unsigned fields, const LeaderParams *p, Pool *pool,
                   NeardupRecall *out, Error *err) {
  JoinParams join = { .shingle = p->shingle, .threshold = p->threshold, .path = p->path };
  Rows rows;
  ViewTexts texts = { 0 };
  Mask *mask = NULL;
  Join found = { 0 };
  *out = (NeardupRecall){ 0 };
  int r = rows_of(&rows, v, err);
  if (r == 0 && view_texts_init(&texts, v, rows.row, rows.n, fields, 0, pool) != 0) r = error_memory(err);
  if (r == 0) r = compared_set(&texts, p, pool, &mask, err);
  if (r == 0) r = join_find(&texts.source, &join, pool, &found, err);
  if (r == 0) r = recall_count(&texts.source, p, found.pair, found.npairs, &out->proposed);
  out->pairs = found.npairs;
  for (size_t i = 0; r == 0 && i < found.n; i++) out->copies += found.same[i] != TEXT_NONE;
  join_free(&found);
  mask_free(mask);
  view_texts_free(&texts);
  rows_free(&rows);
  return r == 0 ? 0 : -1;
}

/* ---- decontaminate ---- */

static int gold_evidence(Buf *b, const Corpus *gold, const GoldVerdict *g) {
  const RowRec *r = &gold->rows[g->match.twin];
  b->len = 0;
  Span field = span_str(g->input_alone ? "input" : "input+output");
  Span path = span_str(gold->sources[r->source].path);
  return buf_str(b, "{\"field\":") != 0 || json_out_string(b, field) != 0 ||
         buf_str(b, ",\"twin\":{\"source\":") != 0 || json_out_string(b, path) != 0 ||
         buf_printf(b, ",\"line\":%u},\"jaccard\":", r->line) != 0 ||
         evidence_number(b, g->match.jaccard) != 0 || buf_char(b, '}') != 0 ? -1 : 0;
}

/* 0; -1: out of memory. */
static int gold_most(const GoldVerdict *found, size_t n, size_t ngold, GoldTaker *most) {
  size_t *taken = calloc(ngold + 1, sizeof *taken);
  *most = (GoldTaker){ 0 };
  if (taken == NULL) return -1;
  for (size_t i = 0; i < n; i++)
    if (found[i].match.twin != TEXT_NONE && found[i].input_alone) taken[found[i].match.twin]++;
  for (size_t g = 0; g < ngold; g++)
    if (taken[g] > most->rows) *most = (GoldTaker){ (uint32_t)g, taken[g] };
  free(taken);
  return 0;
}

/* Evidence of a run of words: the figures, and where the longest run stands in the row. */
static int overlap_evidence(Buf *b, const View *v, Scratch *scratch, uint32_t index, const Corpus *gold,
                            const RowRec *twin, const OverlapMatch *m, double threshold) {
  Row row = scratch_begin(scratch, v, index);
  RowString *string;
  WordsPlace at;
  Buf path = { 0 };
  size_t n = row_strings_of(&row, ROW_FIELDS, &string);
  if (string == NULL || m->string >= n || words_place(string[m->string].text, m->first, m->last, &at) != 0) return -1;
  Span text = string[m->string].text;
  size_t start = chars_count(text.ptr, at.begin);
  b->len = 0;
  int bad = row_string_path(&row, string[m->string].start, &path) != 0 || buf_str(b, "{\"field\":") != 0 ||
            json_out_string(b, span_str(field_name((Field)string[m->string].field))) != 0 ||
            buf_str(b, ",\"twin\":{\"source\":") != 0 ||
            json_out_string(b, span_str(gold->sources[twin->source].path)) != 0 ||
            buf_printf(b, ",\"line\":%u},\"overlap\":", twin->line) != 0 || evidence_number(b, m->overlap) != 0 ||
            buf_str(b, ",\"threshold\":") != 0 || evidence_number(b, threshold) != 0 ||
            buf_str(b, ",\"coverage\":") != 0 || evidence_number(b, m->coverage) != 0 ||
            buf_printf(b, ",\"longest\":%u", m->longest) != 0 ||
            (!isnan(m->answer) && (buf_str(b, ",\"answer\":") != 0 || evidence_number(b, m->answer) != 0)) ||
            buf_str(b, ",\"matched\":{\"path\":") != 0 || json_out_string(b, buf_span(&path)) != 0 ||
            buf_printf(b, ",\"start\":%zu,\"end\":%zu}}", start,
                       start + chars_count(text.ptr + at.begin, at.end - at.begin)) != 0;
  buf_free(&path);
  return bad ? -1 : 0;
}

/* What was found of the rows, and how the gold set says it. */
typedef struct GoldFound {
  const View *view, *gold;
  uint32_t *gold_rows;     /* [gold->standing] */
  GoldVerdict *copy;       /* [rows] */
  OverlapMatch *overlap;   /* [rows]; NULL: not looked for */
  Scratch *scratch;
  Buf json;
} GoldFound;

enum { GOLD_EXACT, GOLD_NEAR, GOLD_CONTAINED, GOLD_OVERLAP };

static int add_gold_verdict(VerdictList *list, GoldFound *f, uint32_t row, size_t i, const DecontaminateParams *p) {
  const GoldVerdict *g = &f->copy[i];
  const OverlapMatch *m = f->overlap != NULL ? &f->overlap[i] : NULL;
  VerdictEntry e = { .row = row, .twin = PLACE_NONE, .value = g->match.jaccard, .threshold = NAN };
  if (m != NULL) list->metric[row] = m->best;
  if (g->match.twin != TEXT_NONE) {
    e.reason = g->match.exact ? GOLD_EXACT : GOLD_NEAR;
    if (gold_evidence(&f->json, f->gold->corpus, g) != 0) return -1;
  } else if (m != NULL && m->gold != TEXT_NONE) {
    const Corpus *gold = f->gold->corpus;
    double threshold = m->overlap >= p->overlap->threshold ? p->overlap->threshold : p->overlap->with_answer;
    e.reason = m->contained ? GOLD_CONTAINED : GOLD_OVERLAP;
    e.value = m->overlap;
    if (overlap_evidence(&f->json, f->view, f->scratch, row, gold, &gold->rows[f->gold_rows[m->gold]], m, threshold) != 0)
      return -1;
  } else {
    return 0;
  }
  e.blob = verdicts_add_blob(list, buf_span(&f->json));
  return e.blob < 0 ? -1 : verdicts_add(list, e);
}

static int find_overlap(GoldFound *f, const Rows *rows, const DecontaminateParams *p, Pool *pool, Error *err) {
  ViewTexts text, question, answer;
  int r = view_strings_init(&text, f->view, rows->row, rows->n, ROW_FIELDS, pool);
  if (r == 0) {
    r = view_strings_init(&question, f->gold, f->gold_rows, f->gold->standing, 1u << FIELD_INPUT, pool);
    if (r == 0) {
      r = view_strings_init(&answer, f->gold, f->gold_rows, f->gold->standing, 1u << FIELD_OUTPUT, pool);
      r = r != 0 ? error_memory(err) : overlap_find(&text.source, &question.source, &answer.source, p->overlap, pool,
                                                    f->overlap, err);
      view_texts_free(&answer);
    } else error_memory(err);
    view_texts_free(&question);
  } else error_memory(err);
  view_texts_free(&text);
  return r;
}

static int gold_list(VerdictList *list, const View *v, const View *gold, const Rows *rows,
                     const DecontaminateParams *p, Pool *pool, GoldTaker *most, Error *err) {
  GoldFound f = { .view = v, .gold = gold, .scratch = scratch_new(0) };
  f.copy = malloc((rows->n + 1) * sizeof *f.copy);
  f.gold_rows = malloc((gold->standing + 1) * sizeof *f.gold_rows);
  int r = f.scratch == NULL || f.copy == NULL || f.gold_rows == NULL ? error_memory(err) : 0;
  if (r == 0) view_standing(gold, f.gold_rows);
  if (r == 0) r = decontaminate(v, rows->row, rows->n, gold, p, pool, f.copy, err);
  if (r == 0 && p->overlap != NULL) {
    f.overlap = malloc((rows->n + 1) * sizeof *f.overlap);
    list->metric_name = "overlap";
    list->metric = malloc((v->corpus->nrows + (size_t)1) * sizeof *list->metric);
    if (f.overlap == NULL || list->metric == NULL) r = error_memory(err);
    for (uint32_t i = 0; r == 0 && i < v->corpus->nrows; i++) list->metric[i] = NAN;
    if (r == 0) r = find_overlap(&f, rows, p, pool, err);
  }
  for (size_t i = 0; r == 0 && i < rows->n; i++)
    if (add_gold_verdict(list, &f, rows->row[i], i, p) != 0) r = error_memory(err);
  if (r == 0 && most != NULL && gold_most(f.copy, rows->n, gold->corpus->nrows, most) != 0) r = error_memory(err);
  scratch_free(f.scratch);
  buf_free(&f.json);
  free(f.copy);
  free(f.gold_rows);
  free(f.overlap);
  return r;
}

VerdictList *neardup_decontaminate(const View *v, const View *gold, const DecontaminateParams *p,
                                   Pool *pool, GoldTaker *most, Error *err) {
  Rows rows;
  VerdictList *list = neardup_list(v, 1u << FIELD_INPUT | 1u << FIELD_OUTPUT, "gold_exact", err);
  if (list == NULL) return NULL;
  list->reasons[GOLD_NEAR] = "gold_near";
  list->reasons[GOLD_CONTAINED] = "gold_contained";
  list->reasons[GOLD_OVERLAP] = "gold_overlap";
  int r = rows_of(&rows, v, err);
  if (r == 0) r = gold_list(list, v, gold, &rows, p, pool, most, err);
  rows_free(&rows);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
}

int neardup_gold_copy(const View *v, const View *gold, int input_alone, Pool *pool, GoldCopy *out, Error *err) {
  DecontaminateParams p = { .shingle = 5, .threshold = 1, .input_alone = input_alone, .exact_only = 1 };
  GoldVerdict *found = malloc((v->standing + 1) * sizeof *found);
  uint32_t *rows = malloc((v->standing + 1) * sizeof *rows);
  *out = (GoldCopy){ 0 };
  int r = found == NULL || rows == NULL ? error_memory(err) : 0;
  if (r == 0) {
    view_standing(v, rows);
    r = decontaminate(v, rows, v->standing, gold, &p, pool, found, err);
  }
  for (size_t i = 0; r == 0 && i < v->standing; i++) {
    if (found[i].match.twin == TEXT_NONE) continue;
    if (out->rows++ == 0) *out = (GoldCopy){ rows[i], found[i].match.twin, found[i].input_alone, 1 };
  }
  free(found);
  free(rows);
  return r;
}
