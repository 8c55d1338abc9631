/* modules/neardup/neardup.c - see neardup.h */
#include "neardup/neardup.h"

#include <math.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "neardup/leaders_exact.h"

/* The standing rows, and which of them are trusted. */
typedef struct Rows {
  uint32_t *row;      /* [n] */
  uint8_t *trusted;   /* [n]; NULL: none is */
  size_t n;
} Rows;

static void rows_free(Rows *r) {
  free(r->row);
  free(r->trusted);
}

static int rows_of(Rows *r, const View *v, Error *err) {
  const Corpus *c = v->corpus;
  int any = 0;
  *r = (Rows){ .n = v->standing, .row = malloc((v->standing + 1) * sizeof(uint32_t)) };
  if (r->row == NULL) return error_memory(err);
  view_standing(v, r->row);
  for (size_t s = 0; s < c->nsources; s++) any |= c->sources[s].trusted;
  if (!any) return 0;
  r->trusted = malloc(v->standing + 1);
  if (r->trusted == NULL) return error_memory(err);
  for (size_t i = 0; i < r->n; i++) r->trusted[i] = c->sources[c->rows[r->row[i]].source].trusted != 0;
  return 0;
}

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

/* A list with its names; NULL with err worded. */
static VerdictList *new_list(const View *v, unsigned fields, const char *reason, Error *err) {
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

static int exact_list(VerdictList *list, const View *v, const Rows *rows, unsigned fields, int flags,
                      Pool *pool, Error *err) {
  ExactParams p = { .first = rows->trusted };
  ViewTexts texts;
  size_t rejected;
  uint32_t *twin = malloc((rows->n + 1) * sizeof *twin);
  if (twin == NULL) return error_memory(err);
  int r = view_texts_init(&texts, v, rows->row, rows->n, fields, flags, pool);
  if (r != 0) error_memory(err);
  if (r == 0) r = exact_find(&texts.source, &p, pool, twin, &rejected, err);
  for (size_t i = 0; r == 0 && i < rows->n; i++)
    if (twin[i] != TEXT_NONE && add_twin(list, rows->row[i], rows->row[twin[i]], 1) != 0)
      r = error_memory(err);
  view_texts_free(&texts);
  free(twin);
  return r;
}

VerdictList *neardup_exact(const View *v, unsigned fields, int fold_flags, Pool *pool, Error *err) {
  Rows rows;
  VerdictList *list = new_list(v, fields, "exact_duplicate", err);
  if (list == NULL) return NULL;
  int r = rows_of(&rows, v, err);
  if (r == 0) r = exact_list(list, v, &rows, fields, fold_flags, pool, err);
  rows_free(&rows);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
}

/* ---- leaders ---- */

/* Twins, Jaccards and pairs, in rows of the corpus. */
static int take_leaders(VerdictList *list, const View *v, const Rows *rows, Leaders *l, Error *err) {
  list->metric_name = "jaccard";
  list->metric = malloc((v->corpus->nrows + (size_t)1) * sizeof *list->metric);
  list->pairs = malloc((l->npairs + 1) * sizeof *list->pairs);
  if (list->metric == NULL || list->pairs == NULL) return error_memory(err);
  for (uint32_t i = 0; i < v->corpus->nrows; i++) list->metric[i] = NAN;
  for (size_t i = 0; i < l->n; i++) {
    if (l->twin[i] == TEXT_NONE) continue;
    list->metric[rows->row[i]] = l->jaccard[i];
    if (add_twin(list, rows->row[i], rows->row[l->twin[i]], l->jaccard[i]) != 0)
      return error_memory(err);
  }
  for (size_t i = 0; i < l->npairs; i++)
    list->pairs[i] = (VerifiedPair){ rows->row[l->pair[i].a], rows->row[l->pair[i].b],
                                     l->pair[i].jaccard };
  list->npairs = l->npairs;
  return 0;
}

static void count_template(const Template *t, NeardupCounts *counts) {
  for (int f = 0; f < FIELD_COUNT; f++)
    counts->shared[f] = (TemplateBytes){ t->field[f].begin_len, t->field[f].end_len };
}

static int leaders_list(VerdictList *list, const View *v, const Rows *rows, unsigned fields,
                        const LeaderParams *p, const TemplateParams *t, Pool *pool,
                        NeardupCounts *counts, Error *err) {
  LeaderParams mine = *p;
  Template shared = { 0 };
  Leaders leaders = { 0 };
  ViewTexts texts;
  double *rank = NULL;
  mine.first = rows->trusted;
  if (p->rank != NULL) {
    mine.rank = rank = malloc((rows->n + 1) * sizeof *rank);
    if (rank == NULL) return error_memory(err);
    for (size_t i = 0; i < rows->n; i++) rank[i] = p->rank[rows->row[i]];
  }
  int r = view_texts_init(&texts, v, rows->row, rows->n, fields, 0, pool);
  if (r == 0) r = template_find(&shared, v, rows->row, rows->n, fields, 0, t);
  if (r != 0) error_memory(err);
  if (r == 0 && template_any(&shared)) texts.cut = &shared;
  if (r == 0) r = (mine.exact ? leaders_exact : leaders_find)(&texts.source, &mine, pool, &leaders, err);
  if (r == 0) r = take_leaders(list, v, rows, &leaders, err);
  if (counts != NULL)
    *counts = (NeardupCounts){ .rows = rows->n, .candidates = leaders.candidates, .verified = leaders.verified,
                               .groups = leaders.groups, .largest = leaders.largest };
  if (counts != NULL) count_template(&shared, counts);
  leaders_free(&leaders);
  template_free(&shared);
  view_texts_free(&texts);
  free(rank);
  return r;
}

VerdictList *neardup_leaders(const View *v, unsigned fields, const LeaderParams *p,
                             const TemplateParams *t, Pool *pool, NeardupCounts *counts, Error *err) {
  Rows rows;
  VerdictList *list = new_list(v, fields, "near_duplicate", err);
  if (list == NULL) return NULL;
  int r = rows_of(&rows, v, err);
  if (r == 0) r = leaders_list(list, v, &rows, fields, p, t, pool, counts, err);
  rows_free(&rows);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
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

static int gold_list(VerdictList *list, const View *v, const View *gold, const Rows *rows,
                     const DecontaminateParams *p, Pool *pool, GoldTaker *most, Error *err) {
  GoldVerdict *found = malloc((rows->n + 1) * sizeof *found);
  Buf json = { 0 };
  if (found == NULL) return error_memory(err);
  int r = decontaminate(v, rows->row, rows->n, gold, p, pool, found, err);
  for (size_t i = 0; r == 0 && i < rows->n; i++) {
    const GoldVerdict *g = &found[i];
    if (g->match.twin == TEXT_NONE) continue;
    VerdictEntry e = { .row = rows->row[i], .twin = PLACE_NONE, .value = g->match.jaccard,
                       .threshold = NAN, .reason = g->match.exact ? 0 : 1 };
    if (gold_evidence(&json, gold->corpus, g) != 0) r = -1;
    else e.blob = verdicts_add_blob(list, buf_span(&json));
    if (r != 0 || e.blob < 0 || verdicts_add(list, e) != 0) r = error_memory(err);
  }
  if (r == 0 && most != NULL && gold_most(found, rows->n, gold->corpus->nrows, most) != 0) r = error_memory(err);
  buf_free(&json);
  free(found);
  return r;
}

VerdictList *neardup_decontaminate(const View *v, const View *gold, const DecontaminateParams *p,
                                   Pool *pool, GoldTaker *most, Error *err) {
  Rows rows;
  VerdictList *list = new_list(v, 1u << FIELD_INPUT | 1u << FIELD_OUTPUT, "gold_exact", err);
  if (list == NULL) return NULL;
  list->reasons[1] = "gold_near";
  int r = rows_of(&rows, v, err);
  if (r == 0) r = gold_list(list, v, gold, &rows, p, pool, most, err);
  rows_free(&rows);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
}
