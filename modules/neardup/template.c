/* modules/neardup/template.c - see template.h */
#include "neardup/template.h"

#include <math.h>
#include <stdlib.h>

#include "neardup/verify.h"
#include "text/fold.h"

enum { SAMPLE = 1000, FEWEST = 8 };

typedef struct Sample {
  Span *text;     /* [n] folded texts, in row order */
  Span *sorted;   /* [n] */
  size_t n;
} Sample;

static int by_begin(const void *a, const void *b) {
  const Span *x = a, *y = b;
  size_t n = x->len < y->len ? x->len : y->len;
  int c = n > 0 ? memcmp(x->ptr, y->ptr, n) : 0;
  return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

static int by_end(const void *a, const void *b) {
  const Span *x = a, *y = b;
  size_t n = x->len < y->len ? x->len : y->len;
  for (size_t i = 1; i <= n; i++) {
    int c = (unsigned char)x->ptr[x->len - i] - (unsigned char)y->ptr[y->len - i];
    if (c != 0) return c;
  }
  return (x->len > y->len) - (x->len < y->len);
}

static size_t common_begin(Span a, Span b) {
  size_t n = a.len < b.len ? a.len : b.len, i = 0;
  while (i < n && a.ptr[i] == b.ptr[i]) i++;
  return i;
}

static size_t common_end(Span a, Span b) {
  size_t n = a.len < b.len ? a.len : b.len, i = 0;
  while (i < n && a.ptr[a.len - 1 - i] == b.ptr[b.len - 1 - i]) i++;
  return i;
}

/* In sorted order the rows that share a beginning lie together, so the longest one that `many`
** rows share is the longest that a row has in common with the one many - 1 behind it. */
static Span shared_begin(Sample *s, size_t many, size_t least) {
  size_t best = 0, at = 0;
  memcpy(s->sorted, s->text, s->n * sizeof *s->text);
  qsort(s->sorted, s->n, sizeof *s->sorted, by_begin);
  for (size_t i = 0; i + many <= s->n; i++) {
    size_t len = common_begin(s->sorted[i], s->sorted[i + many - 1]);
    if (len > best) best = len, at = i;
  }
  const char *p = s->sorted[at].ptr;
  while (best > 0 && p[best - 1] != ' ') best--;   /* whole words: the blank goes too */
  return best >= least ? span_of(p, best) : span_of(NULL, 0);
}

static Span shared_end(Sample *s, size_t many, size_t least) {
  size_t best = 0, at = 0;
  memcpy(s->sorted, s->text, s->n * sizeof *s->text);
  qsort(s->sorted, s->n, sizeof *s->sorted, by_end);
  for (size_t i = 0; i + many <= s->n; i++) {
    size_t len = common_end(s->sorted[i], s->sorted[i + many - 1]);
    if (len > best) best = len, at = i;
  }
  Span t = s->sorted[at];
  while (best > 0 && t.ptr[t.len - best] != ' ') best--;
  return best >= least ? span_of(t.ptr + t.len - best, best) : span_of(NULL, 0);
}

Span template_cut(const TemplateField *t, Span text) {
  if (t->begin_len > 0 && text.len >= t->begin_len && memcmp(text.ptr, t->begin, t->begin_len) == 0)
    text = span_of(text.ptr + t->begin_len, text.len - t->begin_len);
  if (t->end_len > 0 && text.len >= t->end_len &&
      memcmp(text.ptr + text.len - t->end_len, t->end, t->end_len) == 0)
    text.len -= t->end_len;
  return text;
}

/* ---- is the rest a text of its own? ---- */

static int by_size(const void *a, const void *b) {
  const size_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* 1 or 0; -1 if out of memory. */
static int rests_differ(const Sample *s, const TemplateField *t, const TemplateParams *p) {
  size_t *len = malloc(s->n * sizeof *len), pairs = 0, alike = 0, common, all;
  Grams side[2] = { { 0 } };
  int r = len == NULL ? -1 : 0;
  for (size_t i = 0; r == 0 && i < s->n; i++) {
    Span rest = template_cut(t, s->text[i]);
    len[i] = rest.len;
    grams_begin(&side[i & 1], p->shingle, 0);
    side[i & 1].unit = p->unit;
    r = grams_field(&side[i & 1], rest) != 0 ? -1 : grams_end(&side[i & 1]);
    if (r != 0 || i == 0) continue;
    int same = grams_compare(&side[0], &side[1], p->threshold, &common, &all);
    if (same < 0) r = -1;
    pairs++;
    alike += same > 0;
  }
  if (r == 0) qsort(len, s->n, sizeof *len, by_size);
  if (r == 0) r = len[s->n / 2] >= p->rest && alike * 2 < pairs;
  free(len);
  grams_free(&side[0]);
  grams_free(&side[1]);
  return r;
}

/* ---- one field ---- */

static int keep(char **to, size_t *len, Span text) {
  if (text.len == 0) return 0;
  *to = malloc(text.len);
  if (*to == NULL) return -1;
  memcpy(*to, text.ptr, text.len);
  *len = text.len;
  return 0;
}

static void drop(TemplateField *t) {
  free(t->begin);
  free(t->end);
  *t = (TemplateField){ 0 };
}

static int find_field(TemplateField *t, Sample *s, const TemplateParams *p) {
  size_t many = (size_t)ceil(p->share * (double)s->n);
  if (s->n < FEWEST || many < 2) return 0;
  Span begin = shared_begin(s, many, p->least);
  if (keep(&t->begin, &t->begin_len, begin) != 0) return -1;
  for (size_t i = 0; i < s->n; i++) s->text[i] = template_cut(t, s->text[i]);   /* they must not overlap */
  Span end = shared_end(s, many, p->least);
  if (keep(&t->end, &t->end_len, end) != 0) return -1;
  if (t->begin == NULL && t->end == NULL) return 0;
  TemplateField tail = { .end = t->end, .end_len = t->end_len };
  int differ = rests_differ(s, &tail, p);
  if (differ == 0) drop(t);
  return differ < 0 ? -1 : 0;
}

/* The field's folded texts of the sampled rows; 0, or -1 if out of memory. room holds them. */
static int sample_field(Sample *s, char **room, Scratch *scratch, const View *view, const uint32_t *rows,
                        size_t n, Field f, int flags, Turns turns) {
  size_t step = n > SAMPLE ? n / SAMPLE : 1;
  s->n = 0;
  for (size_t i = 0; i < n && s->n < SAMPLE; i += step) {
    Row row = scratch_begin(scratch, view, rows[i]);
    Span raw;
    if (turns_field(&row, f, turns, &raw) != 0) return -1;
    if (raw.ptr == NULL || raw.len == 0) continue;
    char *out = room[s->n] = malloc(fold_room(raw.len));
    if (out == NULL) return -1;
    s->text[s->n++] = span_of(out, fold_text(out, raw, flags, NULL));
  }
  return scratch_failed(scratch) ? -1 : 0;
}

int template_find(Template *t, const View *view, const uint32_t *rows, size_t n, unsigned fields,
                  int flags, const TemplateParams *p) {
  *t = (Template){ 0 };
  if (p->share <= 0) return 0;
  Sample s = { calloc(SAMPLE, sizeof(Span)), calloc(SAMPLE, sizeof(Span)), 0 };
  char **room = calloc(SAMPLE, sizeof *room);
  Scratch *scratch = scratch_new(0);
  int r = s.text == NULL || s.sorted == NULL || room == NULL || scratch == NULL ? -1 : 0;
  for (unsigned f = 0; r == 0 && f < FIELD_COUNT; f++) {
    if (!(fields >> f & 1)) continue;
    r = sample_field(&s, room, scratch, view, rows, n, (Field)f, flags, p->turns);
    if (r == 0) r = find_field(&t->field[f], &s, p);
    for (size_t i = 0; i < SAMPLE; i++) {
      free(room[i]);
      room[i] = NULL;
    }
  }
  free(s.text);
  free(s.sorted);
  free(room);
  scratch_free(scratch);
  if (r != 0) template_free(t);
  return r;
}

int template_any(const Template *t) {
  for (int f = 0; f < FIELD_COUNT; f++)
    if (t->field[f].begin_len + t->field[f].end_len > 0) return 1;
  return 0;
}

void template_free(Template *t) {
  for (int f = 0; f < FIELD_COUNT; f++) drop(&t->field[f]);
}
