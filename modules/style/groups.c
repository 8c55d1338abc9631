/* modules/style/groups.c - what groups of rows have in common; see style.h */
#include <math.h>
#include <stdlib.h>

#include "style/style.h"

static int is_in(const Style *s, const uint8_t *in, uint32_t i) { return in == NULL || in[s->group[i]]; }

uint32_t style_forms(const Style *s, const uint8_t *in, uint32_t count[FORMS + 1]) {
  uint32_t rows = 0;
  memset(count, 0, (FORMS + 1) * sizeof *count);
  for (uint32_t i = 0; i < s->n; i++) {
    if (!is_in(s, in, i)) continue;
    rows++;
    for (int f = 0; f < FORMS; f++) count[f] += (uint32_t)(s->forms[i] >> f & 1);
    count[FORMS] += s->forms[i] == 0;
  }
  return rows;
}

/* ---- openings ---- */

static int by_hash(const void *x, const void *y) {
  const Opening *a = x, *b = y;
  if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
  return (a->first > b->first) - (a->first < b->first);
}

static int by_rows(const void *x, const void *y) {
  const Opening *a = x, *b = y;
  if (a->rows != b->rows) return a->rows > b->rows ? -1 : 1;
  return (a->first > b->first) - (a->first < b->first);
}

int style_openings(const Style *s, const uint8_t *in, Opening **out, size_t *n) {
  Opening *o = malloc(((size_t)s->n + 1) * sizeof *o);
  size_t all = 0, kinds = 0;
  *out = o, *n = 0;
  if (o == NULL) return -1;
  for (uint32_t i = 0; i < s->n; i++)
    if (s->opening[i] != 0 && is_in(s, in, i)) o[all++] = (Opening){ s->opening[i], 1, i };
  qsort(o, all, sizeof *o, by_hash);
  for (size_t i = 0; i < all; i++) {
    if (kinds > 0 && o[kinds - 1].hash == o[i].hash) o[kinds - 1].rows++;
    else o[kinds++] = o[i];
  }
  qsort(o, kinds, sizeof *o, by_rows);
  *n = kinds;
  return 0;
}

long style_opening_text(const Style *s, uint32_t place, char out[OPENING_ROOM]) {
  Scratch *scratch = scratch_new(0);
  if (scratch == NULL) return -1;
  Row row = scratch_begin(scratch, s->view, s->row[place]);
  Span text = row_field(&row, s->field);
  long len = scratch_failed(scratch) ? -1 : (long)opening_of(text, s->words, out);
  scratch_free(scratch);
  return len;
}

/* ---- annotators ---- */

typedef struct Timed { uint32_t name, place; int32_t month; } Timed;   /* month NO_MONTH: no time */
enum { NO_MONTH = INT32_MIN };
static const double DAY = 86400;

static int by_name(const void *x, const void *y) {
  const Timed *a = x, *b = y;
  if (a->name != b->name) return a->name < b->name ? -1 : 1;
  if (a->month != b->month) return a->month < b->month ? -1 : 1;
  return (a->place > b->place) - (a->place < b->place);
}

/* Months since 1970-01 of a moment; Howard Hinnant, "chrono-compatible low-level date algorithms". */
static int32_t month_of(double seconds) {
  if (!(fabs(seconds) < 1e11)) return NO_MONTH;
  int64_t z = (int64_t)floor(seconds / DAY) + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  int64_t month = mp < 10 ? mp + 2 : mp - 10, year = yoe + era * 400 + (month <= 1);
  return (int32_t)((year - 1970) * 12 + month);
}

/* Least squares of log2(1 + tokens) on time in units of 30 days, over t[0..n): those with a time. */
static void fit_slope(const Style *s, const Timed *t, size_t n, Annotator *a) {
  double mx = 0, my = 0, sxx = 0, sxy = 0, syy = 0;
  a->slope = a->error = NAN;
  for (size_t i = 0; i < n; i++) {
    mx += s->moment[t[i].place];
    my += log2(1 + s->tokens[t[i].place]);
  }
  mx /= (double)n, my /= (double)n;
  for (size_t i = 0; i < n; i++) {
    double x = (s->moment[t[i].place] - mx) / (30 * DAY), y = log2(1 + s->tokens[t[i].place]) - my;
    sxx += x * x, sxy += x * y, syy += y * y;
  }
  if (n < 3 || sxx <= 0) return;
  a->slope = sxy / sxx;
  a->error = sqrt(fmax(0, syy - a->slope * sxy) / (double)(n - 2) / sxx);
}

/* One annotator's rows t[0..n) by month. */
static void take_annotator(const Style *s, Annotators *out, const Timed *t, size_t n) {
  Annotator *a = &out->item[out->n++];
  size_t from = 0;
  *a = (Annotator){ .name = t[0].name, .rows = (uint32_t)n, .first = out->nmonths, .slope = NAN, .error = NAN };
  for (size_t i = 0; i < n; i++) a->sum += s->tokens[t[i].place];
  while (from < n && t[from].month == NO_MONTH) from++;
  a->timed = (uint32_t)(n - from);
  for (size_t i = from; i < n; i++) {
    if (a->nmonths == 0 || out->month[out->nmonths - 1].month != t[i].month) {
      out->month[out->nmonths++] = (StyleMonth){ .month = t[i].month };
      a->nmonths++;
    }
    StyleMonth *m = &out->month[out->nmonths - 1];
    m->rows++;
    m->sum += s->tokens[t[i].place];
  }
  if (n > from) fit_slope(s, t + from, n - from, a);
}

static int by_many(const void *x, const void *y, void *ctx) {
  const Annotator *a = x, *b = y;
  const uint32_t *first = ctx;
  if (a->rows != b->rows) return a->rows > b->rows ? -1 : 1;
  return (first[a->name] > first[b->name]) - (first[a->name] < first[b->name]);
}

int style_annotators(const Style *s, Annotators *out) {
  Timed *t = malloc(((size_t)s->n + 1) * sizeof *t);
  uint32_t last = 0, *first = NULL;
  size_t n = 0, kinds = 0, from = 0;
  *out = (Annotators){ 0 };
  for (uint32_t i = 0; t != NULL && s->annotator != NULL && i < s->n; i++) {
    if (s->annotator[i] == NAME_NONE) continue;
    t[n++] = (Timed){ s->annotator[i], i, s->moment == NULL ? NO_MONTH : month_of(s->moment[i]) };
    last = last > s->annotator[i] ? last : s->annotator[i];
  }
  if (t != NULL) first = malloc(((size_t)last + 1) * sizeof *first);
  for (size_t i = n; first != NULL && i > 0; i--) first[t[i - 1].name] = t[i - 1].place;
  if (t != NULL) qsort(t, n, sizeof *t, by_name);
  for (size_t i = 0; i < n; i++) kinds += i == 0 || t[i].name != t[i - 1].name;
  out->item = malloc((kinds + 1) * sizeof *out->item);
  out->month = malloc((n + 1) * sizeof *out->month);
  int failed = first == NULL || out->item == NULL || out->month == NULL;
  for (size_t i = 1; !failed && i <= n; i++) {
    if (i < n && t[i].name == t[from].name) continue;
    take_annotator(s, out, t + from, i - from);
    from = i;
  }
  if (!failed) qsort_r(out->item, out->n, sizeof *out->item, by_many, first);
  free(t);
  free(first);
  if (failed) annotators_free(out);
  return failed ? -1 : 0;
}

void annotators_free(Annotators *a) {
  free(a->item);
  free(a->month);
  *a = (Annotators){ 0 };
}
