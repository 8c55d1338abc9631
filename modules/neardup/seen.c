/* modules/neardup/seen.c - see seen.h */
#include "neardup/seen.h"

#include <math.h>
#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "neardup/mask.h"

typedef struct Seen {
  const View *view;
  uint32_t *row;         /* [view->standing] */
  size_t *first;         /* [n + 1] */
  AgainstMatch *match;   /* [view->standing] */
  Template shared;
  Mask *mask;            /* of the texts of both sides */
  ViewTexts rows;
  IndexTexts kept;
} Seen;

static void seen_free(Seen *s) {
  free(s->row);
  free(s->first);
  free(s->match);
  template_free(&s->shared);
  mask_free(s->mask);
  view_texts_free(&s->rows);
}

static int seen_init(Seen *s, const Index *const *index, size_t n, unsigned fields, const LeaderParams *p,
                     const TemplateParams *t, Pool *pool, Error *err) {
  const View *v = s->view;
  s->row = malloc((v->standing + 1) * sizeof *s->row);
  s->first = calloc(n + 1, sizeof *s->first);
  s->match = malloc((v->standing + 1) * sizeof *s->match);
  if (s->row == NULL || s->first == NULL || s->match == NULL) return error_memory(err);
  view_standing(v, s->row);
  for (size_t k = 0; k < n; k++) s->first[k + 1] = s->first[k] + index[k]->n;
  if (s->first[n] >= TEXT_NONE)
    return error_set(err, "the earlier runs kept %zu rows together: at most %u can be compared with", s->first[n],
                     (unsigned)TEXT_NONE - 1);
  if (view_texts_init(&s->rows, v, s->row, v->standing, fields, 0, pool) != 0 ||
      template_find(&s->shared, v, s->row, v->standing, fields, 0, t) != 0)
    return error_memory(err);
  s->rows.source.unit = p->text.unit;
  s->rows.turns = p->text.turns;
  s->kept = index_texts(index, n, s->first, fields, p->text.unit);
  if (template_any(&s->shared)) s->rows.cut = s->kept.cut = &s->shared;
  if (p->text.mask.share <= 0) return 0;
  TwoTexts both = two_texts(&s->kept.source, &s->rows.source, NULL, 0);
  int r = mask_find(&s->mask, &both.source, p->shingle, &p->text.mask, pool, err);
  s->rows.source.mask = s->kept.source.mask = s->mask;
  return r;
}

static int twin_evidence(Buf *b, const char *field, const Index *x, size_t text, double jaccard) {
  const IndexPlace *at = &x->place[text];
  Buf run = { 0 };
  b->len = 0;
  int bad = buf_printf(&run, "%s/%s", x->dataset, x->run) != 0 || buf_str(b, "{\"field\":") != 0 ||
            json_out_string(b, span_str(field)) != 0 || buf_str(b, ",\"twin\":{\"run\":") != 0 ||
            json_out_string(b, buf_span(&run)) != 0 || buf_str(b, ",\"source\":") != 0 ||
            json_out_string(b, span_str(x->source[at->source])) != 0 ||
            buf_printf(b, ",\"line\":%u},\"jaccard\":", at->line) != 0 || evidence_number(b, jaccard) != 0 ||
            buf_char(b, '}') != 0;
  buf_free(&run);
  return bad ? -1 : 0;
}

static int add_verdicts(VerdictList *list, const Seen *s) {
  const View *v = s->view;
  Buf json = { 0 };
  int bad = 0;
  for (size_t i = 0; !bad && i < v->standing; i++) {
    const AgainstMatch *m = &s->match[i];
    if (m->twin == TEXT_NONE) continue;
    size_t k = index_of_text(&s->kept, m->twin);
    VerdictEntry e = { .row = s->row[i], .twin = PLACE_NONE, .value = m->jaccard, .threshold = NAN };
    list->metric[s->row[i]] = m->jaccard;
    bad = twin_evidence(&json, list->field, s->kept.index[k], m->twin - s->first[k], m->jaccard) != 0 ||
          (e.blob = verdicts_add_blob(list, buf_span(&json))) < 0 || verdicts_add(list, e) != 0;
  }
  buf_free(&json);
  return bad ? -1 : 0;
}

static VerdictList *new_list(const View *v, unsigned fields) {
  VerdictList *list = verdicts_new();
  if (list == NULL) return NULL;
  list->reasons[0] = "seen_before";
  list->field = neardup_field_names(v, fields);
  list->metric_name = "jaccard";
  list->metric = malloc((v->corpus->nrows + (size_t)1) * sizeof *list->metric);
  for (uint32_t i = 0; list->metric != NULL && i < v->corpus->nrows; i++) list->metric[i] = NAN;
  if (list->field != NULL && list->metric != NULL) return list;
  verdicts_free(list);
  return NULL;
}

VerdictList *neardup_seen(const View *v, const Index *const *index, size_t n, unsigned fields,
                          const LeaderParams *p, const TemplateParams *t, Pool *pool, AgainstCounts *counts,
                          Error *err) {
  Seen s = { .view = v };
  VerdictList *list = new_list(v, fields);
  int r = list == NULL ? error_memory(err) : seen_init(&s, index, n, fields, p, t, pool, err);
  if (r == 0) r = against_find(&s.kept.source, &s.rows.source, p, pool, s.match, counts, err);
  if (r == 0 && add_verdicts(list, &s) != 0) r = error_memory(err);
  seen_free(&s);
  if (r == 0) return list;
  verdicts_free(list);
  return NULL;
}

void neardup_seen_only(VerdictList *list, const uint32_t *row, size_t n) {
  size_t kept = 0, r = 0;
  for (size_t i = 0; i < list->n; i++) {
    while (r < n && row[r] < list->entry[i].row) r++;
    if (r < n && row[r] == list->entry[i].row) list->entry[kept++] = list->entry[i];
    else list->metric[list->entry[i].row] = NAN;
  }
  list->n = kept;
}

int neardup_seen_join(VerdictList *to, const VerdictList *seen) {
  uint32_t reason = 0;
  while (reason + 1 < VERDICTS_MAX_REASONS && to->reasons[reason] != NULL) reason++;
  to->reasons[reason] = "seen_before";
  for (size_t i = 0; i < seen->n; i++) {
    VerdictEntry e = seen->entry[i];
    e.reason = reason;
    if ((e.blob = verdicts_add_blob(to, seen->blobs[e.blob])) < 0 || verdicts_add(to, e) != 0) return -1;
    if (to->metric != NULL) to->metric[e.row] = e.value;
  }
  return 0;
}
